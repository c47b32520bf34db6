/** What is selected in a list, for commands that mean one of its rows. Light: loads at start. */
const CHOSEN = new WeakMap<Element, readonly string[]>();

/** Say what is selected in this list. */
export function choose(list: Element, ids: readonly string[]): void {
  CHOSEN.set(list, ids);
}

/** What is selected in the list that the row is in; null where that says nothing. */
export function chosenAround(row: Element): readonly string[] | null {
  for (let node: Element | null = row; node !== null; node = node.parentElement) {
    const ids = CHOSEN.get(node);
    if (ids !== undefined) {
      return ids;
    }
  }
  return null;
}
