/** What the page knows about trainings. Plain data; `reduce.ts` alone makes new ones. */
import type { Trouble } from '../api/http';
import type { Experiment, ExperimentVerb } from '../api/experiments';
import type { Job, Verb } from '../api/jobs';

export type Link =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `since` is when the last good word came, in ms since the epoch. */
  | { readonly kind: 'lost'; readonly trouble: Trouble; readonly since: number };

export interface State {
  /** The store that answers; null until it has. */
  readonly store: string | null;
  /** The store that answered before this one, where another has taken its place. */
  readonly formerly: string | null;
  readonly jobs: ReadonlyMap<string, Job>;
  /** Searches by the id that they share with the job that drives them. Their trials' jobs come only where somebody asks. */
  readonly experiments: ReadonlyMap<string, Experiment>;
  /** What the list of searches goes on with; null where all are known. `next` null: its first page. */
  readonly olderExperiments: { readonly next: string | null } | null;
  /** Jobs and searches that somebody asked for and the store does not have. */
  readonly missing: ReadonlySet<string>;
  /** What was asked of jobs and searches and is not answered yet. */
  readonly asked: ReadonlyMap<string, Verb | ExperimentVerb>;
  /** The last values of a job's leading metric, for its sparkline. */
  readonly trails: ReadonlyMap<string, Trail>;
  /** How many jobs the store has in each state; null where the server does not say. */
  readonly counts: Readonly<Record<string, number>> | null;
  readonly recent: Reach;
  readonly queue: Reach;
  /** Grows with each word that may have changed an order, or what is free. */
  readonly turns: number;
  /** So many ended jobs are kept; reading on in the list raises it. */
  readonly kept: number;
  readonly link: Link;
  /** Whether a snapshot has come: only then is an empty list an empty store. */
  readonly known: boolean;
}

/**
 * How far a list goes without a gap. The store has more than a page holds; what lies beyond the edge may
 * be known by chance (a card has asked for it) and is not listed until everything before it is.
 */
export interface Reach {
  /** The last job of the list without a gap; null: nothing is missing. */
  readonly edge: Job | null;
  /** Cursor of the next page; null: begin with the first. */
  readonly next: string | null;
}

export interface Trail {
  readonly metric: string;
  readonly count: number; // of points the series had when the last value was taken
  readonly values: readonly number[];
}

/** So many ended jobs are kept at first; older ones are asked for again when somebody scrolls to them. */
export const ENDED_KEPT = 500;

const WHOLE: Reach = { edge: null, next: null };

export const EMPTY: State = {
  store: null,
  formerly: null,
  jobs: new Map(),
  experiments: new Map(),
  olderExperiments: null,
  missing: new Set(),
  asked: new Map(),
  trails: new Map(),
  counts: null,
  recent: WHOLE,
  queue: WHOLE,
  turns: 0,
  kept: ENDED_KEPT,
  link: { kind: 'idle' },
  known: false
};
