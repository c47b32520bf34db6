/** The words with a person before something is taken away, and the list of what was refused after. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, Verb } from '../api/jobs';
import type { Session } from '../model/session';
import { short } from '../model/wording';
import { keptFocus } from '../parts/focus';
import { verbWords } from './verbWords';
import type { Refusal } from './wish';

const NAMED = 6;

/** Whether the person means it. */
export async function sure(session: Session, trans: TranslationBundle, verb: Verb, ids: readonly string[]): Promise<boolean> {
  const jobs = ids.flatMap(id => session.state.jobs.get(id) ?? []);
  const { ok } = verbWords(trans, verb);
  const what = ids.length === 1 ? (jobs[0]?.name ?? short(ids[0] ?? '')) : trans._n('%1 training', '%1 trainings', ids.length);
  const takes = verb === 'kill' || verb === 'delete';
  const giveBack = keptFocus();
  const answer = await showDialog({
    title: trans.__('%1 %2?', ok, what),
    body: (
      <div className="jp-Training jp-Training-question">
        {verb === 'delete' ? (
          <Goes jobs={jobs} count={ids.length} trans={trans} />
        ) : verb === 'kill' ? (
          trans._n('It ends at once, without a checkpoint.', 'They end at once, without a checkpoint.', ids.length)
        ) : (
          trans._n('It is asked to stop, and may save a checkpoint first.', 'They are asked to stop, and may save checkpoints first.', ids.length)
        )}
      </div>
    ),
    buttons: [Dialog.cancelButton(), takes ? Dialog.warnButton({ label: ok }) : Dialog.okButton({ label: ok })],
    ...(takes ? { defaultButton: 0 } : {})
  });
  giveBack();
  return answer.button.accept;
}

/** What a deletion takes away. */
function Goes({ jobs, count, trans }: { jobs: readonly Job[]; count: number; trans: TranslationBundle }): JSX.Element {
  const kept = jobs.reduce((sum, job) => sum + (job.checkpoint?.count ?? 0), 0);
  return (
    <>
      <p>{trans.__('This goes, and can not be had again:')}</p>
      <ul>
        <li>
          {trans._n(
            'the record of %1 training: parameters, metrics and source',
            'the records of %1 trainings: parameters, metrics and source',
            count
          )}
        </li>
        <li>{kept === 0 ? trans.__('checkpoints: there are none') : trans._n('%1 checkpoint', '%1 checkpoints', kept)}</li>
        <li>{trans.__('logs, figures and all other files')}</li>
      </ul>
      <p>{trans._n('Its run lies in MLflow’s trash then, which “mlflow gc” empties.', 'Their runs lie in MLflow’s trash then, which “mlflow gc” empties.', count)}</p>
      {count > 1 && <p className="jp-Training-faint">{named(jobs, trans)}</p>}
    </>
  );
}

function named(jobs: readonly Job[], trans: TranslationBundle): string {
  const names = jobs.slice(0, NAMED).map(job => `${job.name} · ${short(job.id)}`);
  const more = jobs.length - names.length;
  return [...names, ...(more > 0 ? [trans.__('and %1 more', more)] : [])].join(', ');
}

/** Whether those that have no checkpoint are paused all the same. */
export async function discards(session: Session, trans: TranslationBundle, ids: readonly string[]): Promise<boolean> {
  const names = ids.flatMap(id => session.state.jobs.get(id)?.name ?? short(id));
  const answer = await showDialog({
    title: trans.__('Pause and discard?'),
    body: trans._n(
      '%2 has written no checkpoint. Paused now, it begins anew when it is activated.',
      '%1 have written no checkpoint: %2. Paused now, they begin anew when they are activated.',
      ids.length,
      names.slice(0, NAMED).join(', ')
    ),
    buttons: [Dialog.cancelButton({ label: trans._n('Let It Run', 'Let Them Run', ids.length) }), Dialog.warnButton({ label: trans.__('Pause and Discard') })],
    defaultButton: 0
  });
  return answer.button.accept;
}

/** Every refusal with its sentence. */
export async function listed(trans: TranslationBundle, refused: readonly Refusal[]): Promise<void> {
  await showDialog({
    title: trans._n('%1 was refused', '%1 were refused', refused.length),
    body: (
      <div className="jp-Training jp-Training-question">
        <dl className="jp-Training-facts">
          {refused.map(({ id, name, sentence }) => (
            <div key={id} role="none">
              <dt>
                {name} · {short(id)}
              </dt>
              <dd>{sentence}</dd>
            </div>
          ))}
        </dl>
      </div>
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
