/**
 * Reads a log for a view: opens it at its end, goes on at both ends of what is shown, follows what is
 * written, and jumps. Knows no page; `read` asks the server.
 */
import type { LogChunk, LogPlace } from '../../api/contents';
import { Trouble } from '../../api/http';
import { earlier, isAtEnd, length, longer, opened } from './piece';
import type { Before, Part } from './piece';

export interface Shown {
  readonly part: Part | null;
  /** Counts the jumps: the part is another one, and where one looked at means nothing in it. */
  readonly era: number;
  readonly trouble: Trouble | null;
}

export type Read = (place: LogPlace, signal: AbortSignal) => Promise<LogChunk>;

export const PIECE = 256 * 1024;
const WAIT_S = 20;
/** Between two questions to a server that answers at once, though it was asked to wait. */
const PAUSE_MS = 1000;
const RETRY_MS = 3000;
/** Context above a line that was jumped to. */
const ABOVE = 32 * 1024;

export class LogReader {
  constructor(private readonly _read: Read) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  readonly shown = (): Shown => this._shown;

  /** Show the end, and follow what is written until `stop`. */
  async toEnd(): Promise<void> {
    await this._jump(async signal => {
      let part = opened(await this._read({ tail: PIECE }, signal));
      for (let more = 0; more < 4 && !isAtEnd(part); more += 1) {
        part = longer(part, await this._read({ offset: part.end, limit: PIECE }, signal)); // written meanwhile
      }
      return part;
    });
  }

  async toStart(): Promise<void> {
    await this._jump(async signal => opened(await this._read({ offset: 0, limit: PIECE }, signal)));
  }

  /** Show the line that begins at the offset, which is the line of that number, and some before it. */
  async toLine(offset: number, number: number): Promise<void> {
    await this._jump(async signal => {
      const part = opened(await this._read({ offset, limit: PIECE }, signal), number);
      return offset === 0 ? part : earlier(part, await this._before(offset, ABOVE, signal));
    });
  }

  /** Read on before what is shown. */
  async before(): Promise<void> {
    await this._grow('before', async (part, signal) => {
      if (part.start > 0) {
        const found = await this._before(part.start, PIECE, signal);
        return now => (now.start === part.start ? earlier(now, found) : now);
      }
      return now => now;
    });
  }

  /** Read on behind what is shown, where more is known to be. */
  async after(): Promise<void> {
    await this._grow('after', async (part, signal) => {
      if (!isAtEnd(part)) {
        const chunk = await this._read({ offset: part.end, limit: PIECE }, signal);
        return now => (now.end === chunk.offset ? longer(now, chunk) : now);
      }
      return now => now;
    });
  }

  /** Say the number of a line that is shown. */
  numbered(place: number, number: number): void {
    const { part } = this._shown;
    if (part !== null && part.number === null) {
      this._show({ part: { ...part, number: number - place } });
    }
  }

  /** Begin at the end, or go on with what was shown. */
  async resume(): Promise<void> {
    await (this._shown.part === null ? this.toEnd() : this._follow(this._giveUp.signal));
  }

  /** Ask for nothing any more. What is shown stays. */
  stop(): void {
    this._giveUp.abort();
    this._giveUp = new AbortController();
    this._busy.clear();
    window.clearTimeout(this._timer);
  }

  private async _jump(open: (signal: AbortSignal) => Promise<Part>): Promise<void> {
    this.stop();
    const { signal } = this._giveUp;
    try {
      const part = await open(signal);
      if (!signal.aborted) {
        this._show({ part, era: this._shown.era + 1, trouble: null });
        void this._follow(signal);
      }
    } catch (reason) {
      this._failed(reason, signal, () => void this._jump(open));
    }
  }

  /** One question at a time for each end. What it gives is put to the part as it is by then. */
  private async _grow(end: string, ask: (part: Part, signal: AbortSignal) => Promise<(now: Part) => Part>): Promise<void> {
    const { part } = this._shown;
    const { signal } = this._giveUp;
    if (part === null || this._busy.has(end)) {
      return;
    }
    this._busy.add(end);
    try {
      const put = await ask(part, signal);
      const now = this._shown.part;
      if (signal.aborted || now === null) {
        return;
      }
      const next = put(now);
      if (next !== now) {
        this._show({ part: next, trouble: null });
        void this._follow(signal);
      }
    } catch (reason) {
      this._failed(reason, signal, () => undefined);
    } finally {
      if (!signal.aborted) {
        this._busy.delete(end);
      }
    }
  }

