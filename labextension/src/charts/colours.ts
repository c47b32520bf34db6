/** The palette of series, which the page's theme gives; told apart by every kind of sight. Knows no Jupyter. */

export const SERIES_COLOURS = 8;

/** @param place from 1; past the last colour they begin anew */
export function colourOf(place: number): string {
  return `var(--jp-training-series-${((place - 1) % SERIES_COLOURS) + 1})`;
}
