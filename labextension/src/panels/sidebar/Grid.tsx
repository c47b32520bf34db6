/**
 * The list: a tree grid of which only what is in sight is in the page. One row takes the Tab; the arrows
 * move between rows, and the row with the focus stays in the page however far it is scrolled away.
 */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import type { Dispatch, KeyboardEvent, MouseEvent, SetStateAction } from 'react';
import type { Pool } from '../../api/jobs';
import { Namesakes } from '../../model/namesakes';
import { hasOrder, stepBy, stepOf } from '../../model/queue';
import type { Standing, Step } from '../../model/queue';
import { extended, moved, only, toggled } from '../../model/selection';
import type { Selection } from '../../model/selection';
import type { State } from '../../model/state';
import { useNow, useRoom } from '../../parts/room';
import { useDrag } from '../../parts/useDrag';
import type { Moves } from '../../parts/useMoves';
import { useWindow } from '../../parts/useWindow';
import { noOrder } from '../queue/columns';
import { CommandIds } from '../../tokens';
import { pressed } from './gridKeys';
import { Heading } from './Heading';
import type { Item, List } from './items';
import type { Desk } from './mount';
import { PoolItem } from './PoolItem';
import { Row } from './Row';
import { SearchRow } from './SearchRow';
import { Second } from './Second';

const ROW = 24;
const HEADING = 32;

export interface GridProps {
  readonly desk: Desk;
  readonly rows: readonly Item[];
  /** What each pool serves, in its order. */
  readonly orders: ReadonlyMap<string, readonly Standing[]>;
  readonly pools: readonly Pool[];
  readonly moves: Moves;
  readonly state: State;
  readonly selection: Selection;
  readonly onSelect: Dispatch<SetStateAction<Selection>>;
  readonly onFold: (key: string, folded?: boolean) => void;
  /** Ask these to stop or, where all have ended, delete them; after a word with the person. */
  readonly onDelete: (ids: readonly string[]) => void;
  /** Escape with nothing selected. */
  readonly onLeave: () => void;
  readonly onMore: (list: List) => void;
}

