/**
 * A pool's queue as a grid of which only what is in sight is in the page. One row takes the Tab; the arrows
 * move between rows, with Alt they move the row itself, where the pool has an order.
 */
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import type { Range } from '@tanstack/react-virtual';
import type { CommandRegistry } from '@lumino/commands';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import type { Dispatch, KeyboardEvent, MouseEvent, SetStateAction } from 'react';
import type { Pool } from '../../api/jobs';
import { hasOrder, stepBy, stepOf } from '../../model/queue';
import type { Step } from '../../model/queue';
import { every, extended, moved, only, toggled } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { useNow, useRoom } from '../../parts/room';
import { useDrag } from '../../parts/useDrag';
import type { Moves } from '../../parts/useMoves';
import { CommandIds } from '../../tokens';
import { menuAt } from '../sidebar/rowMenu';
import { QueueLine } from './QueueLine';
import { columns } from './columns';
import type { Line } from './useQueue';

const ROW = 24;
const HEAD = 28;

interface Props {
  readonly lines: readonly Line[];
  readonly pool: Pool | null;
  /** Of all that the pool serves, those that have not been asked for too. */
  readonly total: number;
  readonly commands: CommandRegistry;
  readonly selection: Selection;
  readonly onSelect: Dispatch<SetStateAction<Selection>>;
  readonly moves: Moves;
  /** So many rows have come into sight. */
  readonly onReach: (count: number) => void;
  readonly onDelete: (ids: readonly string[]) => void;
  readonly onLeave: () => void;
}

export function Table(props: Props): JSX.Element {
  const { lines, pool, total, commands, selection, onSelect, moves, onReach } = props;
  const { session, trans } = useRoom();
  const now = useNow(1000);
  const scroller = useRef<HTMLDivElement>(null);
  const inside = useRef(false);
  const ids = useMemo(() => lines.map(line => line.id), [lines]);
  const places = useMemo(() => new Map(ids.map((id, place) => [id, place])), [ids]);
  const at = selection.at !== null && places.has(selection.at) ? selection.at : (ids[0] ?? null);
  const atPlace = at === null ? -1 : (places.get(at) ?? -1);
  const isOrdered = hasOrder(pool);

  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: useCallback((place: number) => ids[place] ?? place, [ids]),
    overscan: 10,
    paddingStart: HEAD,
    scrollPaddingStart: HEAD,
    paddingEnd: 16,
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        return atPlace < 0 || shown.includes(atPlace) ? shown : [...shown, atPlace].sort((a, b) => a - b);
      },
      [atPlace]
    )
  });
  const drawn = virtualizer.getVirtualItems();
  const last = virtualizer.range?.endIndex ?? 0;
  useEffect(() => onReach(last), [last, lines.length]);

  const drag = useDrag({
    scroller,
    rowsOf: id => (isOrdered && places.has(id) ? lines : null),
    withIt: id => (selection.chosen.has(id) ? ids.filter(one => selection.chosen.has(one)) : [id]),
    onDrop: moves.move
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
  const onOpen = useCallback(
    (id: string) => {
      if (commands.hasCommand(CommandIds.detail)) {
        void commands.execute(CommandIds.detail, { job: id });
      }
    },
    [commands]
  );

  const go = (place: number, reach: boolean): void => {
    const id = ids[Math.min(Math.max(place, 0), ids.length - 1)];
    if (id !== undefined) {
      onSelect(reach ? extended(selection, id, ids) : moved(selection, id));
      virtualizer.scrollToIndex(places.get(id) ?? 0, { align: 'auto' });
      wanted.current = id;
      rowOf(scroller.current, id)?.focus({ preventScroll: true });
    }
  };
  const step = (id: string, way: Step): void => {
    const drop = isOrdered ? stepOf(lines, id, way) : null;
    if (drop === null) {
      moves.say(isOrdered ? trans.__('It stands there already.') : trans.__('%1 shares its slots fairly: there is no order to change.', pool?.name ?? ''));
      return;
    }
    wanted.current = id;
    moves.move(drop, lines);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const id = (event.target as HTMLElement).dataset.job;
    const place = places.get(id ?? '');
    if (id === undefined || place === undefined) {
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2);
    const meant = selection.chosen.has(id) ? ids.filter(one => selection.chosen.has(one)) : [id];
    const done = pressed(event, {
      go,
      step: way => step(id, way),
      place,
      page,
      count: ids.length,
      open: () => onOpen(id),
      toggle: () => onSelect(event.shiftKey ? extended(selection, id, ids) : toggled(selection, id)),
      all: () => onSelect(every(selection, ids)),
      remove: () => props.onDelete(meant),
      leave: () => (selection.chosen.size > 0 ? onSelect({ chosen: new Set(), anchor: null, at: id }) : props.onLeave())
    });
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  const titles = columns(trans, pool);
  return (
    <div
      ref={scroller}
      className="jp-Training-lists jp-Training-queueTable"
      role="grid"
      aria-label={trans.__('Queue of %1', pool?.name ?? '')}
      aria-multiselectable="true"
      aria-rowcount={total + 1}
      aria-colcount={titles.length}
      onKeyDown={onKeyDown}
      onFocus={() => {
        inside.current = true;
      }}
      onBlur={event => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) {
          inside.current = false;
        }
      }}
    >
      <div role="row" aria-rowindex={1} className="jp-Training-queueRow jp-Training-queueTitles">
        {titles.map(({ key, word, title }) => (
          <span key={key} role="columnheader" data-column={key} title={title}>
            {word}
          </span>
        ))}
      </div>
      <div role="presentation" className="jp-Training-canvas" style={{ height: virtualizer.getTotalSize() - HEAD }}>
        {drawn.map(({ index, start, key }) => {
          const line = lines[index];
          return line === undefined ? null : (
            <QueueLine
              key={key}
              line={line}
              job={session.state.jobs.get(line.id)}
              pool={pool}
              place={index}
              start={start - HEAD}
              now={now}
              isChosen={selection.chosen.has(line.id)}
              tabStop={at === line.id}
              isMoving={moves.pending.some(one => one.jobs.includes(line.id))}
              mark={drag.mark(line.id)}
              onGrip={isOrdered ? drag.onGrip : null}
              onPick={onPick}
              onFocus={onFocus}
              onOpen={onOpen}
            />
          );
        })}
      </div>
      {drag.label}
    </div>
  );
}

