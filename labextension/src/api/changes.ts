/**
 * The one WebSocket of a page: a cursor into the server's change log.
 *
 *     stopped --start--> connecting --open--> live --closed--> waiting --timer--> connecting
 *
 * After a loss it asks again with the number of the last change it has seen, so nothing is missed and
 * nothing comes twice; when the server says `resync`, the cursor is older than the log and a new
 * snapshot is asked for. So it is when another store answers: its numbers mean other things. Waits
 * double from half a second to half a minute; coming back to the network tries at once. A machine that
 * slept may hold a socket whose other end is long gone, and nothing would ever say so: then, too, it
 * asks again from its cursor.
 */
import type { ServerConnection } from '@jupyterlab/services';
import { address } from './http';
import { info } from './jobs';
import type { ChangeMessage } from './jobs';
import { Trouble } from './http';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

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
    this._wait = FIRST_WAIT_MS;
    window.addEventListener('online', this._now);
    document.addEventListener('visibilitychange', this._now);
    this._ticked = Date.now();
    this._clock = window.setInterval(this._tick, TICK_MS);
    this._open();
  }

  /** Close. The cursor is kept: a later `start` goes on from there. */
  stop(): void {
    this._wanted = false;
    window.removeEventListener('online', this._now);
    document.removeEventListener('visibilitychange', this._now);
    window.clearInterval(this._clock);
    window.clearTimeout(this._timer);
    this._timer = undefined;
    this._drop();
  }

  /** Forget the cursor and begin with a snapshot. */
  restart(): void {
    this._after = null;
    this._wait = FIRST_WAIT_MS;
    if (this._wanted) {
      window.clearTimeout(this._timer);
      this._timer = undefined;
      this._drop();
      this._open();
    }
  }

  private _open(): void {
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
        void this._closed();
      }
    };
  }

  private _heard(message: ChangeMessage): void {
    this._wait = FIRST_WAIT_MS;
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
      this._wait = FIRST_WAIT_MS;
      this.listener.resumed();
    } else {
      this.restart();
    }
  }

  private async _closed(): Promise<void> {
    const wait = this._wait;
    this._wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    // Clients that lost the same server do not all come back in the same instant.
    const retryMs = wait * (0.75 + 0.5 * Math.random());
    if (this._wanted) {
      this._timer = window.setTimeout(this._now, retryMs);
    }
    // A refused socket does not say why; a plain request does.
    const trouble = await info(this.settings).then(
      () => new Trouble('The live connection was closed.', null, 'closed'),
      (reason: unknown) => (reason instanceof Trouble ? reason : new Trouble(String(reason)))
    );
    if (this._wanted && this._socket === null) {
      this.listener.lost(trouble, retryMs);
    }
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
    if (this._wanted && this._socket === null && document.visibilityState === 'visible') {
      window.clearTimeout(this._timer);
      this._timer = undefined;
      this._open();
    }
  };

  private _wanted = false;
  private _wait = FIRST_WAIT_MS;
  private _after: number | null = null;
  private _store: string | null = null;
  private _socket: WebSocket | null = null;
  private _timer: number | undefined;
  private _clock: number | undefined;
  private _ticked = 0;
}
