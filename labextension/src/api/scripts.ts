/** A script of the server's folder: what it can be given, and training with it. */
import type { ServerConnection } from '@jupyterlab/services';
import { request } from './http';
import type { components } from './types.gen';

type Schemas = components['schemas'];
type Settings = ServerConnection.ISettings;

export type Script = Schemas['ScriptView'];
export type ScriptParameter = Schemas['ScriptParameter'];
export type ScriptSubmit = Schemas['ScriptSubmit'];
export type Submitted = Schemas['SubmitResult'];

/** What the text of a script says of its parameters. */
export function script(settings: Settings, path: string): Promise<Script> {
  return request<Script>(settings, 'GET', 'scripts', { query: { path } });
}

/** @throws Trouble with the server's sentence when it refuses. */
export function submitScript(settings: Settings, wish: ScriptSubmit): Promise<Submitted> {
  return request<Submitted>(settings, 'POST', 'scripts', { body: wish });
}
