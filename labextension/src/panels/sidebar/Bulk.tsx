/** What can be done with several selected jobs at once, in one request, and what came of it. */
import { Clipboard } from '@jupyterlab/apputils';
import { closeIcon } from '@jupyterlab/ui-components';
import { useCallback, useState } from 'react';
import { troubleFrom } from '../../api/http';
import type { Verb } from '../../api/jobs';
import { listed } from '../../commands/asking';
import { saysAll, summary, wished } from '../../commands/wish';
import type { Refusal } from '../../commands/wish';
import { useRoom } from '../../parts/room';

export interface Outcome {
  readonly words: string;
  readonly bad: boolean;
  /** More than the words have room for. */
  readonly more: readonly Refusal[];
}

export interface Bulk {
  readonly outcome: Outcome | null;
  readonly dismiss: () => void;
  /** Show what came of something else. */
  readonly tell: (outcome: Outcome) => void;
  readonly busy: boolean;
  readonly ask: (verb: Verb, ids: readonly string[], certain?: boolean) => Promise<void>;
  readonly copy: (ids: readonly string[]) => void;
}

export function useBulk(): Bulk {
  const { session, trans } = useRoom();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async (verb: Verb, ids: readonly string[], certain?: boolean): Promise<void> => {
    setBusy(true);
    setOutcome(null);
    try {
      const came = await wished(session, trans, verb, ids, certain);
      if (came !== null) {
        setOutcome({ words: summary(trans, came), bad: came.refused.length > 0 && came.done.length === 0, more: saysAll(came) ? [] : came.refused });
      }
    } catch (reason) {
      setOutcome({ words: troubleFrom(reason).message, bad: true, more: [] });
    } finally {
      setBusy(false);
    }
  };
  const copy = (ids: readonly string[]): void => {
    Clipboard.copyToSystem(ids.join('\n'));
    setOutcome({ words: trans._n('%1 id is in the clipboard.', '%1 ids are in the clipboard.', ids.length), bad: false, more: [] });
  };
  const dismiss = useCallback(() => setOutcome(null), []);
  return { outcome, dismiss, tell: setOutcome, busy, ask, copy };
}

export function BulkBar({ bulk, ids }: { bulk: Bulk; ids: readonly string[] }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { outcome, busy, ask, copy } = bulk;
  if (ids.length < 2 && outcome === null) {
    return null;
  }
  const verbs: readonly (readonly [Verb, string, string])[] = [
    ['cancel', trans.__('Stop'), trans.__('Ask them to stop: each may save a checkpoint first')],
    ['pause', trans.__('Pause'), trans.__('Let each save a checkpoint and give its slots back')],
    ['activate', trans.__('Activate'), trans.__('Let them go on from their newest checkpoints')],
    ['kill', trans.__('Kill'), trans.__('End them at once, without a checkpoint')],
    ['retry', trans.__('Retry'), trans.__('Try them again, each from its newest checkpoint')],
    ['archive', trans.__('Archive'), trans.__('Take them out of the lists; nothing of them is lost')],
    ['unarchive', trans.__('Unarchive'), trans.__('Put them into the lists again')],
    ['delete', trans.__('Delete…'), trans.__('Delete their records, checkpoints and logs; asks first')]
  ];
  return (
    <div className="jp-Training-bulk" role="group" aria-label={trans.__('Selected trainings')}>
      {ids.length > 1 && (
        <div className="jp-Training-actions">
          <span role="status">{trans._n('%1 selected', '%1 selected', ids.length)}</span>
          {verbs
            .filter(([verb]) => ids.some(id => session.allows(id, verb)))
            .map(([verb, word, title]) => (
              <button key={verb} type="button" className="jp-Training-button" disabled={busy} title={title} onClick={() => void ask(verb, ids)}>
                {word}
              </button>
            ))}
          <button type="button" className="jp-Training-button" onClick={() => copy(ids)}>
            {trans.__('Copy ids')}
          </button>
        </div>
      )}
      <OutcomeLine bulk={bulk} />
    </div>
  );
}

/** What came of it, in one line; with more than it has room for behind a button. */
export function OutcomeLine({ bulk: { outcome, dismiss } }: { bulk: Bulk }): JSX.Element | null {
  const { trans } = useRoom();
  return outcome === null ? null : (
    <div className="jp-Training-outcome">
      <span className={outcome.bad ? 'jp-Training-refusal' : 'jp-Training-faint'} role={outcome.bad ? 'alert' : 'status'}>
        {outcome.words}
      </span>
      {outcome.more.length > 0 && (
        <button type="button" className="jp-Training-button" onClick={() => void listed(trans, outcome.more)}>
          {trans.__('Show refusals')}
        </button>
      )}
      <button
        type="button"
        className="jp-Training-iconButton"
        title={trans.__('Dismiss')}
        aria-label={trans.__('Dismiss')}
        onClick={dismiss}
      >
        <closeIcon.react tag="span" width="12px" height="12px" />
      </button>
    </div>
  );
}
