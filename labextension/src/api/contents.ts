/** What a job printed, ran and kept. */
import { ServerConnection } from '@jupyterlab/services';
import { address, request } from './http';
import type { Series } from './jobs';
import type { components } from './types.gen';

type Schemas = components['schemas'];
type Settings = ServerConnection.ISettings;

export type Artifact = Schemas['ArtifactView'];
export type LogChunk = Schemas['LogChunk'];
export type LogMatch = Schemas['LogMatch'];
export type LogMatches = Schemas['LogMatches'];
export type Code = Schemas['CodeView'];
export type CodeFile = Schemas['CodeFile'];

/** Where to read in a log. `tail` counts bytes from the end; `wait` seconds for more at the end. */
export interface LogPlace {
  readonly attempt?: number | null;
  readonly offset?: number;
  readonly tail?: number;
  readonly limit?: number;
  readonly wait?: number;
}

export interface LogQuestion {
  readonly pattern: string;
  readonly regex: boolean;
  readonly attempt?: number | null;
  readonly offset?: number;
  readonly line?: number;
  readonly limit?: number;
}

export function logs(settings: Settings, job: string, place: LogPlace, signal?: AbortSignal): Promise<LogChunk> {
  return request<LogChunk>(settings, 'GET', `${of(job)}/logs`, { query: { ...place }, signal });
}

export function logMatches(settings: Settings, job: string, asked: LogQuestion, signal?: AbortSignal): Promise<LogMatches> {
  return request<LogMatches>(settings, 'GET', `${of(job)}/log-matches`, { query: { ...asked }, signal });
}

export function code(settings: Settings, job: string): Promise<Code> {
  return request<Code>(settings, 'GET', `${of(job)}/code`);
}

/** Curves of these names, the machine's own too. */
export async function allCurves(
  settings: Settings,
  job: string,
  names: readonly string[],
  points: number,
  signal?: AbortSignal
): Promise<Series[]> {
  const query = { name: names, points };
  return (await request<Schemas['MetricsView']>(settings, 'GET', `${of(job)}/metrics`, { query, signal })).series;
}

export async function artifacts(settings: Settings, job: string): Promise<readonly Artifact[]> {
  return (await request<Schemas['ArtifactList']>(settings, 'GET', `${of(job)}/artifacts`)).artifacts;
}

/** Where a kept file can be downloaded. */
export function downloadAddress(settings: Settings, job: string, artifact: string): string {
  const token = settings.appendToken && settings.token ? settings.token : undefined;
  return address(settings.baseUrl, `${of(job)}/artifacts/${encodeURIComponent(artifact)}`, { token });
}

/** The first `limit` bytes of a kept file, and whether that is all of it. What is beyond is not fetched. */
export async function artifactStart(
  settings: Settings,
  job: string,
  artifact: string,
  limit: number,
  signal: AbortSignal
): Promise<{ bytes: Uint8Array<ArrayBuffer>; whole: boolean }> {
  const url = address(settings.baseUrl, `${of(job)}/artifacts/${encodeURIComponent(artifact)}`);
  const response = await ServerConnection.makeRequest(url, { signal }, settings);
  if (!response.ok || response.body === null) {
    throw await ServerConnection.ResponseError.create(response);
  }
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  let whole = false;
  while (size <= limit) {
    const { done, value } = await reader.read();
    if (done) {
      whole = true;
      break;
    }
    pieces.push(value);
    size += value.length;
  }
  void reader.cancel();
  const bytes = new Uint8Array(Math.min(size, limit));
  let filled = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, limit - filled);
    bytes.set(part, filled);
    filled += part.length;
  }
  return { bytes, whole: whole && size <= limit };
}

/** Where the record shows a run. */
export function recordAddress(settings: Settings, run: string): string {
  return `${address(settings.baseUrl, 'record')}/#/runs/${encodeURIComponent(run)}`;
}

function of(job: string): string {
  return `jobs/${encodeURIComponent(job)}`;
}
