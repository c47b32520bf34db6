/** What can be asked about queues and pools: a page of the order, and what changes it. */
import type { ServerConnection } from '@jupyterlab/services';
import { refusalOf, request } from './http';
import type { ItemResult, Pool } from './jobs';
import type { components } from './types.gen';

type Schemas = components['schemas'];
type Settings = ServerConnection.ISettings;

export type QueueRow = Schemas['QueueRow'];
export type QueuePage = Schemas['QueuePage'];
export type Start = Schemas['StartView'];

/** Exactly one of them. */
export type Move =
  | { readonly priority: number }
  | { readonly weight: number }
  | { readonly resource_pool: string }
  | { readonly ahead_of: string }
  | { readonly behind_of: string }
  | { readonly top: true }
  | { readonly bottom: true }
  | { readonly position: number };

/** A part of a pool's queue in the order in which it is served: what waits and what runs. Null: of the default pool. */
export function queue(
  settings: Settings,
  pool: string | null,
  after: string | null,
  limit: number,
  signal?: AbortSignal
): Promise<QueuePage> {
  return request<QueuePage>(settings, 'GET', 'queue', { query: { pool, after, limit }, signal });
}

/** Change one thing of several jobs. One result a job; a refusal of one does not touch the rest. */
export async function move(settings: Settings, jobs: readonly string[], what: Move): Promise<ItemResult[]> {
  const answer = await request<Schemas['VerbResult']>(settings, 'POST', 'queue/moves', { body: { jobs, ...what } });
  return answer.results;
}

/**
 * Change several things of one job, all of them or none.
 *
 * @throws Trouble with the first refusal.
 */
export async function moveAll(settings: Settings, job: string, moves: readonly Move[]): Promise<Schemas['JobView'] | null> {
  const items = moves.map(one => itemOf(job, one));
  const { results } = await request<Schemas['BatchResult']>(settings, 'POST', 'queue/batch', { body: { items, atomic: true } });
  const refused = results.find(one => one.problem)?.problem;
  if (refused) {
    throw refusalOf(refused);
  }
  return results[results.length - 1]?.job ?? null;
}

/** Make a pool, or change what is given of one. */
export async function setPool(settings: Settings, pool: Schemas['PoolRequest']): Promise<readonly Pool[]> {
  return (await request<Schemas['PoolList']>(settings, 'PUT', 'pools', { body: pool })).pools;
}

function itemOf(job: string, move: Move): string {
  const [[name, value] = ['', '']] = Object.entries(move);
  const operation = name.replace(/_/g, '-');
  return value === true ? `${job}.${operation}` : `${job}.${operation}=${typeof value === 'string' ? JSON.stringify(value) : value}`;
}
