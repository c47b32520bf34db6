/** A job in one line of 24 px; selected, it says more below. */
import { Sparkline } from '../../charts/Sparkline';
import type { Job } from '../../api/jobs';
import { isEnded, leading, mayStop } from '../../model/select';
import type { Trail } from '../../model/state';
import { between, exact, figure, short, span, value } from '../../model/wording';
import { Progress } from '../../parts/Progress';
import { useRoom } from '../../parts/room';
import { StateIcon } from '../../parts/StateIcon';
import { StopButton } from '../../parts/StopButton';
import { phaseWord } from '../../parts/words';

interface Props {
  readonly job: Job;
  readonly trail: Trail | undefined;
  readonly now: number;
  readonly open: boolean;
  /** Whether Tab stops here: one row of the whole panel. */
  readonly tabStop: boolean;
  readonly onToggle: (id: string) => void;
  readonly onFocus: (id: string) => void;
}

export function Row({ job, trail, now, open, tabStop, onToggle, onFocus }: Props): JSX.Element {
  const { trans } = useRoom();
  const lead = leading(job);
  const time = age(job, now);
  const when = job.ended ?? job.started ?? job.submitted;
  return (
    <>
      <div
        role="row"
        className="jp-Training-row"
        data-job={job.id}
        aria-expanded={open}
        aria-selected={open}
        tabIndex={tabStop ? 0 : -1}
        onClick={() => onToggle(job.id)}
        onFocus={() => onFocus(job.id)}
      >
        <span role="gridcell" className="jp-Training-cell">
          <StateIcon phase={job.phase} />
          <span className="jp-Training-unseen">{phaseWord(trans, job.phase)}</span>
        </span>
        <span role="gridcell" className="jp-Training-name" title={`${job.name} · ${job.id}`}>
          {job.name}
        </span>
        <span role="gridcell" className="jp-Training-figure" title={lead?.name}>
          {lead ? figure(lead.metric.last) : ''}
        </span>
        <span role="gridcell" className="jp-Training-sparkCell">
          {lead && trail && !isEnded(job) && (
            <Sparkline values={trail.values} label={trans.__('Course of %1', trail.metric)} />
          )}
        </span>
        <span role="gridcell" className="jp-Training-time" title={exact(when)}>
          {time}
        </span>
      </div>
      {open && (
        <div role="row" className="jp-Training-detail">
          <div role="gridcell">
            <div>{job.sentence}</div>
            <Progress job={job} />
            <Figures job={job} />
            <div className="jp-Training-actions">
              <code className="jp-Training-faint" title={job.id}>
                {short(job.id)}
              </code>
              {(mayStop(job) || !isEnded(job)) && <StopButton job={job} />}
            </div>
          </div>
        </div>
      )}
    </>
  );
}

function Figures({ job }: { job: Job }): JSX.Element | null {
  const metrics = Object.entries(job.metrics).slice(0, 6);
  const params = Object.entries(job.params).slice(0, 6);
  if (metrics.length + params.length === 0) {
    return null;
  }
  return (
    <dl className="jp-Training-pairs">
      {metrics.map(([name, metric]) => (
        <div key={`m ${name}`}>
          <dt>{name}</dt>
          <dd>{figure(metric.last)}</dd>
        </div>
      ))}
      {params.map(([name, given]) => (
        <div key={`p ${name}`} className="jp-Training-faint">
          <dt>{name}</dt>
          <dd>{value(given)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How long it has waited or run, or how long ago it ended. */
function age(job: Job, now: number): string {
  const since = between(job.ended ?? job.started ?? job.submitted, null, now);
  return since === null ? '' : span(since);
}