interface Reach {
  readonly go: (place: number, reach: boolean) => void;
  readonly step: (way: Step) => void;
  readonly place: number;
  readonly page: number;
  readonly count: number;
  readonly open: () => void;
  readonly toggle: () => void;
  readonly all: () => void;
  readonly remove: () => void;
  readonly leave: () => void;
}

/** Does what a key on a row means, and says whether it means anything. */
function pressed(event: KeyboardEvent<HTMLDivElement>, reach: Reach): boolean {
  const way = stepBy(event);
  if (way !== null) {
    reach.step(way);
    return true;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  switch (event.key) {
    case 'ArrowDown':
      reach.go(reach.place + 1, event.shiftKey);
      return true;
    case 'ArrowUp':
      reach.go(reach.place - 1, event.shiftKey);
      return true;
    case 'PageDown':
      reach.go(reach.place + reach.page, event.shiftKey);
      return true;
    case 'PageUp':
      reach.go(reach.place - reach.page, event.shiftKey);
      return true;
    case 'Home':
      reach.go(0, event.shiftKey);
      return true;
    case 'End':
      reach.go(reach.count - 1, event.shiftKey);
      return true;
    case 'Enter':
      reach.open();
      return true;
    case ' ':
      reach.toggle();
      return true;
    case 'a':
    case 'A':
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        reach.all();
        return true;
      }
      return false;
    case 'Delete':
      if (plain && !event.shiftKey) {
        reach.remove();
      }
      return plain && !event.shiftKey;
    case 'Escape':
      reach.leave();
      return true;
    case 'F10':
      if (event.shiftKey) {
        menuAt(event.target as HTMLElement);
      }
      return event.shiftKey;
    default:
      return false;
  }
}

function rowOf(grid: HTMLElement | null, id: string): HTMLElement | null {
  return grid?.querySelector<HTMLElement>(`[data-job="${CSS.escape(id)}"]`) ?? null;
}