  /** Ask for more at the end for as long as the end is shown and more may come. */
  private async _follow(signal: AbortSignal): Promise<void> {
    const { part } = this._shown;
    if (part === null || signal.aborted || part.ended || !isAtEnd(part) || this._busy.has('follow')) {
      return;
    }
    this._busy.add('follow');
    let pause = 0;
    try {
      const asked = Date.now();
      const chunk = await this._read({ offset: part.end, limit: PIECE, wait: WAIT_S }, signal);
      const now = this._shown.part;
      if (signal.aborted || now === null) {
        return;
      }
      if (chunk.offset === now.end && (chunk.text !== '' || chunk.end)) {
        this._show({ part: longer(now, chunk), trouble: null });
      } else if (Date.now() - asked < PAUSE_MS) {
        pause = PAUSE_MS;
      }
      if (this._shown.trouble !== null) {
        this._show({ trouble: null });
      }
    } catch (reason) {
      this._failed(reason, signal, () => undefined);
      pause = RETRY_MS;
    } finally {
      if (!signal.aborted) {
        this._busy.delete('follow');
      }
    }
    if (!signal.aborted) {
      this._timer = window.setTimeout(() => void this._follow(signal), pause);
    }
  }

  /** What stands before an offset: about `wanted` bytes, or the line that stands for a hole and what follows it. */
  private async _before(end: number, wanted: number, signal: AbortSignal): Promise<Before> {
    let start = Math.max(0, end - wanted);
    let offset = start;
    let atLine = start === 0;
    let text = '';
    while (offset < end) {
      const asked = end - offset;
      const chunk = await this._read({ offset, limit: asked }, signal);
      if (chunk.next <= offset) {
        break; // the log is shorter than it was
      }
      if (text === '' && isHole(chunk, asked)) {
        start = await this._holeStart(offset, signal);
        atLine = true;
        text = chunk.text.replace(/^\n/, '');
      } else {
        text += chunk.text;
      }
      offset = chunk.next;
    }
    return { text, start, atLine };
  }

  /** Where the hole begins that has `inside` in it: found by halving, since a hole may have gigabytes. */
  private async _holeStart(inside: number, signal: AbortSignal): Promise<number> {
    let low = 0;
    let high = inside;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const chunk = await this._read({ offset: middle, limit: 1 }, signal);
      if (isHole(chunk, 1)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private _failed(reason: unknown, signal: AbortSignal, again: () => void): void {
    if (!signal.aborted) {
      this._show({ trouble: reason instanceof Trouble ? reason : new Trouble(String(reason)) });
      this._timer = window.setTimeout(again, RETRY_MS);
    }
  }

  private _show(news: Partial<Shown>): void {
    this._shown = { ...this._shown, ...news };
    this._listeners.forEach(tell => tell());
  }

  private _shown: Shown = { part: null, era: 0, trouble: null };
  private _giveUp = new AbortController();
  private _timer: number | undefined;
  private readonly _busy = new Set<string>();
  private readonly _listeners = new Set<() => void>();
}

/** The place where the line of that number begins; null when the log has fewer. `told` hears how far it is. */
export async function lineStart(
  number: number,
  skip: (offset: number, line: number) => Promise<{ next: number | null; next_line: number | null }>,
  read: (offset: number) => Promise<LogChunk>,
  told: (share: number) => void
): Promise<number | null> {
  let offset = 0;
  let line = 1;
  // Large strides, in which the server counts; then pieces of the one that has it.
  for (;;) {
    const { next, next_line: after } = await skip(offset, line);
    if (next === null || after === null || after > number) {
      break;
    }
    offset = next;
    line = after;
  }
  for (;;) {
    const chunk = await read(offset);
    told(chunk.size === 0 ? 1 : offset / chunk.size);
    let from = 0;
    while (line < number) {
      const to = chunk.text.indexOf('\n', from);
      if (to < 0) {
        break;
      }
      from = to + 1;
      line += 1;
    }
    const here = chunk.offset + length(chunk.text.slice(0, from));
    if (line === number && here < chunk.size) {
      return here;
    }
    if (chunk.next >= chunk.size || chunk.next <= offset) {
      return null;
    }
    offset = chunk.next;
  }
}

/** A piece has as many bytes as were asked for, at most, and as its text; what stands for a hole does not. */
function isHole({ offset, next, text }: LogChunk, asked: number): boolean {
  return next - offset > asked || (text.startsWith('\n[ ') && length(text) !== next - offset);
}
