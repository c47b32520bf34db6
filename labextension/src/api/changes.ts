/**
 * The one WebSocket of a page: a cursor into the server's change log.
 *
 *     stopped --start--> connecting --open--> live
 *                           ^                  | closed
 *                 answered  |                  v
 *                         asking <--timer-- waiting
 *                           |   no answer      ^
 *                           +------------------+
 *
 * After a loss it asks again with the number of the last change it has seen, so nothing is missed and
 * nothing comes twice; when the server says `resync`, the cursor is older than the log and a new
 * snapshot is asked for. So it is when another store answers: its numbers mean other things. A machine
 * that slept may hold a socket whose other end is long gone, and nothing would ever say so: then, too,
 * it asks again from its cursor.
 *
 * Whether a server that is away has come back, a small plain request finds out, and a socket is opened
 * once that is answered: browsers hold new sockets back for seconds after many have failed. Waits double
 * from half a second. A page that was live waits no longer than `SOON_MS` for some minutes, as the server
 * is most likely being restarted; else, and where a server answers but takes no socket, it waits up to
 * half a minute. Coming back to the network or to the page asks at once.
 */
import type { ServerConnection } from '@jupyterlab/services';
import { address } from './http';
import { info } from './jobs';
import type { ChangeMessage } from './jobs';
import { Trouble, troubleFrom } from './http';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** With its jitter less than two seconds: so late at most a page sees a server that is back. */
const SOON_MS = 1500;
const SOON_FOR_MS = 10 * 60_000;

/** A server that hangs gives no answer, and a later question may find another one. */
const ANSWER_MS = 4000;

/** A clock that ticks this often and finds more than `ASLEEP_MS` gone has slept. */
const TICK_MS = 10_000;
const ASLEEP_MS = 40_000;

export interface Listener {
  message(message: ChangeMessage): void;
  connecting(): void;
  /** The stream goes on where it was; there may be nothing new to say for a long time. */
  resumed(): void;
  /** The stream is gone; `trouble` says why, `retryMs` when it is tried again. */
  lost(trouble: Trouble, retryMs: number): void;
}

export class ChangeStream {
  constructor(
    private readonly settings: ServerConnection.ISettings,
    private readonly listener: Listener
  ) {}

  /** Open, and stay open until `stop`. Harmless when already started. */
  start(): void {
    if (this._wanted) {
      return;
    }
    this._wanted = true;
    this._rested();
    window.addEventListener('online', this._now);
    window.addEventListener('focus', this._now);
    document.addEventListener('visibilitychange', this._now);
    this._ticked = Date.now();
    this._clock = window.setInterval(this._tick, TICK_MS);
    this._open();
  }

  /** Close. The cursor is kept: a later `start` goes on from there. */
  stop(): void {
    this._wanted = false;
    window.removeEventListener('online', this._now);
    window.removeEventListener('focus', this._now);
    document.removeEventListener('visibilitychange', this._now);
    window.clearInterval(this._clock);
    window.clearTimeout(this._timer);
    this._timer = undefined;
    this._asking = null;
    this._drop();
  }

  /** Forget the cursor and begin with a snapshot. */
  restart(): void {
    this._after = null;
    this._rested();
    if (this._wanted) {
      window.clearTimeout(this._timer);
      this._timer = undefined;
      this._drop();
      this._open();
    }
  }

  private _open(): void {
    this._asking = null;
    this._away = false;
    this.listener.connecting();
    const { wsUrl, token, appendToken, WebSocket } = this.settings;
    const query = { after: this._after, token: appendToken && token ? token : undefined };
    const socket = new WebSocket(address(wsUrl, 'changes', query));
    this._socket = socket;
    socket.onmessage = event => {
      if (socket === this._socket) {
        this._heard(JSON.parse(event.data as string) as ChangeMessage);
      }
    };
    socket.onopen = () => {
      if (socket === this._socket && this._after !== null) {
        void this._resume(socket);
      }
    };
    socket.onclose = () => {
      if (socket === this._socket) {
        this._socket = null;
        this._lost ??= Date.now();
        void this._ask();
      }
    };
  }

  private _heard(message: ChangeMessage): void {
    this._rested();
    const stranger = message.type === 'changes' && message.store !== this._store;
    if (message.type === 'resync' || stranger) {
      this.restart();
      return;
    }
    this._store = message.store;
    this._after = message.n;
    this.listener.message(message);
  }

  /** A server that has nothing new says nothing, so which store it has is asked. */
  private async _resume(socket: WebSocket): Promise<void> {
    const store = await info(this.settings).then(
      found => found.store,
      () => null // then the socket closes too
    );
    if (socket !== this._socket || store === null) {
      return;
    }
    if (store === this._store) {
      this._rested();
      this.listener.resumed();
    } else {
      this.restart();
    }
  }

  /** Ask why there is no socket: a refused one does not say it. Once it has been away, an answer opens the next. */
  private async _ask(): Promise<void> {
    const asking = {};
    this._asking = asking;
    const trouble = await this._trouble();
    if (!this._wanted || this._asking !== asking) {
      return; // a socket is being opened meanwhile, or nobody wants one
    }
    this._asking = null;
    if (trouble === null && this._away) {
      this._open();
      return;
    }
    this._away = trouble !== null;
    const soon = this._away && this._store !== null && Date.now() - (this._lost ?? 0) < SOON_FOR_MS;
    const wait = Math.min(this._wait, soon ? SOON_MS : LONGEST_WAIT_MS);
    this._wait = Math.min(2 * this._wait, soon ? SOON_MS : LONGEST_WAIT_MS);
    // Clients that lost the same server do not all come back in the same instant.
    const retryMs = wait * (0.75 + 0.5 * Math.random());
    this._timer = window.setTimeout(this._now, retryMs);
    this.listener.lost(trouble ?? new Trouble('The live connection was closed.', null, 'closed'), retryMs);
  }

  /** What keeps the server from answering a plain request; null when it answers. */
  private async _trouble(): Promise<Trouble | null> {
    const control = new AbortController();
    const timer = window.setTimeout(() => control.abort(), ANSWER_MS);
    try {
      await info(this.settings, control.signal);
      return null;
    } catch (reason) {
      return control.signal.aborted ? new Trouble('The Jupyter server does not answer.', 'It may be busy.', 'unreachable') : troubleFrom(reason);
    } finally {
      window.clearTimeout(timer);
    }
  }

  /** All is well: the next loss is a first one. */
  private _rested(): void {
    this._wait = FIRST_WAIT_MS;
    this._lost = null;
  }

  private _tick = (): void => {
    const slept = Date.now() - this._ticked > ASLEEP_MS;
    this._ticked = Date.now();
    if (slept && this._socket !== null) {
      this._drop();
      this._open();
    }
  };

  private _drop(): void {
    const socket = this._socket;
    this._socket = null;
    socket?.close();
  }

  private _now = (): void => {
    if (this._wanted && this._socket === null && this._asking === null && document.visibilityState === 'visible') {
      window.clearTimeout(this._timer);
      this._timer = undefined;
      if (this._away) {
        void this._ask();
      } else {
        this._open();
      }
    }
  };

  private _wanted = false;
  private _wait = FIRST_WAIT_MS;
  private _lost: number | null = null; // since when there is no stream, in ms
  private _away = false; // it gave no answer when it was asked last
  private _asking: object | null = null; // the question under way
  private _after: number | null = null;
  private _store: string | null = null;
  private _socket: WebSocket | null = null;
  private _timer: number | undefined;
  private _clock: number | undefined;
  private _ticked = 0;
}
