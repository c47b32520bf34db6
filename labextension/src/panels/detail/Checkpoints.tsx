/** The states that a job can go on from: which there are, which is the best, and what becomes of them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { checkpoints as listOf } from '../../api/checkpoints';
import type { Checkpoint, CheckpointList } from '../../api/checkpoints';
import { troubleFrom } from '../../api/http';
import type { Job } from '../../api/jobs';
import { ago, between, exact, figure, span } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { useDoors } from '../../renderers/job/doors';
import { bytes } from '../../renderers/job/words';
import { CommandIds } from '../../tokens';

export function Checkpoints({ job }: { job: Job }): JSX.Element {
  const { session, trans } = useRoom();
  const [changed, setChanged] = useState(0);
  const { list, trouble } = useList(job, changed);
  if (list === null) {
    return (
      <div className="jp-Training-page">
        {trouble !== null && (
          <p role="alert">
            <span className="jp-Training-refusal">{trouble}</span>{' '}
            <button type="button" className="jp-Training-button" onClick={() => setChanged(changed + 1)}>
              {trans.__('Retry')}
            </button>
          </p>
        )}
      </div>
    );
  }
  const decide = async (): Promise<void> => {
    const { retain } = await import(/* webpackChunkName: "tabs" */ './retain');
    if (await retain(session, trans, job, list)) {
      setChanged(changed + 1);
    }
  };
  return (
    <div className="jp-Training-page">
      <section>
        <div className="jp-Training-tools">
          <span className="jp-Training-faint">{policy(list, trans, job.ended !== null)}</span>
          <button
            type="button"
            className="jp-Training-button"
            title={trans.__('Choose how many checkpoints stay; shows what would go before it goes')}
            onClick={() => void decide()}
          >
            {trans.__('What is kept…')}
          </button>
        </div>
        {list.checkpoints.length === 0 ? (
          <p className="jp-Training-faint">
            {trans.__('None yet. checkpoint.save(model, step=step) in its code writes one; with it a training can be paused and goes on where it was.')}
          </p>
        ) : (
          <Table job={job} list={list} />
        )}
      </section>
    </div>
  );
}

function Table({ job, list }: { job: Job; list: CheckpointList }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const now = useNow(10_000);
  const top = best(list);
  const continues = doors.hasCommand(CommandIds.continue) && !job.archived;
  return (
    <div className="jp-Training-scroll">
      <table className="jp-Training-table jp-mod-wide">
        <thead>
          <tr>
            <th scope="col">{trans.__('step')}</th>
            <th scope="col">{trans.__('attempt')}</th>
            <th scope="col">{trans.__('age')}</th>
            <th scope="col">{trans.__('size')}</th>
            <th scope="col">{list.metric ?? trans.__('metric')}</th>
            <th scope="col">{trans.__('saved in')}</th>
            <th scope="col" className="jp-mod-text">
              {trans.__('state')}
            </th>
            <th scope="col" className="jp-mod-text">
              {trans.__('place')}
            </th>
            <th scope="col">
              <span className="jp-Training-unseen">{trans.__('go on from it')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.checkpoints.map(one => (
            <tr key={one.name} data-state={one.state} className={one.state === 'kept' ? undefined : 'jp-Training-faint'}>
              <th scope="row" title={one.name}>
                {figure(one.step)}
              </th>
              <td title={one.attempt === 0 ? trans.__('It came from another training') : undefined}>
                {one.attempt === 0 ? '–' : figure(one.attempt)}
              </td>
              <td title={exact(one.created)}>{ago(between(one.created, null, Math.max(now, Date.now())) ?? 0)}</td>
              <td title={trans._n('%1 file', '%1 files', one.files)}>{bytes(one.size)}</td>
              <td>
                {one === top ? (
                  <strong>
                    {list.mode === 'min' ? '↓' : '↑'} {figure(one.metric)} <span className="jp-Training-faint">{trans.__('best')}</span>
                  </strong>
                ) : (
                  figure(one.metric)
                )}
              </td>
              <td>{one.seconds === null ? '–' : span(one.seconds)}</td>
              <td className="jp-mod-text">{stateWords(trans, one)}</td>
              <td className="jp-mod-text" title={one.place ?? undefined}>
                {one.place ?? trans.__('beside the training')}
              </td>
              <td>
                {continues && one.state === 'kept' && (
                  <button
                    type="button"
                    className="jp-Training-button"
                    aria-label={trans.__('Continue from step %1', figure(one.step))}
                    title={trans.__('Begin a new training with these weights')}
                    onClick={() => void doors.execute(CommandIds.continue, { job: job.id, checkpoint: one.name })}
                  >
                    {trans.__('Continue from here')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Asked for again when the job has written one, or when it ends: then the policy takes what it does not keep. */
function useList(job: Job, changed: number): { readonly list: CheckpointList | null; readonly trouble: string | null } {
  const { session } = useRoom();
  const [list, setList] = useState<CheckpointList | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const { step, count, created } = job.checkpoint ?? {};
  useEffect(() => {
    let gone = false;
    listOf(session.settings, job.id).then(
      found => {
        if (!gone) {
          setList(found);
          setTrouble(null);
        }
      },
      (reason: unknown) => {
        if (!gone) {
          setTrouble(troubleFrom(reason).message);
        }
      }
    );
    return () => {
      gone = true;
    };
  }, [session, job.id, step, count, created, job.phase, changed]);
  return { list, trouble };
}

/** The best of the good ones; of equals the later step. */
export function best({ checkpoints, mode }: CheckpointList): Checkpoint | null {
  const rank = ({ metric }: Checkpoint): number => (mode === 'min' ? 1 : -1) * (metric ?? 0);
  const measured = checkpoints.filter(one => one.state === 'kept' && one.metric !== null);
  return [...measured].sort((a, b) => rank(a) - rank(b) || b.step - a.step)[0] ?? null;
}

function policy({ keep, metric }: CheckpointList, trans: TranslationBundle, hasEnded: boolean): string {
  const by = metric === null ? '' : ` ${trans.__('by %1', metric)}`;
  const parts = [
    ...(keep.trial_latest > 0 ? [trans._n('the newest one', 'the newest %1', keep.trial_latest)] : []),
    ...(keep.trial_best > 0 ? [trans._n('the best one', 'the best %1', keep.trial_best) + by] : []),
    ...(keep.experiment_best > 0 ? [trans._n('the best one of its experiment', 'the best %1 of its experiment', keep.experiment_best)] : [])
  ];
  const kept = parts.length === 0 ? trans.__('None is kept.') : trans.__('These are kept: %1.', parts.join(', '));
  return hasEnded ? kept : `${kept} ${trans.__('While it may go on, its two newest stay in any case.')}`;
}

function stateWords(trans: TranslationBundle, { state }: Checkpoint): string {
  switch (state) {
    case 'kept':
      return trans.__('kept');
    case 'deleted':
      return trans.__('removed');
    case 'corrupt':
      return trans.__('damaged');
  }
}
