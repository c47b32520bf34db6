/**
 * Decides what an output shows: the live card, or what the notebook saved with a line that says why
 * it is not live. Until the server has answered, what was saved waits a moment unseen. A card never asks for ever: a job of another store, or one that is gone, is said once.
 */
import { useEffect, useRef, useState } from 'react';
import { Trouble } from '../../api/http';
import type { State } from '../../model/state';
import { wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { Card } from './Card';
import type { Reference } from './reference';
import { useSeen, useTrainingsWhile } from './useSeen';

const QUEUE_PAUSE_MS = 5000;

interface Props {
  readonly reference: Reference;
  /** Draws the saved HTML into a node. */
  readonly saved: (node: HTMLElement) => void;
  /** When that is shown though the server has not answered, in ms since the epoch. */
  readonly due: number;
}

export function LiveJob(props: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const seen = useSeen(frame);
  return (
    <div ref={frame} className="jp-Training-frame">
      <Content {...props} seen={seen} />
    </div>
  );
}

function Content({ reference, saved, due, seen }: Props & { readonly seen: boolean }): JSX.Element {
  const { trans } = useRoom();
  const state = useTrainingsWhile(seen);
  const trouble = useJob(reference, state, seen);
  const job = state.jobs.get(reference.job);
  const waits = !usePast(due);
  useQueueNews(reference, seen && job?.phase === 'queued' && state.link.kind === 'live');

  if (state.store !== null && state.store !== reference.store) {
    const why = trans.__(
      'This is what the notebook saved. The job is kept in another store (%1) than the one of this server (%2).',
      reference.store.slice(0, 8),
      state.store.slice(0, 8)
    );
    return <Saved why={why} saved={saved} retry />;
  }
  if (job) {
    const lost = state.link.kind === 'lost' ? <Lost since={state.link.since} trouble={state.link.trouble} /> : null;
    return <Card job={job} seen={seen} notice={lost} />;
  }
  if (state.missing.has(reference.job)) {
    const why = trans.__('This is what the notebook saved. The store no longer has the job.');
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

/** Asks for the job once the store is known to be its own, and again when a snapshot has dropped it. */
function useJob(reference: Reference, state: State, seen: boolean): Trouble | null {
  const { session } = useRoom();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const wanted =
    seen &&
    state.known &&
    state.link.kind === 'live' &&
    state.store === reference.store &&
    !state.jobs.has(reference.job) &&
    !state.missing.has(reference.job);
  useEffect(() => {
    if (!wanted) {
      return;
    }
    setTrouble(null);
    session
      .load(reference.job)
      .catch((reason: unknown) => setTrouble(reason instanceof Trouble ? reason : new Trouble(String(reason))));
  }, [wanted, reference.job, session]);
  return trouble;
}

/** Why a job waits changes with the jobs before it, which is no change of its own: it is asked for again. */
function useQueueNews(reference: Reference, waits: boolean): void {
  const { session } = useRoom();
  useEffect(() => {
    if (!waits) {
      return undefined;
    }
    const timer = window.setInterval(() => {
      session.load(reference.job).catch(() => undefined); // the next time will do
    }, QUEUE_PAUSE_MS);
    return () => window.clearInterval(timer);
  }, [waits, reference.job, session]);
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
