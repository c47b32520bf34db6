/** Questions put to the state. Pure. */
import type { Experiment } from '../api/experiments';
import type { Job, Lineage, Metric, Phase, Verb } from '../api/jobs';
import type { State } from './state';

const TERMINAL: ReadonlySet<Phase> = new Set<Phase>(['succeeded', 'failed', 'canceled']);
const LOWER = /(?:^|[_./-])(?:loss|error|err|mse|rmse|mae|mape|nll|perplexity|ppl|cost|wer|cer|regret)(?:$|[_./-])/;
const HIGHER =
  /(?:^|[_./-])(?:acc\w*|score|auc|auroc|f1|r2|precision|recall|iou|map|bleu|rouge\w*|reward|return)(?:$|[_./-])/;

export interface Sections {
  readonly running: readonly Job[];
  readonly queued: readonly Job[];
  readonly recent: readonly Job[];
}

export function isEnded(job: { readonly phase: Phase } | undefined): boolean {
  return job !== undefined && TERMINAL.has(job.phase);
}

/** What a person may wish of a job: a verb, or that a training comes of it. */
export type Act = Verb | 'fork' | 'continue' | 'extend';

/** Whether it is worth asking the server for. Verbs it names itself; the rest is a matter of what the job has. */
export function allows(job: Job, act: Act): boolean {
  if (act !== 'fork' && act !== 'continue' && act !== 'extend') {
    return job.verbs.includes(act);
  }
  return (
    !job.archived &&
    (act === 'fork' || job.checkpoint !== null) &&
    (act !== 'extend' || isEnded(job) || job.state === 'paused')
  );
}

/** Jobs that were made from this one, those too that the page has heard of since it asked. */
export function childrenOf(state: State, job: Job): readonly Lineage[] {
  const known = new Map((job.children ?? []).map(child => [child.job, child]));
  for (const one of state.jobs.values()) {
    if (one.parent?.job === job.id) {
      known.set(one.id, { ...one.parent, job: one.id, name: one.name });
    }
  }
  return [...known.values()].filter(child => !state.missing.has(child.job));
}

/** Whether it stands in a queue: nothing of it runs, and it has not ended. */
export function isWaiting(job: Job): boolean {
  return job.state === 'queued' || job.state === 'paused';
}

/** The order of pages of ended jobs: the newest submitted first. */
export function newest(a: Job, b: Job): number {
  return order(b.submitted, a.submitted) || order(b.ended ?? '', a.ended ?? '') || order(a.id, b.id);
}

/** The order in which waiting jobs start. */
export function starts(a: Job, b: Job): number {
  return a.priority - b.priority || order(a.position, b.position) || order(a.submitted, b.submitted) || order(a.id, b.id);
}

/** The searches of the lists: those that go on, and the others, the newest first. */
export interface Searches {
  readonly running: readonly Experiment[];
  readonly rest: readonly Experiment[];
}

/** Searches in their lists; `listed` says which have a place. */
export function searches(state: State, listed: (one: Experiment) => boolean = one => !one.archived): Searches {
  const all = [...state.experiments.values()].filter(listed).sort((a, b) => order(b.submitted, a.submitted) || order(a.id, b.id));
  return { running: all.filter(isGoing).reverse(), rest: all.filter(one => !isGoing(one)) };
}

/** Whether it goes on, if only as one that waits for its driver. */
export function isGoing(one: Experiment): boolean {
  return one.state === 'running';
}

/** `lowerIsBetter`, as it was asked for. */
export function isBetterLow(one: Pick<Experiment, 'modes'>, metric = 0): boolean {
  return one.modes[metric] === 'min';
}

/** The best so far at evenly spaced places, for a sparkline. */
export function courseOf({ curve }: Pick<Experiment, 'curve'>, places = 24): readonly number[] {
  const [first, last] = [curve[0], curve[curve.length - 1]];
  if (first === undefined || last === undefined || curve.length < 2) {
    return [];
  }
  let at = 0;
  return Array.from({ length: places }, (_, place) => {
    const n = first[0] + ((last[0] - first[0]) * place) / (places - 1);
    while ((curve[at + 1]?.[0] ?? Infinity) <= n + 1e-9) {
      at += 1;
    }
    return curve[at]?.[1] ?? first[1];
  });
}

