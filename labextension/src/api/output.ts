/** What a job wrote: the end of its log, and the files it kept. */
import { ServerConnection } from '@jupyterlab/services';
import { Trouble, address, request } from './http';
import type { components } from './types.gen';

type Settings = ServerConnection.ISettings;

export type Artifact = components['schemas']['ArtifactView'];
export type LogChunk = components['schemas']['LogChunk'];

/** The last `bytes` of the latest attempt's log. */
export function logEnd(settings: Settings, job: string, bytes: number): Promise<LogChunk> {
  return request<LogChunk>(settings, 'GET', `jobs/${encodeURIComponent(job)}/logs`, { query: { tail: bytes } });
}

/** Where a browser finds a kept file by itself; it shows the file where that is safe. */
export function artifactAddress(settings: Settings, job: string, artifact: string): string {
  const token = settings.appendToken && settings.token ? settings.token : undefined;
  return address(settings.baseUrl, artifactPath(job, artifact), { inline: true, token });
}

/** Where a browser finds the log by itself. */
export function logAddress(settings: Settings, job: string): string {
  const token = settings.appendToken && settings.token ? settings.token : undefined;
  return address(settings.baseUrl, `jobs/${encodeURIComponent(job)}/logs`, { tail: 1_000_000, token });
}

/**
 * The content of a kept file, to be drawn by the page: its address, with a token in it, stays out of the document.
 *
 * @throws Trouble whenever it does not come.
 */
export async function artifactContent(settings: Settings, job: string, artifact: string): Promise<Blob> {
  const url = address(settings.baseUrl, artifactPath(job, artifact), { inline: true });
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, { method: 'GET' }, settings);
  } catch {
    throw new Trouble('The Jupyter server does not answer.', 'It may be restarting.', 'unreachable');
  }
  if (!response.ok) {
    throw new Trouble(`The file did not come: status ${response.status}.`, null, 'error', response.status);
  }
  return response.blob();
}

function artifactPath(job: string, artifact: string): string {
  return `jobs/${encodeURIComponent(job)}/artifacts/${encodeURIComponent(artifact)}`;
}
