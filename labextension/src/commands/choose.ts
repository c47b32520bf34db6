/** The dialogue of a command that was given no job: which one? */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { active, latest } from '../api/jobs';
import type { Job } from '../api/jobs';
import type { Session } from '../model/session';
import { mayStop } from '../model/select';
import { short } from '../model/wording';
import { phaseWord } from '../parts/words';

export async function chooseUnfinished(session: Session, trans: TranslationBundle, title: string, okLabel: string): Promise<string | null> {
  const { jobs } = await active(session.settings);
  return choose(jobs.filter(job => mayStop(job) || job.phase === 'stopping'), trans, title, okLabel, trans.__('No training is waiting or running.'));
}

export async function chooseAny(session: Session, trans: TranslationBundle, title: string, okLabel: string): Promise<string | null> {
  const { jobs } = await latest(session.settings, 200);
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
