/** What the job was given, and the whole of what was asked for, with every default filled in. */
import type { Job } from '../../api/jobs';
import { typed } from '../../forms/fields';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { Copy } from './Copy';
import { yaml } from './yaml';

/** The code has a tab of its own. */
const ELSEWHERE = new Set(['files', 'params', 'data']);

export function Parameters({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const params = Object.entries(job.params);
  const first = (job.spec?.params ?? {}) as Readonly<Record<string, unknown>>;
  const spec = job.spec && Object.fromEntries(Object.entries(job.spec).filter(([key]) => !ELSEWHERE.has(key)));
  const words = spec && yaml({ ...spec, pool: job.pool, priority: job.priority }).trim();
  return (
    <div className="jp-Training-page">
      <section>
        <h3>{trans.__('Parameters')}</h3>
        {params.length === 0 ? (
          <p className="jp-Training-faint">
            {trans.__('None. Plain assignments at the top of the cell, such as lr = 0.1, become parameters.')}
          </p>
        ) : (
          <table className="jp-Training-table">
            <tbody>
              {params.map(([name, given]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td className="jp-mod-text">{typed(given)}</td>
                  {Object.keys(job.overrides).length > 0 && (
                    <td className="jp-mod-text jp-Training-faint">
                      {name in job.overrides &&
                        (name in first ? trans.__('before it was extended: %1', typed(first[name])) : trans.__('given when it was extended'))}
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {job.data.length > 0 && (
        <section>
          <h3>{trans.__('Data that came along')}</h3>
          <table className="jp-Training-table">
            <tbody>
              {job.data.map(one => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th>
                  <td className="jp-mod-text">{one.words || one.kind}</td>
                  <td>{bytes(one.size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {words !== null && (
        <section>
          <h3>
            {trans.__('As it was resolved')}
            <Copy text={words} title={trans.__('Copy it as YAML')} />
          </h3>
          <pre tabIndex={0}>{words}</pre>
        </section>
      )}
    </div>
  );
}
