/**
 * Reads a list of the server from its front, as far as somebody wants it, and again after each word that something
 * turned. A burst of words costs one reading a second; a reading that goes on is never thrown away for a new one.
 */
import type { IDisposable } from '@lumino/disposable';
import type { Trouble } from '../api/http';
import { troubleFrom } from '../api/http';

export const PAGE = 200;
const MOST = 500; // that the server gives at once
const PAUSE_MS = 1000;
/** After a reading that failed: nothing else may happen any more that would let it be read again. */
const ONCE_MORE_MS = 5000;

/** What a page of such a list is to its reader. */
export interface Page<R> {
  readonly rows: readonly R[];
  readonly total: number;
  readonly next: string | null;
}

export interface Reading<R, P extends Page<R> = Page<R>> {
  /** The last page that was read. */
  readonly page: P | null;
  readonly rows: readonly R[];
  readonly total: number;
  /** Whether an answer has come. */
  readonly known: boolean;
  /** Why the newest reading failed; the rows are those of before. */
  readonly trouble: Trouble | null;
}

export class PageReader<R, P extends Page<R> = Page<R>> implements IDisposable {
  /**
   * @param ask gives a page
   * @param key tells rows apart
   * @param page how many rows are read at once, and at least
   * @param againMs so late it is read again though nothing has happened; 0: never
   */
  constructor(
    private readonly ask: (after: string | null, limit: number, signal: AbortSignal) => Promise<P>,
    private readonly key: (row: R) => string | number,
    private readonly page = PAGE,
    private readonly againMs = 0
  ) {
    this._wanted = page;
  }

  readonly read = (): Reading<R, P> => this._reading;

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
    const wanted = Math.max(this.page, Math.ceil((count + this.page / 2) / this.page) * this.page);
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
    let againMs = this.againMs;
    const waiting = this._waiting.splice(0);
    try {
      const rows: R[] = [];
      let page = await this.ask(null, Math.min(MOST, this._wanted), signal);
      rows.push(...page.rows);
      while (page.next !== null && rows.length < this._wanted) {
        page = await this.ask(page.next, Math.min(MOST, this._wanted - rows.length), signal);
        rows.push(...page.rows);
      }
      this._set({ page, rows: this._once(rows), total: page.total, known: true, trouble: null });
    } catch (reason) {
      this._set({ ...this._reading, trouble: troubleFrom(reason) });
      againMs ||= ONCE_MORE_MS;
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
    } else if (againMs > 0) {
      this._timer = window.setTimeout(() => void (document.visibilityState === 'hidden' || this._run()), againMs);
    }
  }

  /** What was moved between two pages comes twice. */
  private _once(rows: readonly R[]): readonly R[] {
    const seen = new Set<string | number>();
    return rows.filter(row => !seen.has(this.key(row)) && seen.add(this.key(row)));
  }

  private _set(reading: Reading<R, P>): void {
    if (!this.isDisposed) {
      this._reading = reading;
      this._listeners.forEach(tell => tell());
    }
  }

  private _reading: Reading<R, P> = { page: null, rows: [], total: 0, known: false, trouble: null };
  private _wanted: number;
  private _busy = false;
  private _again = false;
  private _last = -Infinity;
  private _timer: number | undefined;
  private _waiting: (() => void)[] = [];
  private readonly _control = new AbortController();
  private readonly _listeners = new Set<() => void>();
}
