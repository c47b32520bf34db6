/** What a selected row says below its line: its sentence, how far it is, its figures, and what can be done. */
import { ellipsesIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Job } from '../../api/jobs';
import { isEnded, ranked } from '../../model/select';
import { figure, short, value } from '../../model/wording';
import { Actions } from '../../parts/Actions';
import { Progress } from '../../parts/Progress';
import { useRoom } from '../../parts/room';
import { Quiet, attemptWords } from '../../parts/Standing';
import { afterWords, startSaid } from '../../parts/words';
import { CommandIds } from '../../tokens';
import { menuAt } from './rowMenu';

const METRICS_SHOWN = 4;
const PARAMS_SHOWN = 4;

export function Second({ job, commands }: { job: Job; commands: CommandRegistry }): JSX.Element {
  const { trans } = useRoom();
  const attempt = attemptWords(trans, job);
  const doors: readonly [string, string][] = [
    [CommandIds.detail, trans.__('Open')],
    [CommandIds.log, trans.__('Log')],
    [CommandIds.clone, trans.__('Clone')]
  ];
  return (
    <div role="gridcell" className="jp-Training-detail" data-phase={job.phase}>
      <div>
        {job.sentence}{' '}
        <code className="jp-Training-faint" title={job.id}>
          {short(job.id)}
        </code>
      </div>
      {job.state === 'queued' && <Waits job={job} />}
      {attempt !== null && <div className="jp-Training-faint">{attempt}</div>}
      <Quiet job={job} />
      {!isEnded(job) && <Progress job={job} />}
      <Figures job={job} />
      <div className="jp-Training-actions">
        <Actions job={job} />
        {(job.state === 'queued' || job.state === 'running') && commands.hasCommand(CommandIds.manage) && (
          <button
            type="button"
            className="jp-Training-button"
            title={trans.__('Priority or weight, pool and position (M)')}
            onClick={() => void commands.execute(CommandIds.manage, { job: job.id })}
          >
            {trans.__('Manage…')}
          </button>
        )}
        {doors
          .filter(([command]) => commands.hasCommand(command))
          .map(([command, label]) => (
            <button
              key={command}
              type="button"
              className="jp-Training-button"
              onClick={() => void commands.execute(command, { job: job.id })}
            >
              {label}
            </button>
          ))}
        <button
          type="button"
          className="jp-Training-iconButton"
          title={trans.__('More (Shift F10)')}
          aria-label={trans.__('More for %1', job.name)}
          onClick={event => {
            const row = event.currentTarget.closest<HTMLElement>('[data-job]');
            if (row !== null) {
              row.focus({ preventScroll: true });
              menuAt(row);
            }
          }}
        >
          <ellipsesIcon.react tag="span" elementSize="normal" />
        </button>
      </div>
    </div>
  );
}

/** When it is expected to start, its priority or weight, and for which jobs it waits. */
function Waits({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const worth = job.weight === 1 ? trans.__('priority %1', job.priority) : trans.__('priority %1, weight %2', job.priority, figure(job.weight));
  const words = [startSaid(trans, job), worth, afterWords(trans, job)].filter(one => one !== null);
  return <div className="jp-Training-faint">{words.join(' · ')}</div>;
}

function Figures({ job }: { job: Job }): JSX.Element | null {
  const metrics = ranked(job.metrics).slice(0, METRICS_SHOWN);
  const params = Object.entries(job.params).slice(0, PARAMS_SHOWN);
  if (metrics.length + params.length === 0) {
    return null;
  }
  return (
    <dl className="jp-Training-pairs">
      {metrics.map(name => (
        <div key={`m ${name}`}>
          <dt title={name}>{name}</dt>
          <dd>{figure(job.metrics[name]?.last)}</dd>
        </div>
      ))}
      {params.map(([name, given]) => (
        <div key={`p ${name}`} className="jp-Training-faint">
          <dt title={name}>{name}</dt>
          <dd title={JSON.stringify(given)}>{value(given)}</dd>
        </div>
      ))}
    </dl>
  );
}
