/** The dialogue of a command that was given no job: which one? */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { active, filtered, latest } from '../api/jobs';
import type { Job } from '../api/jobs';
import type { Session } from '../model/session';
import { allows } from '../model/select';
import type { Act } from '../model/select';
import { short } from '../model/wording';
import { phaseWord } from '../parts/words';

const OFFERED = 200;
const UNFINISHED: ReadonlySet<Act> = new Set<Act>(['cancel', 'kill', 'pause', 'activate']);

/** One of the jobs of which it can be wished. */
export async function chooseFor(
  session: Session,
  trans: TranslationBundle,
  act: Act,
  title: string,
  okLabel: string
): Promise<string | null> {
  const { settings } = session;
  const { jobs } = await (UNFINISHED.has(act)
    ? active(settings)
    : act === 'unarchive'
      ? filtered(settings, 'is:archived', null, OFFERED)
      : latest(settings, OFFERED));
  const none = UNFINISHED.has(act) ? trans.__('No training waits or runs of which that could be asked.') : trans.__('There is no such training now.');
  return choose(jobs.filter(job => allows(job, act)), trans, title, okLabel, none);
}

export async function chooseAny(session: Session, trans: TranslationBundle, title: string, okLabel: string): Promise<string | null> {
  const { jobs } = await latest(session.settings, OFFERED);
  return choose(jobs, trans, title, okLabel, trans.__('There are no trainings yet.'));
}

async function choose(jobs: readonly Job[], trans: TranslationBundle, title: string, okLabel: string, none: string): Promise<string | null> {
  if (jobs.length === 0) {
    Notification.info(none, { autoClose: 4000 });
    return null;
  }
  const labels = jobs.map(job => `${job.name} · ${short(job.id)} · ${phaseWord(trans, job.phase)}`);
  const { value } = await InputDialog.getItem({ title, items: labels, okLabel });
  return value === null ? null : (jobs[labels.indexOf(value)]?.id ?? null);
}
