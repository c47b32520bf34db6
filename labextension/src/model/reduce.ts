/**
 * State and what happened to it give the next state. Pure: the order of arrival may differ from the
 * order of events (an answer to a question may be older than the stream), so a job never goes back
 * to an earlier version.
 */
import type { Experiment, ExperimentVerb } from '../api/experiments';
import type { Trouble } from '../api/http';
import type { ChangeMessage, Job, Metric, Verb } from '../api/jobs';
import { isEnded, leading, newest, starts } from './select';
import { EMPTY, ENDED_KEPT } from './state';
import type { Reach, State, Trail } from './state';

export type Event =
  | { readonly type: 'message'; readonly message: ChangeMessage }
  /** Jobs that were asked for, by page or one by one. */
  | { readonly type: 'jobs'; readonly jobs: readonly Job[]; /** Whether a list needs them to stay. */ readonly listed?: boolean }
  /** The next page of a list; `next` is the cursor of the one after it. */
  | { readonly type: 'page'; readonly list: 'recent' | 'queue'; readonly jobs: readonly Job[]; readonly next: string | null }
  /** Searches that were asked for. */
  | { readonly type: 'experiments'; readonly experiments: readonly Experiment[] }
  /** The next page of the searches; `next` is the cursor of the one after it. */
  | { readonly type: 'older'; readonly experiments: readonly Experiment[]; readonly next: string | null }
  /** Nobody reads the list any more: only the newest ended jobs stay. */
  | { readonly type: 'forget' }
  | { readonly type: 'missing'; readonly id: string }
  | { readonly type: 'asked'; readonly verb: Verb | ExperimentVerb; readonly ids: readonly string[] }
  /** The server has answered, or it is known that it won't. `gone`: those that it has deleted. */
  | { readonly type: 'answered'; readonly ids: readonly string[]; readonly gone: readonly string[] }
  /** Earlier values of the leading metric. */
  | { readonly type: 'trail'; readonly id: string; readonly trail: Trail }
  | { readonly type: 'connecting' }
  | { readonly type: 'resumed' }
  | { readonly type: 'lost'; readonly trouble: Trouble; readonly now: number }
  | { readonly type: 'idle' };

export { ENDED_KEPT };

/** A server that does not count says that it has more by filling its first picture. */
const FIRST_PICTURE = { recent: 50, queue: 200, experiments: 20 };

/** A sparkline has no room for more; past it every second value goes. */
export const TRAIL_LENGTH = 64;

/** Kinds of changes that may move a job in its queue, or make room. */
const TURNS: ReadonlySet<string> = new Set(['submitted', 'wish', 'attempt', 'state', 'pool', 'checkpoint', 'gone']);

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case 'message':
      return heard(state, event.message);
    case 'jobs':
      return withJobs(event.listed ? { ...state, kept: state.kept + event.jobs.length } : state, event.jobs);
    case 'page':
      return withPage(state, event.list, event.jobs, event.next);
    case 'experiments':
      return withExperiments(state, event.experiments);
    case 'older':
      return withExperiments({ ...state, olderExperiments: event.next === null ? null : { next: event.next } }, event.experiments);
    case 'forget':
      return withJobs({ ...state, kept: ENDED_KEPT }, []);
    case 'missing':
      return { ...state, missing: new Set(state.missing).add(event.id) };
    case 'asked':
      return { ...state, asked: new Map([...state.asked, ...event.ids.map(id => [id, event.verb] as const)]) };
    case 'answered': {
      const answered = new Set(event.ids);
      return without({ ...state, asked: new Map([...state.asked].filter(([id]) => !answered.has(id))) }, event.gone);
    }
    case 'trail':
      return withTrail(state, event.id, event.trail);
    case 'connecting':
      // While a loss lasts, its reason stays on show: trying again is not news.
      return state.link.kind === 'lost' ? state : { ...state, link: { kind: 'connecting' } };
    case 'resumed':
      return { ...state, link: { kind: 'live' } };
    case 'lost':
      return {
        ...state,
        link: { kind: 'lost', trouble: event.trouble, since: state.link.kind === 'lost' ? state.link.since : event.now }
      };
    case 'idle':
      return { ...state, link: { kind: 'idle' } };
  }
}

