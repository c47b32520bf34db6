/** Asks a job to stop; while it is stopping, offers to kill it. A refusal is said where it was asked. */
import { useState } from 'react';
import { Trouble } from '../api/http';
import type { Job, Verb } from '../api/jobs';
import { isEnded, mayStop } from '../model/select';
import { useRoom } from './room';

export function StopButton({ job }: { job: Job }): JSX.Element | null {
  const { session, trans } = useRoom();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  if (isEnded(job)) {
    return null;
  }
  const ask = (verb: Verb): void => {
    setBusy(true);
    setRefusal(null);
    session
      .act(verb, [job.id])
      .catch((reason: unknown) => setRefusal(reason instanceof Trouble ? reason.message : String(reason)))
      .finally(() => setBusy(false));
  };
  const killing = job.desired === 'kill';
  return (
    <>
      {refusal !== null && (
        <span className="jp-Training-refusal" role="alert">
          {refusal}
        </span>
      )}
      {mayStop(job) ? (
        <button
          type="button"
          className="jp-Training-button"
          disabled={busy}
          onClick={() => ask('cancel')}
          title={trans.__('Ask it to stop: it may save a checkpoint first')}
          aria-label={job.state === 'queued' ? trans.__('Cancel %1', job.name) : trans.__('Stop %1', job.name)}
        >
          <Square />
          <span className="jp-Training-buttonWord">{job.state === 'queued' ? trans.__('Cancel') : trans.__('Stop')}</span>
        </button>
      ) : (
        <button
          type="button"
          className="jp-Training-button"
          disabled={busy || killing}
          onClick={() => ask('kill')}
          title={trans.__('End it at once, without a checkpoint')}
          aria-label={killing ? trans.__('Killing %1', job.name) : trans.__('Kill %1', job.name)}
        >
          <Cross />
          <span className="jp-Training-buttonWord">{killing ? trans.__('Killing…') : trans.__('Kill')}</span>
        </button>
      )}
    </>
  );
}

function Square(): JSX.Element {
  return (
    <svg className="jp-Training-buttonIcon" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="4" y="4" width="8" height="8" className="jp-Training-solid" />
    </svg>
  );
}

function Cross(): JSX.Element {
  return (
    <svg className="jp-Training-buttonIcon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M4 4l8 8M12 4l-8 8" />
    </svg>
  );
}
