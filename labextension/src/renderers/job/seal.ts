/**
 * Writes into the saved output how its job ended, once, where nobody else has: the kernel that started the job
 * writes it too, but may be gone. Waits a moment for it, so that the notebook does not change twice.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { curves } from '../../api/jobs';
import type { Job } from '../../api/jobs';
import { logEnd } from '../../api/output';
import { isEnded, ranked } from '../../model/select';
import type { Session } from '../../model/session';
import { JOB_MIME } from '../../tokens';
import { ending } from './lines';
import { readReference } from './reference';
import type { Reference } from './reference';
import { still, tellsEnd } from './still';

const PATIENCE_MS = 3000;
const CURVES = 4;
const POINTS = 100;
const LOG_BYTES = 16 * 1024;

/** Seal the output as soon as the session knows of the end. Asks for nothing before; `model` gives the output of now. */
export function sealAtEnd(
  session: Session,
  reference: Reference,
  model: () => IRenderMime.IMimeModel | null,
  patienceMs = PATIENCE_MS
): IDisposable {
  let timer: number | undefined;
  let begun = false;
  const check = (): void => {
    const job = session.state.store === reference.store ? session.state.jobs.get(reference.job) : undefined;
    if (!job || !isEnded(job)) {
      begun = false; // it may be tried again, and end anew
      window.clearTimeout(timer);
      return;
    }
    if (begun) {
      return;
    }
    begun = true;
    if (open(model(), reference, job)) {
      timer = window.setTimeout(() => void seal(session, reference, model, job), patienceMs);
    }
  };
  const forget = session.subscribe(check);
  check();
  return new DisposableDelegate(() => {
    forget();
    window.clearTimeout(timer);
  });
}

async function seal(
  session: Session,
  reference: Reference,
  model: () => IRenderMime.IMimeModel | null,
  job: Job
): Promise<void> {
  if (!open(model(), reference, job)) {
    return;
  }
  const names = ranked(job.metrics).slice(0, CURVES);
  const [series, log] = await Promise.all([
    names.length > 0 ? curves(session.settings, job.id, names, POINTS).catch(() => []) : [],
    job.phase === 'failed' ? logEnd(session.settings, job.id, LOG_BYTES).catch(() => null) : null
  ]);
  const output = model();
  if (output === null || !open(output, reference, job)) {
    return; // meanwhile the cell ran again, or the kernel said it
  }
  const { text, html } = still(job, new Map(series.filter(one => !one.superseded).map(one => [one.name, one.points])), ending(log?.text ?? ''));
  output.setData({ data: { ...output.data, 'text/plain': text, 'text/html': html }, metadata: output.metadata });
}

/** Whether the output is still this job's and does not yet tell its end. */
function open(output: IRenderMime.IMimeModel | null, reference: Reference, job: Job): boolean {
  const found = output === null ? null : readReference(output.data[JOB_MIME]);
  if (output === null || found?.job !== reference.job || found.store !== reference.store) {
    return false;
  }
  const text = output.data['text/plain'];
  return !tellsEnd(Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '', job);
}
