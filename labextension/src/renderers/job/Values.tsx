/** Metrics with their last and best value, then the parameters and the data that came along. */
import type { Job } from '../../api/jobs';
import { best, ranked } from '../../model/select';
import { figure, value } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { bytes } from './words';

const METRICS_SHOWN = 6;
const PARAMS_SHOWN = 8;

interface Props {
  readonly job: Job;
  readonly drawn: string | null;
  readonly onChoose: (name: string) => void;
}

export function Values({ job, drawn, onChoose }: Props): JSX.Element | null {
  const { trans } = useRoom();
  const names = ranked(job.metrics);
  const params = Object.entries(job.params);
  if (names.length + params.length + job.data.length === 0) {
    return null;
  }
  return (
    <div className="jp-Training-figures">
      {names.slice(0, METRICS_SHOWN).map(name => (
        <MetricValue key={name} job={job} name={name} drawn={name === drawn} onChoose={() => onChoose(name)} />
      ))}
      {names.length > METRICS_SHOWN && (
        <span className="jp-Training-faint">{trans.__('and %1 more', names.length - METRICS_SHOWN)}</span>
      )}
      {params.length + job.data.length > 0 && (
        <span className="jp-Training-params">
          {params.slice(0, PARAMS_SHOWN).map(([name, given]) => (
            <span key={name} title={`${name} = ${JSON.stringify(given)}`}>
              {name} {value(given)}
            </span>
          ))}
          {params.length > PARAMS_SHOWN && <span>{trans.__('and %1 more parameters', params.length - PARAMS_SHOWN)}</span>}
          {job.data.map(one => (
            <span key={`data ${one.name}`} title={trans.__('Came along with --take')}>
              {one.name} ({one.words}, {bytes(one.size)})
            </span>
          ))}
        </span>
      )}
      {job.source !== null && job.source !== 'report' && names.length > 0 && (
        <span className="jp-Training-faint">
          {job.source === 'log' ? trans.__('metrics read from its printed lines') : trans.__('metrics logged to MLflow')}
        </span>
      )}
    </div>
  );
}

function MetricValue(props: { job: Job; name: string; drawn: boolean; onChoose: () => void }): JSX.Element | null {
  const { trans } = useRoom();
  const { job, name, drawn, onChoose } = props;
  const metric = job.metrics[name];
  if (!metric) {
    return null;
  }
  const top = best(name, metric);
  return (
    <button
      type="button"
      className="jp-Training-metric"
      aria-pressed={drawn}
      onClick={onChoose}
      title={metric.source === 'report' ? trans.__('Draw its curve') : trans.__('Draw its curve (read from: %1)', metric.source)}
    >
      <span>{name}</span> <b>{figure(metric.last)}</b>
      {top !== null && (
        <span className="jp-Training-faint jp-Training-best">
          {' '}
          {top.lower ? '↓' : '↑'} {trans.__('best %1 at %2', figure(top.value), figure(top.step))}
        </span>
      )}
    </button>
  );
}
