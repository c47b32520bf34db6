/**
 * Reads a pool's queue from its front, as far as somebody wants it, and again after each word that something
 * turned. A burst of words costs one reading a second; a reading that goes on is never thrown away for a new one.
 */
import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { Trouble } from '../../api/http';
import { troubleFrom } from '../../api/http';
import type { Pool } from '../../api/jobs';
import { queue } from '../../api/queue';
import type { QueueRow } from '../../api/queue';

export const PAGE = 200;
const MOST = 500; // that the server gives at once
const PAUSE_MS = 1000;
/** What is expected of the time to come changes with the time, whether or not something happens. */
const AGAIN_MS = 30_000;

export interface Reading {
  readonly pool: Pool | null;
  readonly rows: readonly QueueRow[];
  readonly total: number;
  /** Whether an answer has come. */
  readonly known: boolean;
  /** Why the newest reading failed; the rows are those of before. */
  readonly trouble: Trouble | null;
}

const NOTHING: Reading = { pool: null, rows: [], total: 0, known: false, trouble: null };

export class QueueReader implements IDisposable {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly pool: string | null
  ) {}

  readonly read = (): Reading => this._reading;

  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  get isDisposed(): boolean {
    return this._control.signal.aborted;
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._control.abort();
  }

  /** Something may be other than it was: read soon. */
  look(): void {
    if (!this.isDisposed && !this._busy) {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => void this._run(), Math.max(0, this._last + PAUSE_MS - Date.now()));
    }
    this._again = this._busy;
  }

  /** Read at once; resolved when it has been read, or could not be. */
  now(): Promise<void> {
    if (this._busy) {
      this._again = true;
      return new Promise(resolve => this._waiting.push(resolve));
    }
    window.clearTimeout(this._timer);
    return this._run();
  }

  /** So many rows are in sight: read a page further than them. */
  reach(count: number): void {
    const wanted = Math.max(PAGE, Math.ceil((count + PAGE / 2) / PAGE) * PAGE);
    const { rows, total } = this._reading;
    const lacks = wanted > rows.length && rows.length < total;
    this._wanted = wanted;
    if (lacks && !this._busy) {
      void this.now();
    }
  }

  private async _run(): Promise<void> {
    const { signal } = this._control;
    if (signal.aborted) {
      return;
    }
    this._busy = true;
    this._again = false;
    const waiting = this._waiting.splice(0);
    try {
      const rows: QueueRow[] = [];
      let page = await queue(this.settings, this.pool, null, Math.min(MOST, this._wanted), signal);
      rows.push(...page.rows);
      while (page.next !== null && rows.length < this._wanted) {
        page = await queue(this.settings, this.pool, page.next, Math.min(MOST, this._wanted - rows.length), signal);
        rows.push(...page.rows);
      }
      this._set({ pool: page.pool, rows: once(rows), total: page.total, known: true, trouble: null });
    } catch (reason) {
      this._set({ ...this._reading, trouble: troubleFrom(reason) });
    } finally {
      this._busy = false;
      this._last = Date.now();
      waiting.forEach(done => done());
    }
    if (signal.aborted) {
      return;
    }
    if (this._waiting.length > 0) {
      void this._run();
    } else if (this._again) {
      this.look();
    } else {
      this._timer = window.setTimeout(() => void (document.visibilityState === 'hidden' || this._run()), AGAIN_MS);
    }
  }

  private _set(reading: Reading): void {
    if (!this.isDisposed) {
      this._reading = reading;
      this._listeners.forEach(tell => tell());
    }
  }

  private _reading = NOTHING;
  private _wanted = PAGE;
  private _busy = false;
  private _again = false;
  private _last = -Infinity;
  private _timer: number | undefined;
  private _waiting: (() => void)[] = [];
  private readonly _control = new AbortController();
  private readonly _listeners = new Set<() => void>();
}

/** A job that was moved between two pages comes twice. */
function once(rows: readonly QueueRow[]): readonly QueueRow[] {
  const seen = new Set<string>();
  return rows.filter(row => !seen.has(row.job) && seen.add(row.job));
}
