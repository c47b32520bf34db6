/** What can be asked about searches: how they stand, their trials and curves, and what is wished of them. */
import type { ServerConnection } from '@jupyterlab/services';
import { request } from './http';
import type { components } from './types.gen';

type Schemas = components['schemas'];
type Settings = ServerConnection.ISettings;

export type Experiment = Schemas['ExperimentView'];
export type ExperimentPage = Schemas['ExperimentPage'];
export type ExperimentVerb = Experiment['verbs'][number];
export type ExperimentResult = Omit<Schemas['ExperimentItemResult'], 'problem'> & { readonly problem: Schemas['ProblemDocument'] | null };
export type Trial = Schemas['TrialView'];
export type TrialPage = Schemas['TrialPage'];
export type TrialCurves = Schemas['CurvesView'];

/** How a verb is meant beside its name. */
export interface Manner {
  /** By how many more trials to extend. */
  readonly trials?: number;
  readonly discard?: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** One search, with its spec. */
export function experiment(settings: Settings, id: string): Promise<Experiment> {
  return request<Experiment>(settings, 'GET', of(id));
}

/** A page of them, the newest first. */
export function experiments(settings: Settings, after: string | null, limit: number): Promise<ExperimentPage> {
  return request<ExperimentPage>(settings, 'GET', 'experiments', { query: { after, limit } });
}

/** A page of a search's trials. `sort`: number, value, state, or an axis; the other way round with a minus in front. */
export function trials(settings: Settings, id: string, sort: string, after: string | null, limit: number, signal?: AbortSignal): Promise<TrialPage> {
  return request<TrialPage>(settings, 'GET', `${of(id)}/trials`, { query: { sort, after, limit }, signal });
}

/** How a metric went in the best trials. */
export function trialCurves(settings: Settings, id: string, metric: string, most: number, points: number, signal?: AbortSignal): Promise<TrialCurves> {
  return request<TrialCurves>(settings, 'GET', `${of(id)}/curves`, { query: { metric, trials: most, points }, signal });
}

/** Wish something of searches. One result each; a refusal of one does not touch the rest. */
export async function actOn(
  settings: Settings,
  verb: ExperimentVerb,
  ids: readonly string[],
  manner: Manner = {}
): Promise<readonly ExperimentResult[]> {
  const body = { verb, experiments: ids, ...manner };
  return (await request<{ results: ExperimentResult[] }>(settings, 'POST', 'experiments/verbs', { body })).results;
}

function of(id: string): string {
  return `experiments/${encodeURIComponent(id)}`;
}