export function Grid(props: GridProps): JSX.Element {
  const { desk, rows, orders, pools, moves, state, selection, onSelect, onFold, onMore } = props;
  const { session, trans } = useRoom();
  const now = useNow(1000);
  const scroller = useRef<HTMLDivElement>(null);
  const inside = useRef(false);
  const order = useOrder(rows);
  const known = useRef<Namesakes | undefined>(undefined);
  const namesakes = useMemo(() => (known.current = Namesakes.of(state.jobs, known.current)), [state.jobs]);
  const ids = useMemo(() => order.filter((_, index) => rows[index]?.kind === 'job'), [order]);
  const keys = useMemo(() => new Map(order.map((key, index) => [key, index])), [order]);
  const firstJob = (rows.find(row => row.kind === 'job' || row.kind === 'search') ?? rows[0])?.key ?? null;
  const at = selection.at !== null && keys.has(selection.at) ? selection.at : firstJob;
  const atIndex = at === null ? -1 : (keys.get(at) ?? -1);
  const alone = selection.chosen.size === 1;

  const sight = useWindow({
    count: rows.length,
    scroller,
    estimate: useCallback((index: number) => (rows[index]?.kind === 'heading' ? HEADING : ROW), [order]),
    keyOf: useCallback((index: number) => order[index] ?? index, [order]), // a new one means measuring everything
    around: 8,
    after: 16,
    keep: atIndex
  });
  const { drawn } = sight;

  // Where the list goes on is asked for when that place comes into sight.
  const more = drawn.flatMap(({ index }) => {
    const row = rows[index];
    return row?.kind === 'more' ? [row.list] : [];
  })[0];
  useEffect(() => {
    if (more !== undefined) {
      onMore(more);
    }
  }, [more, onMore, rows]);

  // A key puts the focus on a row that may not be in the page yet. And a row that changes its section is put
  // elsewhere in the page, where the browser drops the focus.
  const wanted = useRef<string | null>(null);
  useLayoutEffect(() => {
    const lost = inside.current && (document.activeElement === document.body || document.activeElement === null);
    const key = wanted.current ?? (lost ? at : null);
    const node = key === null ? null : rowOf(scroller.current, key);
    if (node !== null) {
      wanted.current = null;
      node.focus({ preventScroll: true });
    }
  });

  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!scroller.current?.contains(event.target as Node)) {
        inside.current = false;
      }
    };
    document.addEventListener('pointerdown', outside, true);
    return () => document.removeEventListener('pointerdown', outside, true);
  }, []);

  const listed = useRef(ids);
  listed.current = ids;
  const onFocus = useCallback((key: string) => onSelect(held => (held.at === key ? held : moved(held, key))), [onSelect]);
  const onPick = useCallback(
    (id: string, event: MouseEvent) => {
      const { shiftKey, ctrlKey, metaKey } = event;
      onSelect(held => (shiftKey ? extended(held, id, listed.current) : ctrlKey || metaKey ? toggled(held, id) : only(held, id)));
    },
    [onSelect]
  );
  const { commands } = desk.app;
  const onOpen = useCallback(
    (id: string) => {
      const known = session.state.experiments.has(id) ? { command: CommandIds.search, args: { experiment: id } } : { command: CommandIds.detail, args: { job: id } };
      if (commands.hasCommand(known.command)) {
        void commands.execute(known.command, known.args);
      }
    },
    [commands, session]
  );

  const onQueue = useCallback((pool: string) => void commands.execute(CommandIds.queue, { pool }), [commands]);
  const mayQueue = commands.hasCommand(CommandIds.queue);
  const poolOf = (id: string): Pool | null => pools.find(one => one.name === state.jobs.get(id)?.pool) ?? null;
  const orderOf = (id: string): readonly Standing[] | null => {
    const order = orders.get(state.jobs.get(id)?.pool ?? '');
    return order?.some(one => one.id === id) && hasOrder(poolOf(id)) ? order : null;
  };
  const drag = useDrag({
    scroller,
    rowsOf: orderOf,
    withIt: id => (selection.chosen.has(id) ? ids.filter(one => selection.chosen.has(one) && state.jobs.get(one)?.pool === state.jobs.get(id)?.pool) : [id]),
    onDrop: moves.move
  });
  const step = (id: string, way: Step): void => {
    const order = orderOf(id);
    const drop = order === null ? null : stepOf(order, id, way);
    if (order === null || drop === null) {
      const pool = poolOf(id);
      moves.say(hasOrder(pool) ? trans.__('It stands there already.') : noOrder(trans, pool));
      return;
    }
    wanted.current = id;
    moves.move(drop, order);
  };

  const go = (index: number, reach: boolean): void => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row === undefined || row.kind === 'more') {
      return;
    }
    onSelect(reach && row.kind === 'job' ? extended(selection, row.key, ids) : moved(selection, row.key));
    sight.show(keys.get(row.key) ?? 0);
    if (row.key === at) {
      rowOf(scroller.current, row.key)?.focus({ preventScroll: true });
    } else {
      wanted.current = row.key;
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const key = (event.target as HTMLElement).dataset.key;
    const row = key === undefined ? undefined : rows[keys.get(key) ?? -1];
    if (row === undefined) {
      if (event.key === 'Escape' && at !== null) {
        event.preventDefault();
        rowOf(scroller.current, at)?.focus();
      }
      return;
    }
    const way = stepBy(event);
    if (way !== null && row.kind === 'job') {
      event.preventDefault();
      event.stopPropagation();
      step(row.key, way);
      return;
    }
    if (pressed(event, row, { ...props, ids, keys, go, page: Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 1), open: onOpen, queue: onQueue })) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return (
    <div
      ref={scroller}
      className="jp-Training-lists"
      role="treegrid"
      aria-label={trans.__('Trainings')}
      aria-multiselectable="true"
      aria-rowcount={total(rows)}
      aria-colcount={5}
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
      <div role="presentation" className="jp-Training-canvas" style={{ height: sight.height }}>
        {drawn.map(({ index, start, key }) => {
          const row = rows[index];
          switch (row?.kind) {
            case 'heading':
              return (
                <Heading key={key} item={row} index={index} start={start} tabStop={at === row.key} onFold={onFold} onQueue={mayQueue ? onQueue : null} onFocus={onFocus} />
              );
            case 'pool':
              return (
                <PoolItem
                  key={key}
                  pool={row.pool}
                  rowKey={row.key}
                  index={index}
                  start={start}
                  tabStop={at === row.key}
                  onQueue={onQueue}
                  onFocus={onFocus}
                />
              );
            case 'job':
              return (
                <Row
                  key={key}
                  ref={sight.measure}
                  job={row.job}
                  place={row.place}
                  onGrip={row.place === null ? null : drag.onGrip}
                  mark={drag.mark(row.key)}
                  noOrder={row.job.state === 'queued' && !hasOrder(poolOf(row.key)) ? noOrder(trans, poolOf(row.key)) : undefined}
                  changes={namesakes.changes(row.job)}
                  trail={state.trails.get(row.key)}
                  asked={state.asked.get(row.key)}
                  now={now}
                  index={index}
                  start={start}
                  selected={selection.chosen.has(row.key)}
                  tabStop={at === row.key}
                  onPick={onPick}
                  onFocus={onFocus}
                  onOpen={onOpen}
                >
                  {alone && selection.chosen.has(row.key) ? <Second job={row.job} commands={commands} /> : null}
                </Row>
              );
            case 'search':
              return (
                <SearchRow
                  key={key}
                  ref={sight.measure}
                  search={row.search}
                  asked={state.asked.get(row.key)}
                  now={now}
                  index={index}
                  start={start}
                  selected={selection.chosen.has(row.key)}
                  open={alone && selection.chosen.has(row.key)}
                  tabStop={at === row.key}
                  commands={commands}
                  onPick={onPick}
                  onFocus={onFocus}
                  onOpen={onOpen}
                />
              );
            case undefined:
              return null;
            case 'more':
              return (
                <div
                  key={key}
                  role="row"
                  aria-rowindex={index + 1}
                  className="jp-Training-item jp-Training-more"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <span role="gridcell">{trans.__('Loading…')}</span>
                </div>
              );
          }
        })}
      </div>
      {drag.label}
    </div>
  );
}

/** How many rows there are, those that have not been asked for too; -1 where nobody knows. */
function total(rows: readonly Item[]): number {
  let count = 0;
  for (const row of rows) {
    if (row.kind === 'heading' && !row.more) {
      count += row.folded ? 1 : 1 + row.count;
    } else if (row.kind === 'heading' || (row.kind === 'more' && row.list === 'found')) {
      return -1;
    }
  }
  return count;
}

/** The rows' keys in their order; the same object for as long as that order stays. */
function useOrder(rows: readonly Item[]): readonly string[] {
  const held = useRef<readonly string[]>([]);
  return useMemo(() => {
    const before = held.current;
    if (before.length !== rows.length || rows.some((row, index) => row.key !== before[index])) {
      held.current = rows.map(row => row.key);
    }
    return held.current;
  }, [rows]);
}

function rowOf(grid: HTMLElement | null, key: string): HTMLElement | null {
  return grid?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? null;
}
