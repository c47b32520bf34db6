/**
 * The page's one window on the server: state, stream and verbs. Views `watch` it while they are on
 * screen; the stream is open exactly while somebody watches.
 */
import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { ChangeStream } from '../api/changes';
import { Trouble } from '../api/http';
import * as api from '../api/jobs';
import type { Event } from './reduce';
import { reduce } from './reduce';
import { EMPTY } from './state';
import type { State } from './state';

/** A view that is scrolled away and back, or a notebook that is redrawn, does not reopen the stream. */
const LINGER_MS = 2000;

export class Session {
  constructor(readonly settings: ServerConnection.ISettings) {
    this._stream = new ChangeStream(settings, {
      message: message => this._apply({ type: 'message', message }),
      connecting: () => this._apply({ type: 'connecting' }),
      resumed: () => this._apply({ type: 'resumed' }),
      lost: trouble => this._apply({ type: 'lost', trouble, now: Date.now() })
    });
  }

  get state(): State {
    return this._state;
  }

  /** Be told after each change of the state. For React's `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  readonly read = (): State => this._state;

  /** Keep the stream open until the answer is disposed. */
  watch(): IDisposable {
    this._watchers += 1;
    window.clearTimeout(this._linger);
    this._stream.start();
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      if (this._watchers === 0) {
        this._linger = window.setTimeout(() => this._rest(), LINGER_MS);
      }
    });
  }

  /** Begin anew with a snapshot, at once. */
  refresh(): void {
    this._stream.restart();
  }

  /** Ask for one job, with what lists leave out. A job that does not exist is remembered as missing. */
  async load(id: string): Promise<void> {
    try {
      this._apply({ type: 'jobs', jobs: [await api.show(this.settings, id)] });
    } catch (reason) {
      if (reason instanceof Trouble && reason.code === 'unknown_job') {
        this._apply({ type: 'missing', id });
        return;
      }
      throw reason;
    }
  }

  /** Load a page of ended jobs; gives the cursor of the next page, or null at the end. */
  async older(after: string | null, limit = 50): Promise<string | null> {
    const page = await api.ended(this.settings, after, limit);
    this._apply({ type: 'jobs', jobs: page.jobs });
    return page.next;
  }

  /** Fetch the values that a sparkline had before this page was opened. */
  async seed(id: string, metric: string): Promise<void> {
    const [series] = await api.curves(this.settings, id, [metric], 64);
    if (series) {
      const values = series.points.map(point => point[2]).filter((value): value is number => value !== null);
      this._apply({ type: 'trail', id, trail: { metric, count: series.count, values } });
    }
  }

  /**
   * Wish something of jobs and show the answer at once.
   *
   * @throws Trouble with the first refusal's sentence.
   */
  async act(verb: api.Verb, ids: readonly string[]): Promise<void> {
    const results = await api.act(this.settings, verb, ids);
    this._apply({ type: 'jobs', jobs: results.flatMap(result => (result.job ? [result.job] : [])) });
    const refused = results.find(result => result.problem)?.problem;
    if (refused) {
      throw new Trouble(refused.detail, refused.hint, refused.code, refused.status);
    }
  }

  private _rest(): void {
    if (this._watchers === 0) {
      this._stream.stop();
      this._apply({ type: 'idle' });
    }
  }

  private _apply(event: Event): void {
    const next = reduce(this._state, event);
    if (next !== this._state) {
      this._state = next;
      this._listeners.forEach(tell => tell());
    }
  }

  private _state: State = EMPTY;
  private _watchers = 0;
  private _linger: number | undefined;
  private readonly _stream: ChangeStream;
  private readonly _listeners = new Set<() => void>();
}
