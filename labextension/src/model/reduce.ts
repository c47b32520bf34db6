/**
 * State and what happened to it give the next state. Pure: the order of arrival may differ from the
 * order of events (an answer to a question may be older than the stream), so a job never goes back
 * to an earlier version.
 */
import type { Trouble } from '../api/http';
import type { ChangeMessage, Job } from '../api/jobs';
import { isEnded, leading } from './select';
import { EMPTY } from './state';
import type { State, Trail } from './state';

export type Event =
  | { readonly type: 'message'; readonly message: ChangeMessage }
  /** Jobs that were asked for, by page or one by one. */
  | { readonly type: 'jobs'; readonly jobs: readonly Job[] }
  | { readonly type: 'missing'; readonly id: string }
  /** Earlier values of the leading metric. */
  | { readonly type: 'trail'; readonly id: string; readonly trail: Trail }
  | { readonly type: 'connecting' }
  | { readonly type: 'resumed' }
  | { readonly type: 'lost'; readonly trouble: Trouble; readonly now: number }
  | { readonly type: 'idle' };

/** So many ended jobs are kept; older ones are asked for again when somebody scrolls to them. */
export const ENDED_KEPT = 500;

/** A sparkline has no room for more; past it every second value goes. */
export const TRAIL_LENGTH = 64;

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case 'message':
      return heard(state, event.message);
    case 'jobs':
      return withJobs(state, event.jobs);
    case 'missing':
      return { ...state, missing: new Set(state.missing).add(event.id) };
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
  const base = state.store !== null && state.store !== message.store ? EMPTY : state;
  const live: State = { ...base, store: message.store, link: { kind: 'live' }, known: true };
  const { jobs } = message;
  if (message.type !== 'snapshot') {
    return withJobs(live, jobs);
  }
  // A snapshot names every unfinished job: one that it lacks and we hold as unfinished has ended unseen
  // or been removed. It goes; whoever shows it asks for it anew.
  const named = new Set(jobs.map(job => job.id));
  const kept = new Map([...live.jobs].filter(([id, job]) => named.has(id) || isEnded(job)));
  return withJobs({ ...live, jobs: kept, missing: new Set() }, jobs);
}

function withJobs(state: State, news: readonly Job[]): State {
  if (news.length === 0) {
    return state;
  }
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
    jobs.set(job.id, { ...job, spec: job.spec ?? old?.spec ?? null, artifacts: job.artifacts ?? old?.artifacts ?? null });
    const longer = extended(trails.get(job.id), job);
    if (longer) {
      trails.set(job.id, longer);
    }
  }
  forgetOld(jobs, trails);
  return { ...state, jobs, trails, missing };
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
  if (!lead || lead.metric.last === null || (old?.metric === lead.name && old.count >= lead.metric.count)) {
    return null;
  }
  const before = old?.metric === lead.name ? old.values : [];
  return { metric: lead.name, count: lead.metric.count, values: thinned([...before, lead.metric.last]) };
}

function thinned(values: readonly number[]): readonly number[] {
  let kept = values;
  while (kept.length > TRAIL_LENGTH) {
    const last = kept.length - 1;
    kept = kept.filter((_, index) => (last - index) % 2 === 0); // the newest stays
  }
  return kept;
}

function forgetOld(jobs: Map<string, Job>, trails: Map<string, Trail>): void {
  const over = jobs.size - ENDED_KEPT;
  if (over <= 0) {
    return;
  }
  const ended = [...jobs.values()].filter(isEnded);
  ended.sort((a, b) => ((a.ended ?? a.submitted) < (b.ended ?? b.submitted) ? -1 : 1));
  for (const job of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) {
    jobs.delete(job.id);
    trails.delete(job.id);
  }
}
