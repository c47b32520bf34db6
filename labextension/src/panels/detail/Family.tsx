/** Where a job comes from and what came of it, as one line of links. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Fragment } from 'react';
import type { Job, Lineage } from '../../api/jobs';
import { childrenOf } from '../../model/select';
import { figure, short } from '../../model/wording';
import { useRoom, useTrainings } from '../../parts/room';
import { useDoors } from '../../renderers/job/doors';
import { CommandIds } from '../../tokens';

/** More children than these are counted. */
const SHOWN = 8;

export function Family({ job }: { job: Job }): JSX.Element | null {
  const { trans } = useRoom();
  const children = childrenOf(useTrainings(), job);
  const steps = resumedAt(job);
  const { parent } = job;
  const parts: JSX.Element[] = [];
  if (job.experiment !== null) {
    parts.push(<OfSearch job={job} search={job.experiment} />);
  }
  if (parent !== null) {
    parts.push(
      <>
        {fromWords(parent, trans)} <Link to={parent} />
      </>
    );
  }
  if (steps.length > 0) {
    parts.push(<>{trans._n('resumed at step %2', 'resumed at steps %2', steps.length, steps.map(figure).join(', '))}</>);
  }
  for (const child of children.slice(0, SHOWN)) {
    parts.push(
      <>
        {toWords(child, trans)} <Link to={child} />
      </>
    );
  }
  if (children.length > SHOWN) {
    parts.push(<>{trans._n('and %1 more', 'and %1 more', children.length - SHOWN)}</>);
  }
  if (parts.length === 0) {
    return null;
  }
  return (
    <p className="jp-Training-family" aria-label={trans.__('Lineage')} role="group">
      {parts.map((part, place) => (
        <Fragment key={place}>
          {place > 0 && ' · '}
          {part}
        </Fragment>
      ))}
    </p>
  );
}

/** The search that a trial, or the job that drives it, belongs to. */
function OfSearch({ job, search }: { job: Job; search: string }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const state = useTrainings();
  const words = state.experiments.get(search)?.name ?? short(search);
  return (
    <>
      {job.trial === null ? trans.__('drives the search') : trans.__('trial %1 of the search', figure(job.trial))}{' '}
      {doors.hasCommand(CommandIds.search) ? (
        <button type="button" className="jp-Training-link" onClick={() => void doors.execute(CommandIds.search, { experiment: search })}>
          {words}
        </button>
      ) : (
        words
      )}
    </>
  );
}

function Link({ to }: { to: Lineage }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const words = to.name === null ? short(to.job) : `${to.name} · ${short(to.job)}`;
  if (to.name === null || !doors.hasCommand(CommandIds.detail)) {
    return (
      <span className="jp-Training-faint" title={to.name === null ? trans.__('It was deleted') : undefined}>
        {to.name === null ? trans.__('%1 (deleted)', words) : words}
      </span>
    );
  }
  return (
    <button type="button" className="jp-Training-link" title={trans.__('Open %1', to.job)} onClick={() => void doors.execute(CommandIds.detail, { job: to.job })}>
      {words}
    </button>
  );
}

/** The steps at which later attempts went on, each once. */
export function resumedAt({ attempts }: Job): readonly number[] {
  return [...new Set(attempts.slice(1).flatMap(one => (one.start_step === null ? [] : [one.start_step])))];
}

function fromWords({ relation, step }: Lineage, trans: TranslationBundle): string {
  if (relation === 'fork') {
    return trans.__('forked from');
  }
  return step === null ? trans.__('continued from') : trans.__('continued from step %1 of', figure(step));
}

function toWords({ relation, step }: Lineage, trans: TranslationBundle): string {
  if (relation === 'fork') {
    return trans.__('fork:');
  }
  return step === null ? trans.__('continues in') : trans.__('continues from step %1 in', figure(step));
}
