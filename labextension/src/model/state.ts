/** What the page knows about trainings. Plain data; `reduce.ts` alone makes new ones. */
import type { Trouble } from '../api/http';
import type { Job } from '../api/jobs';

export type Link =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `since` is when the last good word came, in ms since the epoch. */
  | { readonly kind: 'lost'; readonly trouble: Trouble; readonly since: number };

export interface State {
  /** The store that answers; null until it has. */
  readonly store: string | null;
  readonly jobs: ReadonlyMap<string, Job>;
  /** Jobs that somebody asked for and the store does not have. */
  readonly missing: ReadonlySet<string>;
  /** The last values of a job's leading metric, for its sparkline. */
  readonly trails: ReadonlyMap<string, Trail>;
  readonly link: Link;
  /** Whether a snapshot has come: only then is an empty list an empty store. */
  readonly known: boolean;
}

export interface Trail {
  readonly metric: string;
  readonly count: number; // of points the series had when the last value was taken
  readonly values: readonly number[];
}

export const EMPTY: State = {
  store: null,
  jobs: new Map(),
  missing: new Set(),
  trails: new Map(),
  link: { kind: 'idle' },
  known: false
};
