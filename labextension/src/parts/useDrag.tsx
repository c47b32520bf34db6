/**
 * Rows of a queue that are dragged by their handles. Where they would fall is marked between two rows, and
 * what would come of it is said beside the pointer. Escape takes it back.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { PointerEvent, RefObject } from 'react';
import { createPortal } from 'react-dom';
import { dropAt } from '../model/queue';
import type { Drop, Placed } from '../model/queue';
import { useRoom } from './room';

const FROM_PX = 4; // a click is no drag
const EDGE_PX = 28;
const SCROLL_PX = 8;

interface Options {
  readonly scroller: RefObject<HTMLElement>;
  /** The order in which a job stands; null: it can't be dragged. */
  readonly rowsOf: (id: string) => readonly Placed[] | null;
  /** Those that are dragged with it. */
  readonly withIt: (id: string) => readonly string[];
  readonly onDrop: (drop: Drop, rows: readonly Placed[]) => void;
}

interface Dragging {
  readonly ids: readonly string[];
  readonly rows: readonly Placed[];
  readonly x: number;
  readonly y: number;
  /** The row beside which the line is. */
  readonly beside: string | null;
  readonly isAbove: boolean;
  readonly drop: Drop | null;
}

export interface Drag {
  readonly onGrip: (event: PointerEvent<HTMLElement>, id: string) => void;
  /** Classes of a row while something is dragged. */
  readonly mark: (id: string) => string;
  readonly label: JSX.Element | null;
}

export function useDrag(options: Options): Drag {
  const [dragging, setDragging] = useState<Dragging | null>(null);
  const held = useRef(options);
  held.current = options;
  const leave = useRef<() => void>(() => undefined);
  useEffect(() => () => leave.current(), []);

  const onGrip = useCallback((event: PointerEvent<HTMLElement>, id: string) => {
    const rows = held.current.rowsOf(id);
    const scroller = held.current.scroller.current;
    if (event.button !== 0 || rows === null || scroller === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const ids = held.current.withIt(id);
    const from = event.clientY;
    let now: Dragging | null = null;
    let frame = 0;
    const show = (next: Dragging | null): void => {
      now = next;
      setDragging(next);
    };
    const at = (x: number, y: number): void => {
      const found = rowAt(scroller, y, rows);
      const gap = found === null ? -1 : found.place + (found.isAbove ? 0 : 1);
      show({ ids, rows, x, y, beside: found?.id ?? null, isAbove: found?.isAbove ?? true, drop: found === null ? null : dropAt(rows, ids, gap) });
    };
    const scroll = (): void => {
      frame = 0;
      const { top, bottom } = scroller.getBoundingClientRect();
      const by = now === null ? 0 : now.y < top + EDGE_PX ? -SCROLL_PX : now.y > bottom - EDGE_PX ? SCROLL_PX : 0;
      if (now !== null && by !== 0) {
        scroller.scrollTop += by;
        at(now.x, now.y);
        frame = requestAnimationFrame(scroll);
      }
    };
    const onMove = (one: globalThis.PointerEvent): void => {
      if (now !== null || Math.abs(one.clientY - from) >= FROM_PX) {
        at(one.clientX, one.clientY);
        frame ||= requestAnimationFrame(scroll);
      }
    };
    const onUp = (): void => {
      const drop = now?.drop ?? null;
      done();
      if (drop !== null) {
        held.current.onDrop(drop, rows);
      }
    };
    const onKey = (one: globalThis.KeyboardEvent): void => {
      if (one.key === 'Escape') {
        one.preventDefault();
        one.stopPropagation();
        done();
      }
    };
    const done = (): void => {
      cancelAnimationFrame(frame);
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('pointercancel', done);
      window.removeEventListener('keydown', onKey, true);
      show(null);
    };
    leave.current = done;
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('pointercancel', done);
    window.addEventListener('keydown', onKey, true);
  }, []);

  const mark = (id: string): string =>
    dragging === null
      ? ''
      : `${dragging.ids.includes(id) ? ' jp-mod-dragged' : ''}${
          dragging.beside === id && dragging.drop !== null ? (dragging.isAbove ? ' jp-mod-dropAbove' : ' jp-mod-dropBelow') : ''
        }`;
  return { onGrip, mark, label: dragging === null ? null : <Label dragging={dragging} /> };
}

function Label({ dragging }: { dragging: Dragging }): JSX.Element {
  const { trans } = useRoom();
  const { ids, rows, drop, x, y } = dragging;
  const [first] = ids;
  const what = ids.length === 1 ? rows.find(row => row.id === first)?.name : trans._n('%1 training', '%1 trainings', ids.length);
  const takes = drop?.takes ?? null;
  // In the body: the panels contain what is fixed, and clip it.
  return createPortal(
    <div className="jp-Training jp-Training-dragged" style={{ left: x + 12, top: y + 12 }} role="status">
      {what}
      {takes !== null && <strong> {trans.__('takes priority %1', takes)}</strong>}
    </div>,
    document.body
  );
}

/** The row under the pointer, or the nearest of those in sight. */
function rowAt(scroller: HTMLElement, y: number, rows: readonly Placed[]): { id: string; place: number; isAbove: boolean } | null {
  const places = new Map(rows.map((row, place) => [row.id, place]));
  let best: { id: string; place: number; isAbove: boolean } | null = null;
  let nearest = Infinity;
  for (const node of scroller.querySelectorAll<HTMLElement>('[data-job]')) {
    const id = node.dataset.job ?? '';
    const place = places.get(id);
    if (place === undefined) {
      continue;
    }
    const { top, bottom } = node.getBoundingClientRect();
    const away = y < top ? top - y : y > bottom ? y - bottom : 0;
    if (away < nearest) {
      nearest = away;
      best = { id, place, isAbove: y < (top + bottom) / 2 };
    }
  }
  return best;
}

/** The handle by which a row is dragged. For the pointer alone; the keys are said in its tooltip. */
export function Grip({ id, onGrip }: { id: string; onGrip: Drag['onGrip'] }): JSX.Element {
  const { trans } = useRoom();
  return (
    <span
      className="jp-Training-grip"
      title={trans.__('Drag it to another place. By keys: Alt ↑ and Alt ↓, Alt Home and Alt End')}
      aria-hidden="true"
      onPointerDown={event => onGrip(event, id)}
      onClick={event => event.stopPropagation()}
    >
      <svg viewBox="0 0 8 16">
        <path d="M2 4h.01M6 4h.01M2 8h.01M6 8h.01M2 12h.01M6 12h.01" />
      </svg>
    </span>
  );
}
