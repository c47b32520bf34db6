/** What stands beside a job's state: which attempt it is, that it has gone quiet, what else is wrong, that it is archived. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import type { Job } from '../api/jobs';
import { between, exact, figure, wholeSpan } from '../model/wording';
import { useNow, useRoom } from './room';

const LOOK_MS = 5000;

/** `attempt 2 of 6, from step 10`; null for a first attempt that is the only one it may have. */
export function attemptWords(trans: TranslationBundle, job: Job): string | null {
  const { attempts, retries } = job;
  const last = attempts[attempts.length - 1];
  if (last === undefined || (attempts.length < 2 && retries.max === 0)) {
    return null;
  }
  const number = figure(last.number);
  const retried = retries.used + 1 === last.number;
  const words = retries.max > 0 && retried ? trans.__('attempt %1 of %2', number, figure(retries.max + 1)) : trans.__('attempt %1', number);
  const from = last.start_step === null ? '' : trans.__(', from step %1', figure(last.start_step));
  // Paused and activated, it is a new attempt and no retry.
  const used = retries.max > 0 && !retried ? trans.__('; %1 of %2 retries used', figure(retries.used), figure(retries.max)) : '';
  return words + from + used;
}

/** That it has said nothing for long; counted on here, and asked for before it is said. */
export function Quiet({ job }: { job: Job }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { id, quiet_after: limit } = job;
  const watched = job.phase === 'running' && limit !== null;
  const now = useNow(watched ? LOOK_MS : 0);
  const last = latest(job.seen, job.attempts[job.attempts.length - 1]?.started ?? job.started);
  const silent = watched ? (between(last, null, Math.max(now, Date.now())) ?? 0) : 0;
  const quiet = limit !== null && silent > limit;
  const [sure, setSure] = useState<string | null>(null);
  const asked = useRef<string | null>(null);
  useEffect(() => {
    // A line of its log is no news for the page, so it is asked for once more; with news, all begins anew.
    if (quiet && asked.current !== last) {
      asked.current = last;
      session.load(id).then(
        () => setSure(last),
        () => {
          asked.current = null;
        }
      );
    }
  }, [quiet, last, id, session]);
  if (!quiet || sure !== last) {
    return null;
  }
  return (
    <p className="jp-Training-hangs">
      <Warns />
      <span title={last === null ? undefined : exact(last)}>
        {trans.__('No report and no log line for %1. It may hang.', wholeSpan(silent))}
      </span>
      {/* The minutes are for the eye; a screen reader hears it once. */}
      <span className="jp-Training-unseen" role="status">
        {trans.__('%1 has said nothing for long; it may hang.', job.name)}
      </span>
    </p>
  );
}

/** What else is not as it was wished, such as checkpoints that could not be copied. */
export function Notice({ job }: { job: Job }): JSX.Element | null {
  return job.notice ? (
    <p className="jp-Training-hangs" role="status">
      <Warns />
      <span>{job.notice}</span>
    </p>
  ) : null;
}

function Warns(): JSX.Element {
  return (
    <svg className="jp-Training-buttonIcon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M8 2.5l6 11H2zM8 6.5v3.2M8 11.4v.6" />
    </svg>
  );
}

/** The later of two instants. */
function latest(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && Date.parse(b) > Date.parse(a)) ? b : a;
}

export function Archived({ job }: { job: Job }): JSX.Element | null {
  const { trans } = useRoom();
  return job.archived ? (
    <span className="jp-Training-chip" title={trans.__('It is in no list; the filter is:archived finds it')}>
      {trans.__('archived')}
    </span>
  ) : null;
}
