/** The queues of all pools: a tab for each, what the pool has, its table, and what can be done with what is selected. */
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Pool, Verb } from '../../api/jobs';
import { manage } from '../../commands/manage';
import type { Refused } from '../../commands/moving';
import { moved } from '../../commands/moving';
import { hasOrder } from '../../model/queue';
import type { Drop } from '../../model/queue';
import { NOTHING } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { figure } from '../../model/wording';
import { choose } from '../../parts/chosen';
import { PoolRoom } from '../../parts/PoolRoom';
import { useRoom, useTrainings } from '../../parts/room';
import { Skeleton } from '../../parts/Skeleton';
import { useMoves } from '../../parts/useMoves';
import { usePools } from '../../parts/usePools';
import { policyWords, poolNote } from '../../parts/words';
import { CommandIds } from '../../tokens';
import { useBulk } from '../sidebar/Bulk';
import { LinkNotice } from '../sidebar/Link';
import type { QueueHost, QueueOptions } from './host';
import { QueueBar } from './QueueBar';
import { Table } from './Table';
import { useQueue } from './useQueue';

export function QueueView({ host, app }: { host: QueueHost; app: QueueOptions['app'] }): JSX.Element {
  const { session, trans } = useRoom();
  const state = useTrainings();
  const base = useId();
  const pools = usePools(state.turns, state.store);
  const [wanted, setWanted] = useWanted(host);
  const own = pools.find(one => one.name === wanted) ?? pools.find(one => one.is_default) ?? null;
  const name = own?.name ?? wanted;
  // Without a name it is the default pool's; learning that name later is no reason to read it anew.
  const asked = pools.length === 0 || pools.some(one => one.name === wanted) ? wanted : null;

  const [selection, setSelection] = useState<Selection>(NOTHING);
  useEffect(() => setSelection(NOTHING), [asked]);
  const bulk = useBulk();
  const { tell, dismiss } = bulk;
  const refuse = useCallback(
    (refused: Refused | null) => (refused === null ? dismiss() : tell({ ...refused, bad: true })),
    [tell, dismiss]
  );
  const settle = useRef<() => Promise<void>>(() => Promise.resolve());
  const settled = useCallback((_drop: Drop) => settle.current(), []);
  const moves = useMoves(settled, refuse);
  const queue = useQueue(asked, moves.pending);
  const { lines, reader, known, total, trouble } = queue;
  settle.current = () => reader.now();
  const pool = queue.pool ?? own;

  const tabs = pools.map(one => (one.name === queue.pool?.name ? queue.pool : one)); // whose numbers go with the table's

  const ids = useMemo(() => lines.flatMap(line => (selection.chosen.has(line.id) ? [line.id] : [])), [lines, selection.chosen]);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (root.current !== null) {
      choose(root.current, ids);
    }
  }, [ids]);
  useEffect(dismiss, [selection.chosen]); // what came of others is read

  const onDelete = (meant: readonly string[]): void => void bulk.ask('cancel', meant, meant.length < 2);
  const onManage = (meant: readonly string[]): void => {
    void manage(session, trans, meant).then(refused => {
      refuse(refused);
      reader.look();
    });
  };
  const toEnd = (meant: readonly string[], end: 'top' | 'bottom'): void => {
    void moved(session, trans, meant, end === 'top' ? { top: true } : { bottom: true }).then(refused => {
      refuse(refused);
      void reader.now();
    });
  };
  const { commands } = app;
  return (
    <div ref={root} className="jp-Training-whole jp-Training-queue">
      <div className="jp-Training-queueHead">
        <Tabs base={base} pools={tabs} chosen={name} choose={setWanted} />
        <button
          type="button"
          className="jp-Training-iconButton"
          title={trans.__('Refresh')}
          aria-label={trans.__('Refresh the queue')}
          onClick={() => {
            session.refresh();
            void reader.now();
          }}
        >
          <refreshIcon.react tag="span" elementSize="normal" />
        </button>
      </div>
      <LinkNotice state={state} />
      {trouble !== null && state.link.kind !== 'lost' && (
        <div className="jp-Training-notice" role="alert">
          {trouble.message}
        </div>
      )}
      <div className="jp-Training-queueBody" role="tabpanel" id={`${base}-panel`} aria-label={trans.__('Queue of %1', name ?? '')}>
        {pool !== null && <PoolLine pool={pool} total={total} />}
        {lines.length > 0 && (
          <Table
            lines={lines}
            pool={pool}
            total={total}
            commands={commands}
            selection={selection}
            onSelect={setSelection}
            moves={moves}
            onReach={count => reader.reach(count)}
            onDelete={onDelete}
            onLeave={() => root.current?.querySelector<HTMLElement>('[role=tab][aria-selected=true]')?.focus()}
          />
        )}
        {known && lines.length === 0 && (
          <div className="jp-Training-empty">
            <p>{trans.__('Nothing waits or runs in %1.', pool?.name ?? '')}</p>
            {commands.hasCommand(CommandIds.insert) && (
              <button type="button" className="jp-Training-button" onClick={() => void commands.execute(CommandIds.insert)}>
                <addIcon.react tag="span" width="12px" height="12px" /> {trans.__('Put a training cell into the notebook')}
              </button>
            )}
          </div>
        )}
        {!known && trouble === null && <Skeleton />}
      </div>
      <QueueBar
        bulk={bulk}
        ids={ids}
        mayOrder={hasOrder(pool)}
        mayVerb={(verb: Verb) => lines.some(line => selection.chosen.has(line.id) && line.row.verbs.includes(verb))}
        onManage={() => onManage(ids)}
        onEnd={end => toEnd(ids, end)}
      />
      <span className="jp-Training-unseen" role="status">
        {moves.said}
      </span>
    </div>
  );
}

