/**
 * Decides what an output shows: the live card, or what the notebook saved with a line that says why
 * it is not live. A card never asks for ever: a job of another store, or one that is gone, is said once.
 */
import { useEffect, useState } from 'react';
import { Trouble } from '../../api/http';
import type { State } from '../../model/state';
import { span } from '../../model/wording';
import { useRoom, useTrainings } from '../../parts/room';
import { Card } from './Card';
import type { Reference } from './reference';

interface Props {
  readonly reference: Reference;
  /** Draws the saved HTML into a node. */
  readonly saved: (node: HTMLElement) => void;
}

export function LiveJob({ reference, saved }: Props): JSX.Element {
  const { trans } = useRoom();
  const state = useTrainings();
  const trouble = useJob(reference, state);
  const job = state.jobs.get(reference.job);

  if (state.store !== null && state.store !== reference.store) {
    return (
      <Saved
        why={trans.__(
          'This is what the notebook saved. The job is kept in another store (%1) than the one of this server (%2).',
          reference.store.slice(0, 8),
          state.store.slice(0, 8)
        )}
        saved={saved}
      />
    );
  }
  if (job) {
    return <Card job={job} stale={staleness(state, trans.__('Reconnecting; this was the state %1 ago.'))} />;
  }
  if (state.missing.has(reference.job)) {
    return <Saved why={trans.__('This is what the notebook saved. The store no longer has the job.')} saved={saved} />;
  }
  const reason = trouble ?? (state.link.kind === 'lost' ? state.link.trouble : null);
  return <Saved why={reason === null ? null : reason.message} saved={saved} />;
}

/** Asks for the job once the store is known to be its own, and again when a snapshot has dropped it. */
function useJob(reference: Reference, state: State): Trouble | null {
  const { session } = useRoom();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const wanted =
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

function staleness(state: State, words: string): string | null {
  return state.link.kind === 'lost' ? words.replace('%1', span((Date.now() - state.link.since) / 1000)) : null;
}

function Saved({ why, saved }: { why: string | null; saved: (node: HTMLElement) => void }): JSX.Element {
  const [node, setNode] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (node !== null) {
      saved(node);
    }
  }, [node, saved]);
  return (
    <div className="jp-Training-saved">
      {why !== null && (
        <p className="jp-Training-faint" role="status">
          {why}
        </p>
      )}
      <div ref={setNode} />
    </div>
  );
}