function heard(state: State, message: ChangeMessage): State {
  const stranger = state.store !== null && state.store !== message.store;
  const base = stranger ? { ...EMPTY, formerly: state.store } : state;
  const counts = Object.keys(message.counts ?? {}).length > 0 || message.type === 'snapshot' ? message.counts : base.counts;
  const turns = message.type === 'snapshot' || message.changes.some(({ kind }) => TURNS.has(kind)) ? state.turns + 1 : state.turns;
  const live: State = { ...base, turns, store: message.store, counts: counts ?? null, link: { kind: 'live' }, known: true };
  if (message.type !== 'snapshot') {
    // Trials come by the thousand: of those only what somebody looks at is kept.
    const jobs = message.jobs.filter(job => job.experiment === null || live.jobs.has(job.id));
    const gone = message.changes.flatMap(({ kind, job }) => (kind === 'gone' && job !== null ? [job] : []));
    return without(withExperiments(withJobs(live, jobs), message.experiments), gone);
  }
  const { jobs, experiments } = message;
  // A snapshot names every unfinished job, and of the ended ones the newest: one that it lacks has ended
  // unseen, or been removed or archived. It goes; whoever shows it asks for it anew.
  const named = new Set([...jobs, ...experiments].map(one => one.id));
  const recent = reach(jobs.filter(isEnded), live.counts, ['succeeded', 'failed', 'canceled'], FIRST_PICTURE.recent, newest);
  const queue = reach(jobs.filter(job => job.state === 'queued'), live.counts, ['queued'], FIRST_PICTURE.queue, starts);
  const over = experiments.filter(isEnded);
  const olderExperiments = over.length < FIRST_PICTURE.experiments ? null : { next: null };
  const oldest = olderExperiments === null ? '' : over.map(one => one.submitted).sort()[0] ?? '';
  const isBeyond = (job: Job): boolean =>
    isEnded(job) && (job.archived || job.experiment !== null || (recent.edge !== null && newest(job, recent.edge) > 0));
  const kept = new Map([...live.jobs].filter(([id, job]) => named.has(id) || isBeyond(job)));
  const trails = new Map([...live.trails].filter(([id]) => kept.has(id)));
  const searching = new Map(
    [...live.experiments].filter(([id, one]) => isEnded(one) && (named.has(id) || one.archived || one.submitted < oldest))
  );
  const known: State = { ...live, jobs: kept, trails, experiments: searching, olderExperiments, missing: new Set(), recent, queue };
  return withExperiments(withJobs(known, jobs), experiments);
}

/** How far a first picture goes. */
function reach(
  jobs: Job[],
  counts: State['counts'],
  states: readonly string[],
  full: number,
  order: (a: Job, b: Job) => number
): Reach {
  const counted = counts === null || Object.keys(counts).length === 0 ? null : counts;
  const all = counted ? states.reduce((sum, state) => sum + (counted[state] ?? 0), 0) : null;
  const whole = all === null ? jobs.length < full : jobs.length >= all;
  return { edge: whole ? null : (jobs.sort(order)[jobs.length - 1] ?? null), next: null };
}

function withPage(state: State, list: 'recent' | 'queue', jobs: readonly Job[], next: string | null): State {
  const order = list === 'recent' ? newest : starts;
  const { edge } = state[list];
  const last = jobs[jobs.length - 1] ?? null;
  // The first page may end before the first picture did.
  const further = next === null ? null : edge !== null && last !== null && order(last, edge) > 0 ? last : edge;
  const kept = list === 'recent' ? state.kept + jobs.length : state.kept;
  return withJobs({ ...state, kept, [list]: { edge: further, next } }, jobs);
}