function PoolLine({ pool, total }: { pool: Pool; total: number }): JSX.Element {
  const { trans } = useRoom();
  const way = hasOrder(pool)
    ? pool.preemption
      ? trans.__('by priority, with pre-emption')
      : trans.__('by priority')
    : pool.preemption
      ? trans.__('shared fairly, with pre-emption')
      : trans.__('shared fairly');
  const noted = poolNote(trans, pool);
  return (
    <div className="jp-Training-poolLine">
      <PoolRoom pool={pool} />
      <span className="jp-Training-faint" title={policyWords(trans, pool)}>
        {way}
      </span>
      <span className="jp-Training-faint">
        {trans._n('%1 training', '%1 trainings', total, figure(total))}: {trans.__('%1 run, %2 wait', figure(pool.running), figure(pool.queued))}
      </span>
      {noted !== null && <span className="jp-Training-faint">{noted}</span>}
    </div>
  );
}

interface TabsProps {
  readonly base: string;
  readonly pools: readonly Pool[];
  readonly chosen: string | null;
  readonly choose: (pool: string) => void;
}

function Tabs({ base, pools, chosen, choose: take }: TabsProps): JSX.Element {
  const { trans } = useRoom();
  const names = pools.map(one => one.name);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const at = names.indexOf(chosen ?? '');
    const to: Readonly<Record<string, number>> = {
      ArrowRight: (at + 1) % names.length,
      ArrowLeft: (at + names.length - 1) % names.length,
      Home: 0,
      End: names.length - 1
    };
    const next = names[to[event.key] ?? -1];
    if (next !== undefined) {
      event.preventDefault();
      take(next);
      event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')[names.indexOf(next)]?.focus();
    }
  };
  return (
    <div className="jp-Training-tabs" role="tablist" aria-label={trans.__('Pools')} onKeyDown={onKeyDown}>
      {pools.map(pool => (
        <button
          key={pool.name}
          type="button"
          role="tab"
          aria-selected={pool.name === chosen}
          aria-controls={pool.name === chosen ? `${base}-panel` : undefined}
          tabIndex={pool.name === chosen ? 0 : -1}
          title={`${roomOf(pool)} ${policyWords(trans, pool)}`.trim()}
          onClick={() => take(pool.name)}
        >
          {pool.name} <span className="jp-Training-faint">{figure(pool.queued + pool.running)}</span>
        </button>
      ))}
    </div>
  );
}

function roomOf(pool: Pool): string {
  return pool.devices.length === 0 ? '' : `GPU ${pool.devices.join(', ')}.`;
}

/** The pool that the widget is set to. */
function useWanted(host: QueueHost): readonly [string | null, (pool: string) => void] {
  const [wanted, setWanted] = useState(host.pool);
  useEffect(() => {
    const changed = (): void => setWanted(host.pool);
    changed();
    host.poolChanged.connect(changed);
    return () => void host.poolChanged.disconnect(changed);
  }, [host]);
  const set = useCallback(
    (pool: string) => {
      host.pool = pool;
    },
    [host]
  );
  return [wanted, set];
}

