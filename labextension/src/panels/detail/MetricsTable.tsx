/** Every metric with its last and best value; the check marks say which are drawn. The charts' text alternative. */
import type { Job } from '../../api/jobs';
import { colourOf } from '../../charts/colours';
import { best } from '../../model/select';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';

interface Props {
  readonly job: Job;
  readonly names: readonly string[];
  readonly chosen: readonly string[];
  readonly choose: (names: readonly string[]) => void;
}

export function MetricsTable({ job, names, chosen, choose }: Props): JSX.Element {
  const { trans } = useRoom();
  const all = chosen.length === names.length;
  const toggle = (name: string): void =>
    choose(chosen.includes(name) ? chosen.filter(one => one !== name) : names.filter(one => one === name || chosen.includes(one)));
  return (
    <div className="jp-Training-metrics">
      <table>
        <thead>
          <tr>
            <th scope="col">
              <label>
                <input
                  type="checkbox"
                  checked={all}
                  ref={box => {
                    if (box !== null) {
                      box.indeterminate = !all && chosen.length > 0;
                    }
                  }}
                  onChange={() => choose(all ? [] : names)}
                />
                {trans.__('metric')}
              </label>
            </th>
            <th scope="col">{trans.__('last')}</th>
            <th scope="col">{trans.__('best')}</th>
            <th scope="col">{trans.__('at step')}</th>
          </tr>
        </thead>
        <tbody>
          {names.map(name => (
            <MetricRow key={name} job={job} name={name} place={chosen.indexOf(name)} toggle={() => toggle(name)} />
          ))}
        </tbody>
      </table>
      {job.source !== null && job.source !== 'report' && (
        <p className="jp-Training-faint">
          {job.source === 'log'
            ? trans.__('Read from what it printed; report() is exact.')
            : trans.__('Taken over from its MLflow calls.')}
        </p>
      )}
    </div>
  );
}

function MetricRow(props: { job: Job; name: string; place: number; toggle: () => void }): JSX.Element | null {
  const { trans } = useRoom();
  const { job, name, place, toggle } = props;
  const metric = job.metrics[name];
  if (!metric) {
    return null;
  }
  const top = best(name, metric);
  return (
    <tr>
      <th scope="row">
        <label title={name}>
          <input type="checkbox" checked={place >= 0} onChange={toggle} />
          <i className="jp-Training-swatch" style={{ background: place >= 0 ? colourOf(place + 1) : 'transparent' }} />
          <span>{name}</span>
        </label>
      </th>
      <td title={trans.__('at step %1, of %2 values', figure(metric.last_step), figure(metric.count))}>
        {figure(metric.last)}
      </td>
      <td>
        {top !== null && (
          <>
            <b>{figure(top.value)}</b>{' '}
            <span title={top.lower ? trans.__('lower is better') : trans.__('higher is better')}>{top.lower ? '↓' : '↑'}</span>
          </>
        )}
      </td>
      <td>{top === null ? '' : figure(top.step)}</td>
    </tr>
  );
}
