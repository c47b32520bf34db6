/** Stop and Kill from the palette and the menus: which ones, and what the server answered. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ItemResult, Verb } from '../api/jobs';
import { troubleFrom } from '../api/http';
import type { Session } from '../model/session';
import { isUnfinished } from '../model/select';
import { short } from '../model/wording';
import { chooseUnfinished } from './choose';

const NAMED = 3;

/** Wish it of these jobs, or, with null, of the one that the person chooses. A refusal is said. */
export async function wish(session: Session, trans: TranslationBundle, verb: Verb, ids: readonly string[] | null): Promise<void> {
  try {
    const title = verb === 'cancel' ? trans.__('Stop which training?') : trans.__('Kill which training?');
    const asked = ids ?? one(await chooseUnfinished(session, trans, title, verb === 'cancel' ? trans.__('Stop') : trans.__('Kill')));
    // Of a selection those that run are meant; of one that has ended the server says so.
    const chosen = asked.length > 1 ? asked.filter(id => isUnfinished(session.state, id)) : asked;
    if (chosen.length === 0 || (verb === 'kill' && chosen.length > 1 && !(await sure(trans, verb, chosen.length)))) {
      return;
    }
    const refused = refusals(session, trans, await session.ask(verb, chosen));
    if (refused !== null) {
      Notification.error(refused);
    }
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
  }
}

/** Whether the person means it. */
export async function sure(trans: TranslationBundle, verb: Verb, count: number, name = ''): Promise<boolean> {
  const kill = verb === 'kill';
  const what = count === 1 ? name : trans._n('%1 training', '%1 trainings', count);
  const answer = await showDialog({
    title: kill ? trans.__('Kill %1?', what) : trans.__('Stop %1?', what),
    body: kill ? trans.__('It ends at once, without a checkpoint.') : trans.__('It is asked to stop, and may save a checkpoint first.'),
    buttons: [
      Dialog.cancelButton(),
      kill ? Dialog.warnButton({ label: trans.__('Kill') }) : Dialog.okButton({ label: trans.__('Stop') })
    ]
  });
  return answer.button.accept;
}

/** Who refused, by name and with the reason; null when nobody did. */
export function refusals(session: Session, trans: TranslationBundle, results: readonly ItemResult[]): string | null {
  const refused = results.filter(result => result.problem);
  if (refused.length === 0) {
    return null;
  }
  const named = refused.slice(0, NAMED).map(({ id, problem }) => {
    const name = session.state.jobs.get(id)?.name;
    return `${name === undefined ? short(id) : `${name} ${short(id)}`}: ${problem?.detail ?? ''}`;
  });
  const more = refused.length - named.length;
  return [
    ...(results.length > 1 ? [trans._n('%1 was refused.', '%1 were refused.', refused.length)] : []),
    ...named,
    ...(more > 0 ? [trans.__('And %1 more.', more)] : [])
  ].join(' ');
}

function one(id: string | null): readonly string[] {
  return id === null ? [] : [id];
}
