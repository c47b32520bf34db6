/** The panel's rows from its lists: headings, jobs, searches, and the place where a list goes on. Pure. */
import type { Experiment } from '../../api/experiments';
import type { Job, Pool } from '../../api/jobs';
import { hasOrder } from '../../model/queue';
import type { Standing } from '../../model/queue';
import { isEnded } from '../../model/select';
import type { Searches, Sections } from '../../model/select';
import type { State } from '../../model/state';

export type Item =
  | {
      readonly kind: 'heading';
      readonly key: string;
      readonly section: 'running' | 'queue' | 'experiments' | 'recent' | 'pools';
      /** The pool that a queue spends. */
      readonly pool: string | null;
      readonly slots: Pool | null;
      readonly count: number;
      /** Of searches: so many are paused. */
      readonly paused?: number;
      /** Whether there are more than `count`. */
      readonly more: boolean;
      readonly folded: boolean;
    }
  | { readonly kind: 'job'; readonly key: string; readonly job: Job; /** How many stand before it in its queue. */ readonly place: number | null }
  | { readonly kind: 'search'; readonly key: string; readonly search: Experiment }
  | { readonly kind: 'pool'; readonly key: string; readonly pool: Pool }
  | { readonly kind: 'more'; readonly key: string; readonly list: List };

/** A list that may go on. */
export type List = 'recent' | 'queue' | 'found' | 'experiments';

interface Given {
  readonly lists: Sections;
  readonly searches: Searches;
  readonly state: State;
  readonly pools: readonly Pool[];
  /** What each pool serves, in its order. */
  readonly orders: ReadonlyMap<string, readonly Standing[]>;
  readonly folded: ReadonlySet<string>;
  /** Of a filtered list: whether the server has more that fit. Null without a filter. */
  readonly found: { readonly more: boolean } | null;
}

/** Folded until somebody unfolds it: what has ended of searches is many rows, and seldom looked at. */
const FOLDED_AT_FIRST = 'experiments';

/** A section folded or unfolded, as the layout keeps it. */
export function refolded(held: ReadonlySet<string>, key: string, fold?: boolean): ReadonlySet<string> {
  const next = new Set(held);
  if (fold === undefined ? !held.has(key) : fold !== (key === FOLDED_AT_FIRST)) {
    next.add(key);
  } else {
    next.delete(key);
  }
  return next;
}

export function items({ lists, searches, state, pools, orders, folded, found }: Given): readonly Item[] {
  const rows: Item[] = [];
  const section = (head: Omit<Extract<Item, { kind: 'heading' }>, 'kind' | 'folded'>, jobs: readonly Job[], places: Places | null, own: readonly Experiment[] = []): boolean => {
    if (jobs.length === 0 && head.count === 0) {
      return false;
    }
    const isFolded = folded.has(head.key) !== (head.key === FOLDED_AT_FIRST && found === null);
    rows.push({ kind: 'heading', folded: isFolded, ...head });
    if (!isFolded) {
      for (const search of own) {
        rows.push({ kind: 'search', key: search.id, search });
      }
      for (const row of rowsOf(jobs, places)) {
        rows.push(row);
      }
    }
    return !isFolded;
  };
  const counted = (known: number, ...states: string[]): number =>
    found !== null || state.counts === null ? known : Math.max(known, states.reduce((sum, one) => sum + (state.counts?.[one] ?? 0), 0));

  section(
    { key: 'running', section: 'running', pool: null, slots: null, count: counted(lists.running.length, 'running') + searches.running.length, more: false },
    lists.running,
    null,
    searches.running
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
    const places = found === null ? placesOf(orders.get(name) ?? []) : null;
    const head = { key, section: 'queue', pool: name, slots: pool, count: known, more: beyond && pool === null } as const;
    const shown = section(head, places === null ? jobs : standing(jobs, places), hasOrder(pool) ? places : null);
    open ||= shown;
  }
  if (beyond && open) {
    rows.push({ kind: 'more', key: 'more:queue', list: 'queue' });
  }

  const older = found === null && state.olderExperiments !== null;
  const head = { key: 'experiments', section: 'experiments', pool: null, slots: null, count: searches.rest.length, more: older } as const;
  if (section({ ...head, paused: searches.rest.filter(one => !isEnded(one)).length }, [], null, searches.rest) && older) {
    rows.push({ kind: 'more', key: 'more:experiments', list: 'experiments' });
  }

  if (found === null && rows.length + lists.recent.length > 0) {
    const head = { key: 'pools', section: 'pools', pool: null, slots: null, count: pools.length, more: false } as const;
    if (section(head, [], null)) {
      rows.push(...pools.map(pool => ({ kind: 'pool', key: `pool:${pool.name}`, pool }) as const));
    }
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
    null
  );
  if (found === null && state.recent.edge !== null && recent) {
    rows.push({ kind: 'more', key: 'more:recent', list: 'recent' });
  }
  if (found?.more) {
    rows.push({ kind: 'more', key: 'more:found', list: 'found' });
  }
  return rows;
}

type Places = ReadonlyMap<string, number>;

function placesOf(order: readonly Standing[]): Places {
  return new Map(order.map(({ id }, place) => [id, place]));
}

/** Those that wait in the order of their pool, which may be ahead of what the server has said. */
function standing(jobs: readonly Job[], places: Places): readonly Job[] {
  const ordered = jobs.filter(job => places.has(job.id));
  const place = (job: Job | undefined): number => places.get(job?.id ?? '') ?? -1;
  if (ordered.every((job, index) => place(ordered[index - 1]) < place(job))) {
    return jobs;
  }
  ordered.sort((a, b) => place(a) - place(b));
  let next = 0;
  return jobs.map(job => (places.has(job.id) ? (ordered[next++] ?? job) : job)); // paused ones stay where they are
}

/** Rows of a list in which nothing changed are the same rows: of ten thousand, those of the few running ones are new. */
const MADE = new WeakMap<readonly Job[], readonly Item[]>();

function rowsOf(jobs: readonly Job[], places: Places | null): readonly Item[] {
  let rows = places === null ? MADE.get(jobs) : undefined;
  if (rows === undefined) {
    rows = jobs.map(job => ({ kind: 'job', key: job.id, job, place: places?.get(job.id) ?? null }));
    if (places === null) {
      MADE.set(jobs, rows);
    }
  }
  return rows;
}
