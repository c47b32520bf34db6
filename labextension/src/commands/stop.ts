/** The dialogue behind "Stop a Training": which one, and what the server answered. */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { active } from '../api/jobs';
import { Trouble } from '../api/http';
import type { Session } from '../model/session';
import { mayStop } from '../model/select';
import { short } from '../model/wording';

/** Stop the job with that id, or, with null, the one that the person chooses. */
export async function stopOne(session: Session, trans: TranslationBundle, id: string | null): Promise<void> {
  try {
    const chosen = id ?? (await choose(session, trans));
    if (chosen !== null) {
      await session.act('cancel', [chosen]);
    }
  } catch (reason) {
    Notification.error(reason instanceof Trouble ? reason.message : String(reason));
  }
}

async function choose(session: Session, trans: TranslationBundle): Promise<string | null> {
  const { jobs } = await active(session.settings);
  const stoppable = jobs.filter(mayStop);
  if (stoppable.length === 0) {
    Notification.info(trans.__('No training is waiting or running.'), { autoClose: 4000 });
    return null;
  }
  const labels = stoppable.map(job => `${job.name} · ${short(job.id)} · ${job.phase}`);
  const { value } = await InputDialog.getItem({ title: trans.__('Stop which training?'), items: labels, okLabel: trans.__('Stop') });
  return value === null ? null : (stoppable[labels.indexOf(value)]?.id ?? null);
}
