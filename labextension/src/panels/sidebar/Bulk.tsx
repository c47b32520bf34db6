/** What can be done with several selected jobs at once, in one request, and what came of it. */
import { Clipboard } from '@jupyterlab/apputils';
import { closeIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { troubleFrom } from '../../api/http';
import type { Verb } from '../../api/jobs';
import { refusals, sure } from '../../commands/stop';
import { isUnfinished } from '../../model/select';
import { useRoom } from '../../parts/room';

interface Outcome {
  readonly words: string;
  readonly bad: boolean;
}

export interface Bulk {
  readonly outcome: Outcome | null;
  readonly dismiss: () => void;
  readonly busy: boolean;
  readonly ask: (verb: Verb, ids: readonly string[], certain?: boolean) => Promise<void>;
  readonly copy: (ids: readonly string[]) => void;
}

export function useBulk(): Bulk {
  const { session, trans } = useRoom();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async (verb: Verb, ids: readonly string[], certain = true): Promise<void> => {
    const named = session.state.jobs.get(ids[0] ?? '')?.name ?? '';
    if (!certain && !(await sure(trans, verb, ids.length, named))) {
      return;
    }
    setBusy(true);
    setOutcome(null);
    try {
      const results = await session.ask(verb, ids);
      const good = results.filter(result => result.ok).length;
      const refused = refusals(session, trans, results);
      const done =
        verb === 'cancel'
          ? trans._n('%1 is asked to stop.', '%1 are asked to stop.', good)
          : trans._n('%1 is being killed.', '%1 are being killed.', good);
      setOutcome({ words: [...(good > 0 ? [done] : []), ...(refused === null ? [] : [refused])].join(' '), bad: refused !== null });
    } catch (reason) {
      setOutcome({ words: troubleFrom(reason).message, bad: true });
    } finally {
      setBusy(false);
    }
  };
  const copy = (ids: readonly string[]): void => {
    Clipboard.copyToSystem(ids.join('\n'));
    setOutcome({ words: trans._n('%1 id is in the clipboard.', '%1 ids are in the clipboard.', ids.length), bad: false });
  };
  return { outcome, dismiss: () => setOutcome(null), busy, ask, copy };
}

export function BulkBar({ bulk, ids }: { bulk: Bulk; ids: readonly string[] }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { outcome, busy, ask, copy } = bulk;
  if (ids.length < 2 && outcome === null) {
    return null;
  }
  const stoppable = ids.filter(id => isUnfinished(session.state, id));
  return (
    <div className="jp-Training-bulk" role="group" aria-label={trans.__('Selected trainings')}>
      {ids.length > 1 && (
        <div className="jp-Training-actions">
          <span role="status">{trans._n('%1 selected', '%1 selected', ids.length)}</span>
          <button
            type="button"
            className="jp-Training-button"
            disabled={busy || stoppable.length === 0}
            title={trans.__('Ask them to stop: each may save a checkpoint first')}
            onClick={() => void ask('cancel', stoppable)}
          >
            {trans.__('Stop')}
          </button>
          <button
            type="button"
            className="jp-Training-button"
            disabled={busy || stoppable.length === 0}
            title={trans.__('End them at once, without a checkpoint')}
            onClick={() => void ask('kill', stoppable, false)}
          >
            {trans.__('Kill')}
          </button>
          <button type="button" className="jp-Training-button" onClick={() => copy(ids)}>
            {trans.__('Copy ids')}
          </button>
        </div>
      )}
      {outcome !== null && (
        <div className="jp-Training-outcome">
          <span className={outcome.bad ? 'jp-Training-refusal' : 'jp-Training-faint'} role={outcome.bad ? 'alert' : 'status'}>
            {outcome.words}
          </span>
          <button
            type="button"
            className="jp-Training-iconButton"
            title={trans.__('Dismiss')}
            aria-label={trans.__('Dismiss')}
            onClick={bulk.dismiss}
          >
            <closeIcon.react tag="span" width="12px" height="12px" />
          </button>
        </div>
      )}
    </div>
  );
}