const began = (a: Job, b: Job): number => order(a.started ?? a.submitted, b.started ?? b.submitted) || order(a.id, b.id);
const finished = (a: Job, b: Job): number => order(b.ended ?? b.submitted, a.ended ?? a.submitted) || order(a.id, b.id);

/**
 * The sidebar's lists: running ones by their start, waiting ones in their order, ended ones newest first.
 *
 * With the answer of the time before, a list in which nothing changed is the same object, and the others
 * are sorted from their former order: ten thousand rows then cost one look each.
 */
export function sections(state: State, before?: Sections): Sections {
  return grouped(state.jobs.values(), before, job => !job.archived && job.experiment === null && isListed(state, job));
}

/** Jobs in their sections; `listed` says which have a place. */
export function grouped(jobs: Iterable<Job>, before?: Sections, listed: (job: Job) => boolean = () => true): Sections {
  const running = new Map<string, Job>();
  const queued = new Map<string, Job>();
  const recent = new Map<string, Job>();
  for (const job of jobs) {
    if (listed(job)) {
      (isEnded(job) ? recent : isWaiting(job) ? queued : running).set(job.id, job);
    }
  }
  return {
    running: ordered(running, before?.running, began),
    queued: ordered(queued, before?.queued, starts),
    recent: ordered(recent, before?.recent, finished)
  };
}

/** Whether everything that stands before it in its list is known too. */
function isListed({ recent, queue }: State, job: Job): boolean {
  if (isEnded(job)) {
    return recent.edge === null || newest(job, recent.edge) <= 0;
  }
  return job.state !== 'queued' || queue.edge === null || starts(job, queue.edge) <= 0;
}

function ordered(jobs: Map<string, Job>, before: readonly Job[] | undefined, by: (a: Job, b: Job) => number): readonly Job[] {
  if (before !== undefined && before.length === jobs.size && before.every(job => jobs.get(job.id) === job)) {
    return before;
  }
  const former: Job[] = [];
  for (const { id } of before ?? []) {
    const job = jobs.get(id);
    if (job) {
      former.push(job);
      jobs.delete(id);
    }
  }
  return [...jobs.values(), ...former].sort(by);
}

/** Metric names with the telling ones first: validation before training, a known direction before none. */
export function ranked(metrics: Readonly<Record<string, Metric>>): string[] {
  const rank = (name: string): number =>
    (name === 'epoch' ? 8 : 0) +
    (/val|test|eval/.test(name.toLowerCase()) ? 0 : 4) +
    (lowerIsBetter(name) === false ? 0 : lowerIsBetter(name) ? 1 : 2);
  return Object.keys(metrics).sort((a, b) => rank(a) - rank(b) || order(a, b));
}

/** The metric that stands for the job in one line, or null while there is none. */
export function leading(job: Job): { name: string; metric: Metric } | null {
  const [name] = ranked(job.metrics);
  const metric = name === undefined ? undefined : job.metrics[name];
  return name !== undefined && metric ? { name, metric } : null;
}

/** What a metric's name says about its direction; null when it says nothing. */
export function lowerIsBetter(name: string): boolean | null {
  const words = name.toLowerCase();
  return LOWER.test(words) ? true : HIGHER.test(words) ? false : null;
}

/** The best value and its step, where the name tells which way is better. */
export function best(name: string, metric: Metric): { value: number; step: number; lower: boolean } | null {
  const lower = lowerIsBetter(name);
  if (lower === null) {
    return null;
  }
  const value = lower ? metric.low : metric.high;
  const step = lower ? metric.low_step : metric.high_step;
  return value === null || step === null ? null : { value, step, lower };
}

/** The share that is done, 0 to 1, or null when the job does not say. */
export function share(job: Job): number | null {
  const { progress } = job;
  if (!progress?.total) {
    return null;
  }
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
