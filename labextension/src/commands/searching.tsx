/** Verbs on searches: which one is meant, the words with the person before, and what is said after. */
import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { experiments as listOf } from '../api/experiments';
import type { Experiment, ExperimentVerb } from '../api/experiments';
import { troubleFrom } from '../api/http';
import { askForm } from '../forms/FormDialog';
import { Row } from '../forms/ScriptForm';
import type { Session } from '../model/session';
import { figure, short } from '../model/wording';
import { keptFocus } from '../parts/focus';
import { searchWords } from './search';
import type { SearchAct } from './search';
import { ofTotal } from '../parts/searchWords';
import { phaseWord } from '../parts/words';

const OFFERED = 200;
const SHOWN_MS = 8000;
const MORE = '10';

/** By how many trials more? What is to be said beside; nothing where it was left. */
export async function extend(session: Session, trans: TranslationBundle, search: Experiment): Promise<readonly string[]> {
  const answer = await askForm<{ trials: string }, readonly string[]>({
    title: trans.__('Extend %1', search.name),
    ok: trans.__('Extend'),
    draft: { trials: MORE },
    body: ({ draft, change, tried }) => (
      <Row
        label={trans.__('more trials')}
        id="jp-Training-more-trials"
        help={trans.__('So far: %1.', ofTotal(trans, search))}
        wrong={tried && wanted(draft.trials) === null ? trans.__('A whole number from 1.') : null}
      >
        {described => <input {...described} inputMode="numeric" value={draft.trials} onChange={event => change({ trials: event.target.value })} />}
      </Row>
    ),
    validate: draft => wanted(draft.trials) !== null,
    send: draft => session.actOn('extend', search.id, { trials: wanted(draft.trials) ?? 1 }),
    trans
  });
  return answer ?? [];
}

function wanted(words: string): number | null {
  return /^[1-9]\d{0,6}$/.test(words.trim()) ? Number(words) : null;
}

/** Wish it of this search or, with null, of the one that the person chooses, and say what came of it. */
export async function wishOf(session: Session, trans: TranslationBundle, verb: ExperimentVerb, id: string | null, certain: boolean): Promise<void> {
  try {
    const search = id === null ? await chooseSearch(session, trans, verb) : (known(session, id) ?? (await loaded(session, id)));
    if (search === null || !((certain && verb === 'cancel') || (await sure(trans, verb, search)))) {
      return;
    }
    const notes = verb === 'extend' ? await extend(session, trans, search) : await session.actOn(verb, search.id);
    if (notes.length > 0) {
      Notification.info(notes.join(' '), { autoClose: SHOWN_MS });
    }
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
  }
}

/** One of the searches of which it can be wished. */
export async function chooseSearch(session: Session, trans: TranslationBundle, act: SearchAct): Promise<Experiment | null> {
  const { experiments } = await listOf(session.settings, null, OFFERED);
  const fit = experiments.filter(one => (act === 'open' ? true : act === 'clone' ? one.best !== null : one.verbs.includes(act)));
  if (fit.length === 0) {
    Notification.info(trans.__('There is no such search now.'), { autoClose: 4000 });
    return null;
  }
  const labels = fit.map(one => `${one.name} · ${short(one.id)} · ${phaseWord(trans, one.phase)}`);
  const { value } = await InputDialog.getItem({ title: trans.__('Which search?'), items: labels, okLabel: bare(searchWords(trans)[act][0]) });
  return value === null ? null : (fit[labels.indexOf(value)] ?? null);
}

/** Whether the person means it, where something is taken away. */
async function sure(trans: TranslationBundle, verb: ExperimentVerb, search: Experiment): Promise<boolean> {
  const words: Partial<Record<ExperimentVerb, string>> = {
    cancel: trans.__('It starts no more trials, and those that run are asked to stop.'),
    kill: trans.__('All of its trials end at once, without checkpoints.'),
    delete: trans._n(
      'Its record goes, and its %1 trial with checkpoints, logs and files. That can not be had again.',
      'Its record goes, and its %1 trials with checkpoints, logs and files. That can not be had again.',
      search.trials,
      figure(search.trials)
    )
  };
  const body = words[verb];
  if (body === undefined) {
    return true;
  }
  const label = bare(searchWords(trans)[verb][0]);
  const takes = verb !== 'cancel';
  const giveBack = keptFocus();
  const answer = await showDialog({
    title: trans.__('%1 %2?', label, search.name),
    body,
    buttons: [Dialog.cancelButton(), takes ? Dialog.warnButton({ label }) : Dialog.okButton({ label })],
    ...(takes ? { defaultButton: 0 } : {})
  });
  giveBack();
  return answer.button.accept;
}

/** A verb without the dots that promise a question: here it is asked. */
function bare(word: string): string {
  return word.replace(/…$/, '');
}

function known(session: Session, id: string): Experiment | null {
  return session.state.experiments.get(id) ?? null;
}

async function loaded(session: Session, id: string): Promise<Experiment | null> {
  await session.loadExperiment(id);
  return known(session, id);
}
