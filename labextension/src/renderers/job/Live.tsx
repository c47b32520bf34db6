/**
 * Decides what an output shows: the live card, or what the notebook saved with a line that says why
 * it is not live. Until the server has answered, what was saved waits a moment unseen. A card never asks for ever: a
 * job of another store, or one that is gone, is said once. So for searches.
 */
import { useEffect, useRef, useState } from 'react';
import { Trouble } from '../../api/http';
import type { Job } from '../../api/jobs';
import type { Session } from '../../model/session';
import type { State } from '../../model/state';
import { wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { Card } from './Card';
import type { Reference } from './reference';
import { useSeen, useTrainingsWhile } from './useSeen';

const QUEUE_PAUSE_MS = 5000;

/** What the card of a job and that of a search do each in their way. */
export interface Kind<T> {
  readonly held: (state: State, id: string) => T | undefined;
  readonly load: (session: Session, id: string) => Promise<void>;
  readonly card: (one: T, seen: boolean, notice: JSX.Element | null) => JSX.Element;
  /** Whether why it waits may change without a change of its own. */
  readonly waits: (one: T) => boolean;
}

interface Props {
  readonly reference: Reference;
  /** Draws the saved HTML into a node. */
  readonly saved: (node: HTMLElement) => void;
  /** When that is shown though the server has not answered, in ms since the epoch. */
  readonly due: number;
}

const JOB: Kind<Job> = {
  held: (state, id) => state.jobs.get(id),
  load: (session, id) => session.load(id),
  card: (job, seen, notice) => <Card job={job} seen={seen} notice={notice} />,
  waits: job => job.phase === 'queued'
};

export function LiveJob(props: Props): JSX.Element {
  return <Live {...props} kind={JOB} />;
}

export function Live<T>(props: Props & { readonly kind: Kind<T> }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const seen = useSeen(frame);
  return (
    <div ref={frame} className="jp-Training-frame">
      <Content {...props} seen={seen} />
    </div>
  );
}

function Content<T>({ reference, saved, due, seen, kind }: Props & { readonly seen: boolean; readonly kind: Kind<T> }): JSX.Element {
  const { trans } = useRoom();
  const state = useTrainingsWhile(seen);
  const trouble = useWanted(reference, state, seen, kind);
  const one = kind.held(state, reference.job);
  const waits = !usePast(due);
  useQueueNews(reference, seen && one !== undefined && kind.waits(one) && state.link.kind === 'live', kind);

  if (state.store !== null && state.store !== reference.store) {
    const why = trans.__(
      'This is what the notebook saved. It is of another store (%1) than the one of this server (%2).',
      reference.store.slice(0, 8),
      state.store.slice(0, 8)
    );
    return <Saved why={why} saved={saved} retry />;
  }
  if (one !== undefined) {
    const lost = state.link.kind === 'lost' ? <Lost since={state.link.since} trouble={state.link.trouble} /> : null;
    return kind.card(one, seen, lost);
  }
  if (state.missing.has(reference.job)) {
    const why = trans.__('This is what the notebook saved. The store no longer has it.');
    return <Saved why={why} saved={saved} retry />;
  }
  const reason = trouble ?? (state.link.kind === 'lost' ? state.link.trouble : null);
  return <Saved why={reason === null ? null : reason.message} saved={saved} unseen={reason === null && waits} retry={reason !== null} />;
}

/** Whether an instant is past; drawn anew when it is. */
function usePast(instant: number): boolean {
  const [past, setPast] = useState(() => Date.now() >= instant);
  useEffect(() => {
    const timer = window.setTimeout(() => setPast(true), instant - Date.now());
    return () => window.clearTimeout(timer);
  }, [instant]);
  return past;
}

/** Asks for it once the store is known to be its own, and again when a snapshot has dropped it. */
function useWanted<T>(reference: Reference, state: State, seen: boolean, kind: Kind<T>): Trouble | null {
  const { session } = useRoom();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const wanted =
    seen &&
    state.known &&
    state.link.kind === 'live' &&
    state.store === reference.store &&
    kind.held(state, reference.job) === undefined &&
    !state.missing.has(reference.job);
  useEffect(() => {
    if (!wanted) {
      return;
    }
    setTrouble(null);
    kind
      .load(session, reference.job)
      .catch((reason: unknown) => setTrouble(reason instanceof Trouble ? reason : new Trouble(String(reason))));
  }, [wanted, reference.job, session, kind]);
  return trouble;
}

/** Why a job waits changes with the jobs before it, which is no change of its own: it is asked for again. */
function useQueueNews<T>(reference: Reference, waits: boolean, kind: Kind<T>): void {
  const { session } = useRoom();
  useEffect(() => {
    if (!waits) {
      return undefined;
    }
    const timer = window.setInterval(() => {
      kind.load(session, reference.job).catch(() => undefined); // the next time will do
    }, QUEUE_PAUSE_MS);
    return () => window.clearInterval(timer);
  }, [waits, reference.job, session, kind]);
}

/** The stream is gone: what is drawn is old, and how old it is. */
function Lost({ since, trouble }: { since: number; trouble: Trouble }): JSX.Element {
  const { trans } = useRoom();
  const now = useNow(1000);
  const age = wholeSpan(Math.max(0, now - since) / 1000);
  return (
    <p className="jp-Training-stale">
      <span title={trouble.message}>{trans.__('last seen %1 ago, reconnecting', age)}</span>
      <span className="jp-Training-unseen" role="status">
        {trans.__('The connection is lost; reconnecting.')}
      </span>
      <Retry />
    </p>
  );
}

interface SavedProps {
  readonly why: string | null;
  readonly saved: (node: HTMLElement) => void;
  /** Keeps its place, and nobody sees it. */
  readonly unseen?: boolean;
  readonly retry?: boolean;
}

function Saved({ why, saved, unseen = false, retry = false }: SavedProps): JSX.Element {
  const [node, setNode] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (node !== null) {
      saved(node);
    }
  }, [node, saved]);
  return (
    <div className="jp-Training-saved" style={unseen ? { visibility: 'hidden' } : undefined}>
      {why !== null && (
        <p className="jp-Training-stale">
          <span role="status">{why}</span>
          {retry && <Retry />}
        </p>
      )}
      <div ref={setNode} />
    </div>
  );
}

function Retry(): JSX.Element {
  const { session, trans } = useRoom();
  return (
    <button type="button" className="jp-Training-button" onClick={() => session.refresh()}>
      {trans.__('Retry')}
    </button>
  );
}
