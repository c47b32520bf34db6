/** The checkpoints of a job, which of them stay, and what goes on from them. */
import type { ServerConnection } from '@jupyterlab/services';
import { request } from './http';
import type { components } from './types.gen';

type Schemas = components['schemas'];
export type Settings = ServerConnection.ISettings;
/** What came of it: a job, as its code has no axes to search. */
export interface Submitted {
  readonly job: Schemas['JobView'];
  readonly notes: readonly string[];
}

export type Checkpoint = Schemas['CheckpointView'];
export type CheckpointList = Schemas['CheckpointList'];
/** How many of each kind stay. `experiment_best` counts the job alone until it belongs to an experiment. */
export type Keep = CheckpointList['keep'];
export type Policy = Pick<CheckpointList, 'keep' | 'metric' | 'mode'>;
export type Retention = Schemas['RetentionView'];

/** A new job from another one's code. `config` is YAML; what is left out stays as it was. */
export interface Again {
  readonly key: string;
  readonly name: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly config: { readonly text: string; readonly name: string } | null;
  /** Values of its `pass_env`, which are kept nowhere. */
  readonly secrets: Readonly<Record<string, string>>;
}

export function checkpoints(settings: Settings, job: string): Promise<CheckpointList> {
  return request<CheckpointList>(settings, 'GET', `${of(job)}/checkpoints`);
}

/** What a policy would delete; with `apply` it is deleted. */
export function retention(settings: Settings, job: string, policy: Policy, apply: boolean, signal?: AbortSignal): Promise<Retention> {
  return request<Retention>(settings, 'POST', `${of(job)}/retention`, { body: { ...policy, apply }, signal });
}

/** Again with another config, and without weights. */
export function fork(settings: Settings, job: string, again: Again): Promise<Submitted> {
  return request<Submitted>(settings, 'POST', `${of(job)}/fork`, { body: again });
}

/** A new job that begins with a checkpoint of this one; null: with the newest. */
export function goOn(settings: Settings, job: string, again: Again, checkpoint: string | null): Promise<Submitted> {
  return request<Submitted>(settings, 'POST', `${of(job)}/continue`, { body: { ...again, checkpoint } });
}

/** The same job further, from its newest checkpoint; once, however often it is sent with the same key. */
export function extend(settings: Settings, job: string, wish: Pick<Again, 'key' | 'params' | 'secrets'>): Promise<Submitted> {
  return request<Submitted>(settings, 'POST', `${of(job)}/resume`, { body: wish });
}

function of(job: string): string {
  return `jobs/${encodeURIComponent(job)}`;
}
