/**
 * A pool's queue as a grid of which only what is in sight is in the page. One row takes the Tab; the arrows
 * move between rows, with Alt they move the row itself, where the pool has an order.
 */
import type { CommandRegistry } from '@lumino/commands';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { Dispatch, KeyboardEvent, SetStateAction } from 'react';
import type { Pool } from '../../api/jobs';
import { hasOrder, stepBy, stepOf } from '../../model/queue';
import type { Step } from '../../model/queue';
import { every, extended, toggled } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { useNow, useRoom } from '../../parts/room';
import { useDrag } from '../../parts/useDrag';
import type { Moves } from '../../parts/useMoves';
import { HEAD, pressed, useRows } from '../../parts/useRows';
import { CommandIds } from '../../tokens';
import { menuAt } from '../sidebar/rowMenu';
import { QueueLine } from './QueueLine';
import { columns } from './columns';
import type { Line } from './useQueue';

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
  const ids = useMemo(() => lines.map(line => line.id), [lines]);
  const isOrdered = hasOrder(pool);

  const rows = useRows({ ids, scroller, selection, onSelect });
  const { at, last, places } = rows;
  useEffect(() => onReach(last), [last, lines.length]);

  const drag = useDrag({
    scroller,
    rowsOf: id => (isOrdered && places.has(id) ? lines : null),
    withIt: id => (selection.chosen.has(id) ? ids.filter(one => selection.chosen.has(one)) : [id]),
    onDrop: moves.move
  });

  const onOpen = useCallback(
    (id: string) => {
      if (commands.hasCommand(CommandIds.detail)) {
        void commands.execute(CommandIds.detail, { job: id });
      }
    },
    [commands]
  );

  const step = (id: string, way: Step): void => {
    const drop = isOrdered ? stepOf(lines, id, way) : null;
    if (drop === null) {
      moves.say(isOrdered ? trans.__('It stands there already.') : trans.__('%1 shares its slots fairly: there is no order to change.', pool?.name ?? ''));
      return;
    }
    rows.want(id);
    moves.move(drop, lines);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const id = (event.target as HTMLElement).dataset.job;
    const place = places.get(id ?? '');
    if (id === undefined || place === undefined) {
      return;
    }
    const meant = selection.chosen.has(id) ? ids.filter(one => selection.chosen.has(one)) : [id];
    const way = stepBy(event);
    if (way !== null) {
      step(id, way);
    }
    const done =
      way !== null ||
      pressed(event, {
        go: rows.go,
        place,
        page: rows.page,
        count: ids.length,
        open: () => onOpen(id),
        toggle: () => onSelect(event.shiftKey ? extended(selection, id, ids) : toggled(selection, id)),
        all: () => onSelect(every(selection, ids)),
        remove: () => props.onDelete(meant),
        leave: () => (selection.chosen.size > 0 ? onSelect({ chosen: new Set(), anchor: null, at: id }) : props.onLeave()),
        menu: () => menuAt(event.target as HTMLElement)
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
      {...rows.holds}
    >
      <div role="row" aria-rowindex={1} className="jp-Training-queueRow jp-Training-queueTitles">
        {titles.map(({ key, word, title }) => (
          <span key={key} role="columnheader" data-column={key} title={title}>
            {word}
          </span>
        ))}
      </div>
      <div role="presentation" className="jp-Training-canvas" style={{ height: rows.height }}>
        {rows.drawn.map(({ index, start, key }) => {
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
              onPick={rows.onPick}
              onFocus={rows.onFocus}
              onOpen={onOpen}
            />
          );
        })}
      </div>
      {drag.label}
    </div>
  );
}
