/** Which rows are selected, and where the keyboard is. Pure; `ids` are always the jobs as they are listed. */

export interface Selection {
  readonly chosen: ReadonlySet<string>;
  /** Where a range begins. */
  readonly anchor: string | null;
  /** The row that takes the Tab: a job's id or a heading's key. */
  readonly at: string | null;
}

export const NOTHING: Selection = { chosen: new Set(), anchor: null, at: null };

/** Only this one; the only one again: none. */
export function only(selection: Selection, id: string): Selection {
  const again = selection.chosen.size === 1 && selection.chosen.has(id);
  return { chosen: new Set(again ? [] : [id]), anchor: id, at: id };
}

/** This one too, or no longer. */
export function toggled(selection: Selection, id: string): Selection {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(id)) {
    chosen.add(id);
  }
  return { chosen, anchor: id, at: id };
}

/** Everything from the anchor to this one. */
export function extended(selection: Selection, id: string, ids: readonly string[]): Selection {
  const anchor = selection.anchor ?? selection.at ?? id;
  const from = ids.indexOf(anchor);
  const to = ids.indexOf(id);
  if (from < 0 || to < 0) {
    return { chosen: new Set([id]), anchor: id, at: id };
  }
  return { chosen: new Set(ids.slice(Math.min(from, to), Math.max(from, to) + 1)), anchor, at: id };
}

export function every(selection: Selection, ids: readonly string[]): Selection {
  return { ...selection, chosen: new Set(ids) };
}

export function moved(selection: Selection, at: string): Selection {
  return { ...selection, at };
}

export function cleared(selection: Selection): Selection {
  return { chosen: new Set(), anchor: null, at: selection.at };
}
