/**
 * The one place that speaks HTTP. Everything below `<base>/jupyter-training/api/v1/` goes through
 * `request`; whatever fails comes back as a `Trouble`, with the server's own sentence where it gave one.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { components } from './types.gen';

const ROOT = 'jupyter-training/api/v1';

type Problem = components['schemas']['ProblemDocument'];
type Entry = components['schemas']['ProblemEntry'];

/** What the server refused one thing of several with. */
export function refusalOf(problem: Problem): Trouble {
  return new Trouble(problem.detail, problem.hint, problem.code, problem.status, problem.errors);
}

/** What went wrong, whatever was thrown. */
export function troubleFrom(reason: unknown): Trouble {
  return reason instanceof Trouble ? reason : new Trouble(reason instanceof Error ? reason.message : String(reason));
}

/** Why a request failed, in words that can be shown. */
export class Trouble extends Error {
  constructor(
    readonly detail: string,
    readonly hint: string | null = null,
    /** The server's stable code, or one of ours: `unreachable`, `no_extension`, `signed_out`. */
    readonly code: string = 'error',
    /** HTTP status; 0 when nobody answered. */
    readonly status: number = 0,
    /** Where in a text it is wrong, and what was meant. */
    readonly entries: readonly Entry[] = []
  ) {
    super(hint ? `${detail} ${hint}` : detail);
    this.name = 'Trouble';
  }
}

/** The variables whose values are lacking: they are kept with no job that has ended, and a page has none of its own. */
export function missed(refusal: { readonly entries: readonly Entry[] } | null): readonly string[] {
  return (refusal?.entries ?? []).flatMap(({ key, detail }) => (key === 'environment.pass_env' ? detail.split(', ') : []));
}

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

/** Address of a route; `base` is the http or the WebSocket root of the server. */
export function address(base: string, path: string, query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) {
      if (one !== null && one !== undefined) {
        words.append(name, String(one));
      }
    }
  }
  const url = URLExt.join(base, ROOT, path);
  const asked = words.toString();
  return asked ? `${url}?${asked}` : url;
}

/**
 * Ask, and give the JSON of the answer.
 *
 * @throws Trouble whenever there is no good answer; once `signal` says so, with the code `aborted`.
 */
export async function request<T>(
  settings: ServerConnection.ISettings,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  { query, body, signal }: { query?: Query; body?: unknown; signal?: AbortSignal | undefined } = {}
): Promise<T> {
  // Lab's default would add a number to the address against caches; asking anew each time does as well.
  const init: RequestInit = { method, cache: 'no-cache', signal: signal ?? null };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(address(settings.baseUrl, path, query), init, settings);
  } catch {
    if (signal?.aborted) {
      throw new Trouble('Nobody waits for the answer any more.', null, 'aborted');
    }
    throw new Trouble('The Jupyter server does not answer.', 'It may be restarting.', 'unreachable');
  }
  if (response.ok) {
    return (await response.json()) as T;
  }
  throw await troubleOf(response);
}

async function troubleOf(response: Response): Promise<Trouble> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null;
  if (problem?.code && problem.detail) {
    return new Trouble(problem.detail, problem.hint ?? null, problem.code, response.status, problem.errors ?? []);
  }
  switch (response.status) {
    case 401:
    case 403:
      return new Trouble('The server does not let this page in.', 'Sign in again.', 'signed_out', response.status);
    case 404:
      return new Trouble(
        'This Jupyter server runs without the training extension.',
        'Enable it with: jupyter server extension enable jupyter_training',
        'no_extension',
        404
      );
    default:
      return new Trouble(`The server answered with status ${response.status}.`, null, 'error', response.status);
  }
}
