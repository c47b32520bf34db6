/**
 * Of a long list the rows that are in sight, and a few around them: the others are not in the page.
 *
 *     0 ─┬─ before ─┬─ row 0 ─┬─ row 1 ─┬─ ... ─┬─ after ─┬─ height
 *        startOf(0) ┘         └ startOf(1)
 *
 * A row is as high as `estimate` says until it was measured. What is measured above the upper edge moves the
 * list by as much as it is off, so that what somebody reads stays where it is. A library did this before, of which
 * a fifteenth was used; it was a twelfth of all that is sent.
 */
import { useCallback, useLayoutEffect, useMemo, useReducer, useRef } from 'react';
import type { RefObject } from 'react';
import { flushSync } from 'react-dom';

type Key = string | number;

interface Given {
  readonly count: number;
  readonly scroller: RefObject<HTMLElement>;
  /** In pixels. Like `keyOf`, the same function for as long as it gives the same. */
  readonly estimate: (index: number) => number;
  /** What tells a row apart, whatever its place. */
  readonly keyOf: (index: number) => Key;
  /** So many rows around those in sight are drawn, too. */
  readonly around: number;
  /** Pixels over the first row, which cover as much of what is scrolled below them. */
  readonly before?: number;
  /** Pixels below the last row. */
  readonly after?: number;
  /** A row that is drawn wherever it is. */
  readonly keep?: number;
}

export interface Drawn {
  readonly index: number;
  readonly key: Key;
  /** Its upper edge, in pixels. */
  readonly start: number;
}

export interface Window {
  readonly drawn: readonly Drawn[];
  /** The last row in sight. */
  readonly last: number;
  readonly height: number;
  readonly startOf: (index: number) => number;
  /** The row at so many pixels. */
  readonly indexAt: (offset: number) => number;
  /** For a row whose height is its own: its `ref`. The row says its place in `data-index`. */
  readonly measure: (row: HTMLElement | null) => void;
  /** Measure all anew. */
  readonly forget: () => void;
  /** Bring a row into sight, with no more movement than that takes, or to the middle. */
  readonly show: (index: number, where?: 'middle') => void;
}

export function useWindow({ count, scroller, estimate, keyOf, around, before = 0, after = 0, keep = -1 }: Given): Window {
  const sizes = useRef(new Map<Key, number>()); // of rows that are not as estimated
  const [measured, remeasure] = useReducer((held: number) => held + 1, 0);
  const [, redraw] = useReducer((held: number) => held + 1, 0);
  const view = useRef({ top: 0, tall: 0, first: 0, last: 0 });

  const starts = useMemo(() => {
    const edges = new Float64Array(count + 1);
    edges[0] = before;
    for (let index = 0; index < count; index += 1) {
      const own = sizes.current.size > 0 ? sizes.current.get(keyOf(index)) : undefined;
      edges[index + 1] = edges[index]! + (own ?? estimate(index));
    }
    return edges;
  }, [count, estimate, keyOf, before, measured]);
  const latest = useRef({ starts, estimate, keyOf });
  latest.current = { starts, estimate, keyOf };

  const { top, tall } = view.current;
  const [first, last] = reach(starts, top, tall);
  view.current.first = first;
  view.current.last = last;

  const read = useCallback(() => {
    const node = scroller.current;
    if (node !== null) {
      const seen = { top: node.scrollTop, tall: node.clientHeight };
      const [from, to] = reach(latest.current.starts, seen.top, seen.tall);
      const changed = from !== view.current.first || to !== view.current.last || (seen.tall === 0) !== (view.current.tall === 0);
      Object.assign(view.current, seen);
      if (changed) {
        redraw();
      }
    }
  }, [scroller]);

  const size = useCallback(
    (row: HTMLElement) => {
      const index = Number(row.dataset.index);
      const { starts: edges, estimate: guess, keyOf: key } = latest.current;
      const tall = row.offsetHeight;
      if (tall === 0 || !row.isConnected || !(index < edges.length - 1)) {
        return; // not laid out, or no longer there
      }
      const off = tall - (edges[index + 1]! - edges[index]!);
      if (off !== 0) {
        if (tall === guess(index)) {
          sizes.current.delete(key(index));
        } else {
          sizes.current.set(key(index), tall);
        }
        const node = scroller.current;
        if (node !== null && edges[index]! < node.scrollTop) {
          node.scrollTop += off;
        }
        remeasure();
      }
    },
    [scroller]
  );

  const observer = useRef<ResizeObserver | null>(null);
  const observe = useCallback((): ResizeObserver => {
    observer.current ??= new ResizeObserver(entries =>
      // Now, before the browser paints what has grown over its neighbours.
      flushSync(() => {
        for (const { target } of entries) {
          if (target === scroller.current) {
            read();
          } else if (target.isConnected) {
            size(target as HTMLElement);
          } else {
            observer.current?.unobserve(target);
          }
        }
      })
    );
    return observer.current;
  }, [scroller, read, size]);

  useLayoutEffect(() => {
    const node = scroller.current;
    if (node === null) {
      return undefined;
    }
    // A frame late, somebody who scrolls fast would see no rows.
    const scrolled = (): void => flushSync(read);
    node.addEventListener('scroll', scrolled, { passive: true });
    observe().observe(node);
    read();
    return () => {
      node.removeEventListener('scroll', scrolled);
      observer.current?.disconnect();
      observer.current = null;
    };
  }, [scroller, read, observe]);
  useLayoutEffect(read); // it may have been scrolled, or be as high as its content

  const places: number[] = [];
  if (tall > 0 && count > 0) {
    const from = Math.max(0, first - around);
    const to = Math.min(count - 1, last + around);
    if (keep >= 0 && keep < from) {
      places.push(keep);
    }
    for (let index = from; index <= to; index += 1) {
      places.push(index);
    }
    if (keep > to && keep < count) {
      places.push(keep);
    }
  }
  return {
    drawn: places.map(index => ({ index, key: keyOf(index), start: starts[index]! })),
    last,
    height: starts[count]! + after,
    startOf: useCallback(index => latest.current.starts[index] ?? 0, []),
    indexAt: useCallback(offset => indexAt(latest.current.starts, offset), []),
    measure: useCallback(
      row => {
        if (row !== null) {
          observe().observe(row);
          size(row);
        }
      },
      [observe, size]
    ),
    forget: useCallback(() => {
      sizes.current.clear();
      remeasure();
    }, []),
    show: useCallback(
      (index, where) => {
        const node = scroller.current;
        const edges = latest.current.starts;
        const [above, below] = [edges[index], edges[index + 1]];
        if (node === null || above === undefined || below === undefined) {
          return;
        }
        const seen = node.clientHeight;
        if (where === 'middle') {
          node.scrollTop = above - (seen - (below - above)) / 2;
        } else if (above - before < node.scrollTop) {
          node.scrollTop = above - before;
        } else if (below > node.scrollTop + seen) {
          node.scrollTop = below - seen;
        }
        read();
      },
      [scroller, read, before]
    )
  };
}

/** The first and the last row in sight. */
function reach(starts: Float64Array, top: number, tall: number): readonly [number, number] {
  return [indexAt(starts, top), indexAt(starts, top + Math.max(0, tall - 1))];
}

/** The last row that begins there or before. */
function indexAt(starts: Float64Array, offset: number): number {
  let low = 0;
  let high = Math.max(0, starts.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
