/**
 * Rows of a table in the main area, of which only what is in sight is in the page: which of them takes the Tab,
 * where the keys lead, what is selected, and where the focus stays when rows change their places.
 */
import { useCallback, useLayoutEffect, useMemo, useRef } from 'react';
import type { Dispatch, FocusEvent, KeyboardEvent, MouseEvent, RefObject, SetStateAction } from 'react';
import { extended, moved, only, toggled } from '../model/selection';
import type { Selection } from '../model/selection';
import { useWindow } from './useWindow';
import type { Drawn } from './useWindow';

export const ROW = 24;
export const HEAD = 28;

interface Given {
  /** The rows' `data-key`, in their order. */
  readonly ids: readonly string[];
  readonly scroller: RefObject<HTMLElement>;
  readonly selection: Selection;
  readonly onSelect: Dispatch<SetStateAction<Selection>>;
}

export interface Rows {
  readonly drawn: readonly Drawn[];
  /** Number of the last row in sight. */
  readonly last: number;
  /** Of all rows, without their head. */
  readonly height: number;
  /** The row that takes the Tab. */
  readonly at: string | null;
  readonly places: ReadonlyMap<string, number>;
  /** How many rows a page has. */
  readonly page: number;
  readonly go: (place: number, reach: boolean) => void;
  /** Give this row the focus once it is drawn. */
  readonly want: (id: string) => void;
  readonly onFocus: (id: string) => void;
  readonly onPick: (id: string, event: MouseEvent) => void;
  /** For the scroller. */
  readonly holds: { readonly onFocus: () => void; readonly onBlur: (event: FocusEvent<HTMLElement>) => void };
}

export function useRows({ ids, scroller, selection, onSelect }: Given): Rows {
  const inside = useRef(false);
  const places = useMemo(() => new Map(ids.map((id, place) => [id, place])), [ids]);
  const at = selection.at !== null && places.has(selection.at) ? selection.at : (ids[0] ?? null);
  const atPlace = at === null ? -1 : (places.get(at) ?? -1);
  const sight = useWindow({
    count: ids.length,
    scroller,
    estimate: rowHeight,
    keyOf: useCallback((place: number) => ids[place] ?? place, [ids]),
    around: 10,
    before: HEAD,
    after: 16,
    keep: atPlace
  });

  // A row that is put elsewhere in the page, or was not in it yet: there the browser drops the focus.
  const wanted = useRef<string | null>(null);
  useLayoutEffect(() => {
    const lost = inside.current && (document.activeElement === document.body || document.activeElement === null);
    const id = wanted.current ?? (lost ? at : null);
    const node = id === null ? null : rowOf(scroller.current, id);
    if (node !== null) {
      wanted.current = null;
      node.focus({ preventScroll: true });
    }
  });

  const listed = useRef(ids);
  listed.current = ids;
  const onFocus = useCallback((id: string) => onSelect(held => (held.at === id ? held : moved(held, id))), [onSelect]);
  const onPick = useCallback(
    (id: string, { shiftKey, ctrlKey, metaKey }: MouseEvent) =>
      onSelect(held => (shiftKey ? extended(held, id, listed.current) : ctrlKey || metaKey ? toggled(held, id) : only(held, id))),
    [onSelect]
  );
  const go = (place: number, reach: boolean): void => {
    const id = ids[Math.min(Math.max(place, 0), ids.length - 1)];
    if (id !== undefined) {
      onSelect(reach ? extended(selection, id, ids) : moved(selection, id));
      sight.show(places.get(id) ?? 0);
      wanted.current = id;
      rowOf(scroller.current, id)?.focus({ preventScroll: true });
    }
  };
  return {
    drawn: sight.drawn,
    last: sight.last,
    height: sight.height - HEAD,
    at,
    places,
    page: Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2),
    go,
    want: id => {
      wanted.current = id;
    },
    onFocus,
    onPick,
    holds: {
      onFocus: () => {
        inside.current = true;
      },
      onBlur: event => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) {
          inside.current = false;
        }
      }
    }
  };
}

function rowHeight(): number {
  return ROW;
}

/** What the keys do on a row. */
export interface Keys {
  readonly go: (place: number, reach: boolean) => void;
  readonly place: number;
  readonly page: number;
  readonly count: number;
  readonly open: () => void;
  readonly toggle: () => void;
  readonly all: () => void;
  readonly remove: () => void;
  readonly leave: () => void;
  readonly menu: () => void;
}

/** Does what a key on a row means, and says whether it means anything. */
export function pressed(event: KeyboardEvent<HTMLElement>, keys: Keys): boolean {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  switch (event.key) {
    case 'ArrowDown':
      keys.go(keys.place + 1, event.shiftKey);
      return true;
    case 'ArrowUp':
      keys.go(keys.place - 1, event.shiftKey);
      return true;
    case 'PageDown':
      keys.go(keys.place + keys.page, event.shiftKey);
      return true;
    case 'PageUp':
      keys.go(keys.place - keys.page, event.shiftKey);
      return true;
    case 'Home':
      keys.go(0, event.shiftKey);
      return true;
    case 'End':
      keys.go(keys.count - 1, event.shiftKey);
      return true;
    case 'Enter':
      keys.open();
      return true;
    case ' ':
      keys.toggle();
      return true;
    case 'a':
    case 'A':
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        keys.all();
        return true;
      }
      return false;
    case 'Delete':
      if (plain && !event.shiftKey) {
        keys.remove();
      }
      return plain && !event.shiftKey;
    case 'Escape':
      keys.leave();
      return true;
    case 'F10':
      if (event.shiftKey) {
        keys.menu();
      }
      return event.shiftKey;
    default:
      return false;
  }
}

function rowOf(table: HTMLElement | null, id: string): HTMLElement | null {
  return table?.querySelector<HTMLElement>(`[data-key="${CSS.escape(id)}"]`) ?? null;
}
