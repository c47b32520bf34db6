/**
 * The page's one window on the server: state, stream and verbs. Views `watch` it while they are on
 * screen; the stream is open exactly while somebody watches and the page itself can be seen.
 *
 * Listeners are told of the stream's first message at once and of what follows it in the same frame
 * together: a burst costs one drawing a frame, a lone message waits for nothing.
 */
import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { ChangeStream } from '../api/changes';
import * as search from '../api/experiments';
import { Trouble, refusalOf } from '../api/http';
import * as api from '../api/jobs';
import { move } from '../api/queue';
import type { Move } from '../api/queue';
import type { Event } from './reduce';
import { reduce } from './reduce';
import { allows } from './select';
import type { Act } from './select';
import { EMPTY } from './state';
import type { State } from './state';

/** A view that is scrolled away and back, or a notebook that is redrawn, does not reopen the stream. */
const LINGER_MS = 2000;

/** Long enough for a first picture. */
const LOOK_MS = 5000;

const PAGE = 200;

export class Session {
  constructor(readonly settings: ServerConnection.ISettings) {
    this._stream = new ChangeStream(settings, {
      message: message => this._apply({ type: 'message', message }),
      connecting: () => this._apply({ type: 'connecting' }),
      resumed: () => this._apply({ type: 'resumed' }),
      lost: trouble => this._apply({ type: 'lost', trouble, now: Date.now() })
    });
    document.addEventListener('visibilitychange', this._seen);
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

  /** Whether it is worth asking the server for; of a job that is not known here, it is. */
  allows(id: string, act: Act): boolean {
    const job = this._state.jobs.get(id);
    return job === undefined || allows(job, act);
  }

  /** Keep the stream open until the answer is disposed. */
  watch(): IDisposable {
    this._watchers += 1;
    this._seen();
    return new DisposableDelegate(() => {
      this._watchers -= 1;
      this._seen();
    });
  }

  private readonly _seen = (): void => {
    window.clearTimeout(this._linger);
    if (this._wanted()) {
      this._stream.start();
    } else {
      this._linger = window.setTimeout(() => this._rest(), LINGER_MS);
    }
  };

  private _wanted(): boolean {
    return this._watchers > 0 && document.visibilityState !== 'hidden';
  }

  /** Begin anew with a snapshot, at once; for a moment where nobody watches. */
  refresh(): void {
    this._stream.restart();
    if (this._watchers === 0) {
      const look = this.watch();
      window.setTimeout(() => look.dispose(), LOOK_MS);
    }
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

  /** Ask for one search, with its spec. One that does not exist is remembered as missing. */
  async loadExperiment(id: string): Promise<void> {
    try {
      this._apply({ type: 'experiments', experiments: [await search.experiment(this.settings, id)] });
    } catch (reason) {
      if (reason instanceof Trouble && (reason.code === 'unknown_job' || reason.code === 'unknown_experiment')) {
        this._apply({ type: 'missing', id });
        return;
      }
      throw reason;
    }
  }

  /** Load the next page of the searches. Harmless when nothing is left. */
  async olderExperiments(): Promise<void> {
    const held = this._state.olderExperiments;
    if (held === null) {
      return;
    }
    const page = await search.experiments(this.settings, held.next, PAGE);
    if (this._state.olderExperiments === held) {
      this._apply({ type: 'older', experiments: page.experiments, next: page.next });
    }
  }

  /**
   * Wish something of a search and show the answer at once. What is to be said of it beside.
   *
   * @throws Trouble with the refusal's sentence.
   */
  async actOn(verb: search.ExperimentVerb, id: string, manner: search.Manner = {}): Promise<readonly string[]> {
    this._apply({ type: 'asked', verb, ids: [id] });
    let gone: readonly string[] = [];
    try {
      const [result] = await search.actOn(this.settings, verb, [id], manner);
      if (result?.problem) {
        throw refusalOf(result.problem);
      }
      this._apply({ type: 'experiments', experiments: result?.experiment ? [result.experiment] : [] });
      gone = verb === 'delete' ? [id] : [];
      return result?.notes ?? [];
    } finally {
      this._apply({ type: 'answered', ids: [id], gone });
    }
  }

  /** Load the next page of the ended jobs or of those that wait. Harmless when nothing is left. */
  async further(list: 'recent' | 'queue'): Promise<void> {
    const { edge, next } = this._state[list];
    if (edge === null) {
      return;
    }
    const ask = list === 'recent' ? api.ended : api.waiting;
    // The first page begins with what the first picture has shown already.
    const page = await ask(this.settings, next, next === null ? 2 * PAGE : PAGE);
    if (this._state[list].next === next) {
      // Otherwise a snapshot has come meanwhile, and this page follows nothing.
      this._apply({ type: 'page', list, jobs: page.jobs, next: page.next });
    }
  }

  /** Take in jobs that somebody asked for, among them ended ones that the list would not hold by itself. */
  take(jobs: readonly api.Job[]): void {
    this._apply({ type: 'jobs', jobs, listed: true });
  }

  /** Keep no more than the newest ended jobs: nobody reads on. */
  forget(): void {
    this._apply({ type: 'forget' });
  }

  /** Fetch the values that a sparkline had before this page was opened. */
  async seed(id: string, metric: string): Promise<void> {
    const series = (await api.curves(this.settings, id, [metric], 64)).find(one => !one.superseded);
    if (series) {
      const values = series.points.map(point => point[2]).filter((value): value is number => value !== null);
      this._apply({ type: 'trail', id, trail: { metric, count: series.count, values } });
    }
  }

  /** Wish something of jobs, show the answers at once, and give them, one a job. */
  async ask(verb: api.Verb, ids: readonly string[], manner: api.Manner = {}): Promise<api.ItemResult[]> {
    this._apply({ type: 'asked', verb, ids });
    let gone: readonly string[] = [];
    try {
      const results = await api.act(this.settings, verb, ids, manner);
      this._apply({ type: 'jobs', jobs: results.flatMap(result => (result.job ? [result.job] : [])) });
      gone = verb === 'delete' ? results.flatMap(result => (result.ok ? [result.id] : [])) : [];
      return results;
    } finally {
      this._apply({ type: 'answered', ids, gone });
    }
  }

  /**
   * Wish something of jobs and show the answer at once.
   *
   * @throws Trouble with the first refusal's sentence.
   */
  async act(verb: api.Verb, ids: readonly string[], manner: api.Manner = {}): Promise<void> {
    const refused = (await this.ask(verb, ids, manner)).find(result => result.problem)?.problem;
    if (refused) {
      throw refusalOf(refused);
    }
  }

  /** Change one thing of jobs in their queue; the answers are taken in, and given, one a job. */
  async move(ids: readonly string[], what: Move): Promise<api.ItemResult[]> {
    const results = await move(this.settings, ids, what);
    this._apply({ type: 'jobs', jobs: results.flatMap(result => (result.job ? [result.job] : [])) });
    return results;
  }

  private _rest(): void {
    if (!this._wanted()) {
      this._stream.stop();
      this._apply({ type: 'idle' });
    }
  }

  private _apply(event: Event): void {
    const next = reduce(this._state, event);
    if (next !== this._state) {
      this._state = next;
      if (event.type !== 'message') {
        this._tell();
      } else if (this._frame !== null) {
        this._untold = true;
      } else {
        this._tellByFrame();
      }
    }
  }

  private _tellByFrame(): void {
    this._frame = window.requestAnimationFrame(() => {
      this._frame = null;
      if (this._untold) {
        this._tellByFrame();
      }
    });
    this._tell();
  }

  private _tell(): void {
    this._untold = false;
    this._listeners.forEach(tell => tell());
  }

  private _state: State = EMPTY;
  private _watchers = 0;
  private _linger: number | undefined;
  private _frame: number | null = null;
  private _untold = false;
  private readonly _stream: ChangeStream;
  private readonly _listeners = new Set<() => void>();
}