function withJobs(state: State, news: readonly Job[]): State {
  const jobs = new Map(state.jobs);
  const trails = new Map(state.trails);
  const missing = new Set(state.missing);
  for (const job of news) {
    const old = jobs.get(job.id);
    missing.delete(job.id);
    if (old && old.version > job.version) {
      continue;
    }
    // Lists leave out what only a single answer has; knowing it once is enough.
    jobs.set(job.id, {
      ...job,
      spec: job.spec ?? old?.spec ?? null,
      artifacts: job.artifacts ?? old?.artifacts ?? null,
      children: job.children ?? old?.children ?? null
    });
    const longer = extended(trails.get(job.id), job);
    if (longer) {
      trails.set(job.id, longer);
    }
  }
  const recent = forgetOld(jobs, trails, state);
  return { ...state, jobs, trails, missing, recent };
}

function withExperiments(state: State, news: readonly Experiment[]): State {
  if (news.length === 0) {
    return state;
  }
  const experiments = new Map(state.experiments);
  const missing = new Set(state.missing);
  for (const one of news) {
    const old = experiments.get(one.id);
    missing.delete(one.id);
    if (old === undefined || old.version <= one.version) {
      experiments.set(one.id, { ...one, spec: one.spec ?? old?.spec ?? null });
    }
  }
  return { ...state, experiments, missing };
}

/** Deleted jobs and searches are missing from now on. */
function without(state: State, gone: readonly string[]): State {
  if (gone.length === 0) {
    return state;
  }
  const jobs = new Map(state.jobs);
  const trails = new Map(state.trails);
  const experiments = new Map(state.experiments);
  for (const id of gone) {
    jobs.delete(id);
    trails.delete(id);
    experiments.delete(id);
  }
  return { ...state, jobs, trails, experiments, missing: new Set([...state.missing, ...gone]) };
}

function withTrail(state: State, id: string, trail: Trail): State {
  const old = state.trails.get(id);
  if (old && old.metric === trail.metric && old.count > trail.count) {
    return state;
  }
  return { ...state, trails: new Map(state.trails).set(id, { ...trail, values: thinned(trail.values) }) };
}

/** The trail with the job's newest value, or null when there is nothing new to it. */
function extended(old: Trail | undefined, job: Job): Trail | null {
  const lead = leading(job);
  if (!lead || lead.metric.last === null || (old?.metric === lead.name && old.count === lead.metric.count)) {
    return null;
  }
  const before = old?.metric === lead.name ? stillTrue(old, lead.metric) : [];
  return { metric: lead.name, count: lead.metric.count, values: thinned([...before, lead.metric.last]) };
}

/** What is left of a trail: an attempt that began at an earlier step takes back what came after that. */
function stillTrue({ values, count }: Trail, metric: Metric): readonly number[] {
  return metric.count > count ? values : values.slice(0, Math.floor((values.length * (metric.count - 1)) / count));
}

function thinned(values: readonly number[]): readonly number[] {
  let kept = values;
  while (kept.length > TRAIL_LENGTH) {
    const last = kept.length - 1;
    kept = kept.filter((_, index) => (last - index) % 2 === 0); // the newest stays
  }
  return kept;
}

/** Drops the oldest of too many ended jobs, and gives how far the list then goes. */
function forgetOld(jobs: Map<string, Job>, trails: Map<string, Trail>, { kept, recent }: State): Reach {
  if (jobs.size <= kept) {
    return recent;
  }
  const ended = [...jobs.values()].filter(isEnded);
  if (ended.length <= kept) {
    return recent;
  }
  ended.sort(newest);
  for (const job of ended.slice(kept)) {
    jobs.delete(job.id);
    trails.delete(job.id);
  }
  const last = ended[kept - 1] ?? null;
  const nearer = last !== null && (recent.edge === null || newest(last, recent.edge) < 0);
  return nearer ? { edge: last, next: null } : recent;
}
