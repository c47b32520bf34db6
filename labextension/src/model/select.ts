/** Questions put to the state. Pure. */
import type { Job, Metric, Phase } from '../api/jobs';
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

export function isEnded(job: Job): boolean {
  return TERMINAL.has(job.phase);
}

/** Whether a person may still ask it to stop. */
export function mayStop(job: Job): boolean {
  return !isEnded(job) && job.desired === 'run';
}

/** The sidebar's lists: running ones by their start, waiting ones in their order, ended ones newest first. */
export function sections(state: State): Sections {
  const running: Job[] = [];
  const queued: Job[] = [];
  const recent: Job[] = [];
  for (const job of state.jobs.values()) {
    (isEnded(job) ? recent : job.state === 'queued' ? queued : running).push(job);
  }
  running.sort((a, b) => order(a.started ?? a.submitted, b.started ?? b.submitted) || order(a.id, b.id));
  queued.sort((a, b) => a.priority - b.priority || order(a.submitted, b.submitted) || order(a.id, b.id));
  recent.sort((a, b) => order(b.ended ?? b.submitted, a.ended ?? a.submitted) || order(a.id, b.id));
  return { running, queued, recent };
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
