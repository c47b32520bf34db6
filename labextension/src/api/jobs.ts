/** What can be asked about jobs, typed by the server's own schema. */
import type { ServerConnection } from '@jupyterlab/services';
import { request } from './http';
import type { components } from './types.gen';

type Schemas = components['schemas'];

export type Job = Schemas['JobView'];
export type Phase = Schemas['Phase'];
export type Metric = Schemas['MetricView'];
export type Series = Schemas['SeriesView'];
export type Change = Schemas['ChangeView'];
export type ChangeMessage = Schemas['ChangeMessage'];
export type Verb = Schemas['Verb'];
export type Info = Schemas['InfoView'];
export type JobPage = Schemas['JobPage'];
export type ItemResult = Schemas['ItemResult'];
export type Pool = Schemas['PoolView'];
export type Attempt = Schemas['AttemptView'];
export type Lineage = Schemas['LineageView'];

type Settings = ServerConnection.ISettings;

/** Ask for one job, with its spec and artifacts. */
export function show(settings: Settings, id: string): Promise<Job> {
  return request<Job>(settings, 'GET', `jobs/${encodeURIComponent(id)}`);
}

/** A page of ended jobs, the newest submitted first. */
export function ended(settings: Settings, after: string | null, limit: number): Promise<JobPage> {
  return request<JobPage>(settings, 'GET', 'jobs', {
    query: { state: ['succeeded', 'failed', 'canceled'], after, limit }
  });
}

/** A page of what waits, in the order in which it starts. */
export function waiting(settings: Settings, after: string | null, limit: number): Promise<JobPage> {
  return request<JobPage>(settings, 'GET', 'jobs', { query: { sort: 'queue', after, limit } });
}

/** A page of the jobs that a filter lets through, the newest submitted first. */
export function filtered(
  settings: Settings,
  filter: string,
  after: string | null,
  limit: number,
  signal?: AbortSignal
): Promise<JobPage> {
  return request<JobPage>(settings, 'GET', 'jobs', { query: { filter, after, limit }, signal });
}

/** Jobs that wait or run. */
export function active(settings: Settings): Promise<JobPage> {
  return request<JobPage>(settings, 'GET', 'jobs', { query: { state: ['queued', 'running', 'paused'], limit: 500 } });
}

/** The newest jobs, whatever their state. */
export function latest(settings: Settings, limit: number): Promise<JobPage> {
  return request<JobPage>(settings, 'GET', 'jobs', { query: { limit } });
}

/** Curves of a job; minimum and maximum survive the sampling. */
export async function curves(
  settings: Settings,
  id: string,
  names: readonly string[],
  points: number
): Promise<Series[]> {
  const found = await request<Schemas['MetricsView']>(settings, 'GET', `jobs/${encodeURIComponent(id)}/metrics`, {
    query: { name: names, points }
  });
  return found.series;
}

/** How a verb is meant beside its name. */
export interface Manner {
  /** A pause need not wait for a checkpoint, nor does it need one. */
  readonly discard?: boolean;
  /** Values of `pass_env` for one that starts again. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Wish something of several jobs. The answer has one result a job; a refusal of one does not touch the rest. */
export async function act(settings: Settings, verb: Verb, jobs: readonly string[], manner: Manner = {}): Promise<ItemResult[]> {
  const answer = await request<Schemas['VerbResult']>(settings, 'POST', 'verbs', { body: { verb, jobs, ...manner } });
  return answer.results;
}

/** The cell that does again what the job did. */
export async function cellText(settings: Settings, id: string): Promise<string> {
  const found = await request<{ text: string }>(settings, 'GET', `jobs/${encodeURIComponent(id)}/cell`);
  return found.text;
}

/** Pools with their slots: how many there are, and how many are used. */
export async function pools(settings: Settings): Promise<readonly Pool[]> {
  const found = await request<Schemas['PoolList']>(settings, 'GET', 'pools');
  return found.pools;
}

/** The folder that gives another kernel the magics. */
export async function light(settings: Settings): Promise<string> {
  const found = await request<{ path: string }>(settings, 'GET', 'light');
  return found.path;
}

export function info(settings: Settings, signal?: AbortSignal): Promise<Info> {
  return request<Info>(settings, 'GET', 'info', { signal });
}
