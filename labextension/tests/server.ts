/**
 * A Jupyter server in the page: the two doors that `ServerConnection` leaves open, fetch and WebSocket.
 * Tests say what it answers and speak through its sockets.
 */
import { ServerConnection } from '@jupyterlab/services';
import { vi } from 'vitest';
import type { ChangeMessage } from '../src/api/jobs';

export class FakeSocket {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onopen: (() => void) | null = null;
  closed = false;

  constructor(readonly url: string) {}

  /** The server says something. */
  say(message: ChangeMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The connection breaks. */
  drop(): void {
    this.closed = true;
    this.onclose?.();
  }

  close(): void {
    this.closed = true;
  }
}

type Answer = { status: number; body: unknown } | 'unreachable';

export interface FakeServer {
  readonly settings: ServerConnection.ISettings;
  readonly sockets: FakeSocket[];
  readonly requests: { method: string; path: string; body: unknown }[];
  /** Answer of every route from now on, unless `routes` names it. */
  answer: Answer;
  readonly routes: Map<string, Answer>;
}

export function aServer(): FakeServer {
  const sockets: FakeSocket[] = [];
  const server: FakeServer = {
    sockets,
    requests: [],
    answer: { status: 200, body: {} },
    routes: new Map(),
    settings: ServerConnection.makeSettings({
      baseUrl: 'http://lab.test/user/ada/',
      wsUrl: 'ws://lab.test/user/ada/',
      token: '',
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          sockets.push(this);
        }
      } as unknown as typeof WebSocket,
      fetch: (async (input: Request) => {
        const url = new URL(input.url);
        const path = url.pathname.split('/jupyter-training/api/v1/')[1] ?? '';
        const text = input.method === 'GET' ? '' : await input.text();
        server.requests.push({ method: input.method, path: path + url.search, body: text ? JSON.parse(text) : null });
        const answer = server.routes.get(`${input.method} ${path}`) ?? server.answer;
        if (answer === 'unreachable') {
          throw new TypeError('connection refused');
        }
        return new Response(JSON.stringify(answer.body), { status: answer.status });
      }) as typeof fetch
    })
  };
  return server;
}

/** Let promises that are already settled run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) {
    await Promise.resolve();
  }
}

/** Wait until what is expected holds; long enough for a machine that does other things too. */
export function until(expected: () => void): Promise<void> {
  return vi.waitFor(expected, { timeout: 20_000, interval: 10 });
}
