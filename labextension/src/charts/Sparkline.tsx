/** The last values of a series as a word-sized line. Knows no Jupyter. */

const WIDTH = 56;
const HEIGHT = 14;
const EDGE = 1.5;

export function Sparkline({ values, label }: { values: readonly number[]; label: string }): JSX.Element | null {
  if (values.length < 2) {
    return null;
  }
  return (
    <svg
      className="jp-Training-spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      preserveAspectRatio="none" // a narrow panel squeezes it, and its line stays as thick
      role="img"
      aria-label={label}
    >
      <path d={path(values)} />
    </svg>
  );
}

/** The line in the box of a sparkline; equal values lie in the middle. */
export function path(values: readonly number[]): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const wide = (WIDTH - 2 * EDGE) / (values.length - 1);
  const tall = HEIGHT - 2 * EDGE;
  return values
    .map((value, index) => {
      const x = EDGE + index * wide;
      const y = EDGE + (high > low ? (tall * (high - value)) / (high - low) : tall / 2);
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
