/** What each run was given otherwise than the run of its name before it, as far as the page knows them. Pure. */
import type { Job } from '../api/jobs';

export interface Change {
  readonly name: string;
  /** undefined: not given. */
  readonly now: unknown;
  readonly before: unknown;
}

const NONE: readonly Change[] = [];

/**
 * What a job is given never changes, so the answer is the same for as long as the same jobs are known: with
 * the answer of the time before, news of ten thousand cost one look each. Names are sorted when asked for.
 */
export class Namesakes {
  static of(jobs: ReadonlyMap<string, Job>, before?: Namesakes): Namesakes {
    return before !== undefined && haveSameKeys(jobs, before.jobs) ? before : new Namesakes(jobs);
  }

  /** What differs from the run of that name before it; nothing for the first. */
  changes(job: Job): readonly Change[] {
    let found = this.found.get(job.id);
    if (found === undefined) {
      this.link(job.name);
      const before = this.previous.get(job.id);
      found = before === undefined ? NONE : differing(job.params, before.params);
      this.found.set(job.id, found);
    }
    return found;
  }

  private constructor(private readonly jobs: ReadonlyMap<string, Job>) {
    for (const job of jobs.values()) {
      const runs = this.runs.get(job.name);
      if (runs === undefined) {
        this.runs.set(job.name, [job]);
      } else {
        runs.push(job);
      }
    }
  }

  private link(name: string): void {
    const runs = this.runs.get(name) ?? [];
    this.runs.delete(name); // linked for good
    runs.sort(byTime).forEach((job, place) => {
      const before = runs[place - 1];
      if (before !== undefined) {
        this.previous.set(job.id, before);
      }
    });
  }

  private readonly runs = new Map<string, Job[]>();
  private readonly previous = new Map<string, Job>();
  private readonly found = new Map<string, readonly Change[]>();
}

function differing(now: Job['params'], before: Job['params']): readonly Change[] {
  const changes = [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .map(name => ({ name, now: now[name], before: before[name] }))
    .filter(change => JSON.stringify(change.now) !== JSON.stringify(change.before));
  return changes.length === 0 ? NONE : changes;
}

function haveSameKeys(some: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>): boolean {
  if (some.size !== others.size) {
    return false;
  }
  for (const key of some.keys()) {
    if (!others.has(key)) {
      return false;
    }
  }
  return true;
}

function byTime(a: Job, b: Job): number {
  return a.submitted < b.submitted ? -1 : a.submitted > b.submitted ? 1 : a.id < b.id ? -1 : 1;
}
