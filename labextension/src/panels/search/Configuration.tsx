/** What a search was asked to look for, where, by whom, and when it ends. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Fragment } from 'react';
import type { Experiment } from '../../api/experiments';
import { typed } from '../../forms/fields';
import { figure, span } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { arrow } from '../../parts/searchWords';
import { useDoors } from '../../renderers/job/doors';
import { CommandIds } from '../../tokens';
import { Copy } from '../detail/Copy';
import { yaml } from '../detail/yaml';

export function Configuration({ search }: { search: Experiment }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const constants = Object.entries(search.constants);
  const whole = search.spec && yaml(plain(search.spec)).trim();
  const facts: readonly (readonly [string, string])[] = [
    [trans.__('objective'), search.metrics.map((name, place) => `${name} ${arrow(search, place)}`).join(', ')],
    [trans.__('searcher'), search.searcher_note === null ? search.searcher : `${search.searcher}: ${search.searcher_note}`],
    [trans.__('ends'), stopWords(trans, search).join('; ') || trans.__('when its space is used up')],
    [trans.__('at once'), trans._n('%1 trial', '%1 trials', search.workers, figure(search.workers))],
    [trans.__('resource'), search.max_resource === null ? search.resource : trans.__('%1, at most %2', search.resource, figure(search.max_resource))],
    [trans.__('seed'), String(search.seed)],
    [trans.__('queue'), trans.__('pool %1, priority %2', search.pool, search.priority)]
  ];
  return (
    <div className="jp-Training-page">
      <section>
        <h3>{trans.__('Space')}</h3>
        <div className="jp-Training-scroll">
          <table className="jp-Training-table jp-mod-wide">
            <thead>
              <tr>
                <th scope="col">{trans.__('axis')}</th>
                <th scope="col" className="jp-mod-text">
                  {trans.__('values')}
                </th>
                <th scope="col" className="jp-mod-text">
                  {trans.__('as written')}
                </th>
                <th scope="col" className="jp-mod-text">
                  {trans.__('when')}
                </th>
              </tr>
            </thead>
            <tbody>
              {search.space.map(axis => (
                <tr key={axis.name}>
                  <th scope="row">{axis.name}</th>
                  <td className="jp-mod-text">{axis.words}</td>
                  <td className="jp-mod-text">
                    <code>{axis.expression}</code>
                  </td>
                  <td className="jp-mod-text">{axis.when ?? trans.__('always')}</td>
                </tr>
              ))}
              {constants.map(([name, given]) => (
                <tr key={name} className="jp-Training-faint">
                  <th scope="row">{name}</th>
                  <td className="jp-mod-text">{trans.__('always %1', typed(given))}</td>
                  <td />
                  <td />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section>
        <h3>{trans.__('Search')}</h3>
        <dl className="jp-Training-facts">
          {facts.map(([name, words]) => (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>{words}</dd>
            </Fragment>
          ))}
        </dl>
        {doors.hasCommand(CommandIds.log) && (
          <div className="jp-Training-actions">
            <button
              type="button"
              className="jp-Training-button"
              title={trans.__('Show what the process printed that drives the search')}
              onClick={() => void doors.execute(CommandIds.log, { job: search.id })}
            >
              {trans.__('Log of the search')}
            </button>
          </div>
        )}
      </section>
      {whole !== null && (
        <section>
          <h3>
            {trans.__('As it was resolved')}
            <Copy text={whole} title={trans.__('Copy it as YAML')} />
          </h3>
          <pre tabIndex={0}>{whole}</pre>
        </section>
      )}
    </div>
  );
}

/** What the trials are made of but for their code, which each trial's own view has. */
function plain(spec: NonNullable<Experiment['spec']>): object {
  const template = Object.entries(spec.template ?? {}).filter(([key]) => !['files', 'params', 'data'].includes(key));
  return { ...spec, template: Object.fromEntries(template) };
}

/** Each of its stop rules in words. */
export function stopWords(trans: TranslationBundle, { stop, total }: Experiment): string[] {
  const more = total !== null && stop.max_trials_started !== null ? total - stop.max_trials_started : 0;
  const words: (string | null)[] = [
    stop.max_trials_started === null
      ? null
      : more > 0
        ? trans.__('after %1 trials, %2 of them added later', figure(total), figure(more))
        : trans.__('after %1 trials', figure(stop.max_trials_started)),
    stop.max_trials_finished === null ? null : trans.__('when %1 trials have ended', figure(stop.max_trials_finished)),
    stop.max_trials_completed === null ? null : trans.__('when %1 trials have come to their own end', figure(stop.max_trials_completed)),
    stop.max_time === null ? null : trans.__('after %1', span(stop.max_time)),
    stop.max_cost === null ? null : trans.__('at a cost of %1', figure(stop.max_cost)),
    stop.target === null ? null : trans.__('when %1 has reached %2', stop.target.metric, figure(stop.target.value)),
    stop.plateau === null ? null : trans.__('when %1 trials bring nothing better', figure(stop.plateau.trials)),
    stop.max_failures === null ? null : trans.__('when more than %1 have failed', figure(stop.max_failures))
  ];
  return words.filter(one => one !== null);
}
