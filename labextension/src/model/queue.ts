/** The order of a pool, and what it means to put jobs elsewhere in it. Pure; the server's rules, as far as a picture needs them. */
import type { Job, Pool } from '../api/jobs';
import type { Move, QueueRow } from '../api/queue';
import { starts } from './select';
import type { Sections } from './select';

/** A job at its place. */
export interface Placed {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
}

/** Jobs that are to stand elsewhere. */
export interface Drop {
  readonly jobs: readonly string[];
  readonly move: Extract<Move, { ahead_of: string } | { behind_of: string } | { top: true } | { bottom: true }>;
  /** The priority that they take by that; null: they keep theirs. */
  readonly takes: number | null;
}

export type Step = 'up' | 'down' | 'top' | 'bottom';

/** Whether places can be changed there: a fair share has no order. */
export function hasOrder(pool: Pick<Pool, 'policy'> | null): boolean {
  return pool === null || pool.policy === 'priority';
}

export function placed(row: QueueRow): Placed {
  return { id: row.job, name: row.name, priority: row.priority };
}

/** A job that the page knows, at its place. */
export interface Standing extends Placed {
  readonly job: Job;
}

/** What each pool serves, in its order: what waits and what runs, not what is paused. */
export function ordersOf({ running, queued }: Pick<Sections, 'running' | 'queued'>, pending: readonly Drop[] = []): ReadonlyMap<string, readonly Standing[]> {
  const pools = new Map<string, Job[]>();
  for (const job of [...queued, ...running]) {
    if (job.state === 'queued' || job.state === 'running') {
      const own = pools.get(job.pool);
      if (own) {
        own.push(job);
      } else {
        pools.set(job.pool, [job]);
      }
    }
  }
  return new Map(
    [...pools].map(([pool, jobs]) => {
      const order: readonly Standing[] = jobs.sort(starts).map(job => ({ id: job.id, name: job.name, priority: job.priority, job }));
      return [pool, pending.reduce(after<Standing>, order)];
    })
  );
}

/**
 * These jobs put into a gap, 0 before the first row and `rows.length` behind the last; null: nothing changes.
 *
 * Between two priorities they keep their own where one of the neighbours has it; else they take that of the
 * neighbour which they come to.
 */
export function dropAt(rows: readonly Placed[], ids: readonly string[], gap: number): Drop | null {
  const meant = new Set(ids);
  const moved = rows.filter(row => meant.has(row.id));
  const [lead] = moved;
  const above = rows.slice(0, gap).filter(row => !meant.has(row.id)).pop();
  const below = rows.slice(gap).find(row => !meant.has(row.id));
  if (lead === undefined || (above === undefined && below === undefined)) {
    return null;
  }
  const own = (row: Placed | undefined): boolean => row?.priority === lead.priority;
  const isUp = rows.indexOf(lead) >= gap;
  const isBelow = above === undefined || (below !== undefined && (own(above) === own(below) ? isUp : own(below)));
  const anchor = isBelow ? below : above;
  if (anchor === undefined) {
    return null;
  }
  const drop: Drop = {
    jobs: moved.map(row => row.id),
    move: isBelow ? { ahead_of: anchor.id } : { behind_of: anchor.id },
    takes: moved.some(row => row.priority !== anchor.priority) ? anchor.priority : null
  };
  const same = drop.takes === null && after(rows, drop).every((row, place) => row.id === rows[place]?.id);
  return same ? null : drop;
}

/** One place on, or to an end of its own priority; null where it stands there already. */
export function stepOf(rows: readonly Placed[], id: string, step: Step): Drop | null {
  const at = rows.findIndex(row => row.id === id);
  const own = rows[at];
  if (own === undefined) {
    return null;
  }
  switch (step) {
    case 'up':
      return at === 0 ? null : dropAt(rows, [id], at - 1);
    case 'down':
      return at === rows.length - 1 ? null : dropAt(rows, [id], at + 2);
    case 'top':
      return rows[at - 1]?.priority === own.priority ? { jobs: [id], move: { top: true }, takes: null } : null;
    case 'bottom':
      return rows[at + 1]?.priority === own.priority ? { jobs: [id], move: { bottom: true }, takes: null } : null;
  }
}

/** The rows once they stand there. Rows that stay are the same objects. */
export function after<T extends Placed>(rows: readonly T[], drop: Drop): readonly T[] {
  const meant = new Set(drop.jobs);
  const { takes, move } = drop;
  const moved = rows.filter(row => meant.has(row.id)).map(row => (takes === null ? row : { ...row, priority: takes }));
  const rest = rows.filter(row => !meant.has(row.id));
  const priority = moved[0]?.priority ?? 0;
  const at =
    'ahead_of' in move
      ? rest.findIndex(row => row.id === move.ahead_of)
      : 'behind_of' in move
        ? rest.findIndex(row => row.id === move.behind_of) + 1
        : rest.filter(row => ('top' in move ? row.priority < priority : row.priority <= priority)).length;
  return at < 0 || moved.length === 0 ? rows : [...rest.slice(0, at), ...moved, ...rest.slice(at)];
}

/** The way of a key with Alt: the row itself goes there. */
export function stepBy(event: {
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}): Step | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
    return null;
  }
  const ways: Readonly<Record<string, Step>> = { ArrowUp: 'up', ArrowDown: 'down', Home: 'top', End: 'bottom' };
  return ways[event.key] ?? null;
}
