/** The panel's rows from its lists: headings, jobs, and the place where a list goes on. Pure. */
import type { Job, Pool } from '../../api/jobs';
import type { Sections } from '../../model/select';
import type { State } from '../../model/state';

export type Item =
  | {
      readonly kind: 'heading';
      readonly key: string;
      readonly section: 'running' | 'queue' | 'recent';
      /** The pool that a queue spends. */
      readonly pool: string | null;
      readonly slots: Pool | null;
      readonly count: number;
      /** Whether there are more than `count`. */
      readonly more: boolean;
      readonly folded: boolean;
    }
  | { readonly kind: 'job'; readonly key: string; readonly job: Job; /** Its place in the queue. */ readonly place: number | null }
  | { readonly kind: 'more'; readonly key: string; readonly list: 'recent' | 'queue' | 'found' };

interface Given {
  readonly lists: Sections;
  readonly state: State;
  readonly pools: readonly Pool[];
  readonly folded: ReadonlySet<string>;
  /** Of a filtered list: whether the server has more that fit. Null without a filter. */
  readonly found: { readonly more: boolean } | null;
}

export function items({ lists, state, pools, folded, found }: Given): readonly Item[] {
  const rows: Item[] = [];
  const section = (head: Omit<Extract<Item, { kind: 'heading' }>, 'kind' | 'folded'>, jobs: readonly Job[], places: boolean): boolean => {
    if (jobs.length === 0 && head.count === 0) {
      return false;
    }
    const isFolded = folded.has(head.key);
    rows.push({ kind: 'heading', folded: isFolded, ...head });
    if (!isFolded) {
      for (const row of rowsOf(jobs, places)) {
        rows.push(row);
      }
    }
    return !isFolded;
  };
  const counted = (known: number, ...states: string[]): number =>
    found !== null || state.counts === null ? known : Math.max(known, states.reduce((sum, one) => sum + (state.counts?.[one] ?? 0), 0));

  section(
    { key: 'running', section: 'running', pool: null, slots: null, count: counted(lists.running.length, 'running'), more: false },
    lists.running,
    false
  );

  const queues = new Map<string, Job[]>();
  for (const job of lists.queued) {
    const queue = queues.get(job.pool);
    if (queue) {
      queue.push(job);
    } else {
      queues.set(job.pool, [job]);
    }
  }
  const beyond = found === null && state.queue.edge !== null;
  let open = queues.size === 0;
  for (const [name, jobs] of [...queues].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const pool = pools.find(one => one.name === name) ?? null;
    const known = beyond && pool !== null ? Math.max(jobs.length, pool.queued) : jobs.length;
    const key = `queue:${name}`;
    const shown = section({ key, section: 'queue', pool: name, slots: pool, count: known, more: beyond && pool === null }, jobs, found === null);
    open ||= shown;
  }
  if (beyond && open) {
    rows.push({ kind: 'more', key: 'more:queue', list: 'queue' });
  }

  const recent = section(
    {
      key: 'recent',
      section: 'recent',
      pool: null,
      slots: null,
      count: counted(lists.recent.length, 'succeeded', 'failed', 'canceled'),
      more: found === null && state.counts === null && state.recent.edge !== null
    },
    lists.recent,
    false
  );
  if (found === null && state.recent.edge !== null && recent) {
    rows.push({ kind: 'more', key: 'more:recent', list: 'recent' });
  }
  if (found?.more) {
    rows.push({ kind: 'more', key: 'more:found', list: 'found' });
  }
  return rows;
}

/** Rows of a list in which nothing changed are the same rows: of ten thousand, those of the few running ones are new. */
const MADE = new WeakMap<readonly Job[], readonly Item[]>();

function rowsOf(jobs: readonly Job[], places: boolean): readonly Item[] {
  let rows = MADE.get(jobs);
  if (rows === undefined) {
    let place = 0;
    rows = jobs.map(job => ({ kind: 'job', key: job.id, job, place: places && job.state === 'queued' ? (place += 1) : null }));
    if (!places) {
      MADE.set(jobs, rows);
    }
  }
  return rows;
}
