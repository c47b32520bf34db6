/** A search under its cell: how it stands, and the best so far beside its newest trials, the best of them pinned. */
import { Suspense, lazy, memo, useMemo } from 'react';
import type { Experiment, Trial } from '../../api/experiments';
import { isEnded } from '../../model/select';
import { steps } from '../../model/searching';
import { figure, value } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { SearchHead } from '../../parts/SearchHead';
import { PHASES, arrow, trialWord } from '../../parts/searchWords';
import { StateIcon } from '../../parts/StateIcon';
import { useTrials } from '../../parts/useTrials';
import { CommandIds } from '../../tokens';
import { useDoors } from '../job/doors';

const Curve = lazy(async () => ({ default: (await import('../../charts/Curve')).Curve }));

const HEIGHT = 168;
const SHOWN = 10;
/** More axes than these are in the search's own view. */
const AXES = 4;

interface Props {
  readonly search: Experiment;
  /** Whether it is on screen; unseen, nothing is asked for. */
  readonly seen: boolean;
  /** What is wrong with the connection, if anything. */
  readonly notice: JSX.Element | null;
}

export const SearchCard = memo(function SearchCard({ search, seen, notice }: Props): JSX.Element {
  const { trans } = useRoom();
  return (
    <article className="jp-Training-card" data-phase={search.phase} aria-label={trans.__('Search %1', search.name)}>
      {notice}
      <SearchHead search={search} seen={seen} opens />
      {search.error !== null && (
        <pre className="jp-Training-traceback" tabIndex={0}>
          {search.error}
        </pre>
      )}
      <div className="jp-Training-pictures">
        <BestSoFar search={search} />
        <Newest search={search} seen={seen} />
      </div>
    </article>
  );
});

function BestSoFar({ search }: { search: Experiment }): JSX.Element | null {
  const { trans } = useRoom();
  const points = useMemo(() => {
    const { xs, ys } = steps(search.curve);
    return xs.map((x, place) => [x, 0, ys[place] ?? null] as const);
  }, [search.curve]);
  return points.length < 2 ? null : (
    <div className="jp-Training-curveBox" style={{ minHeight: HEIGHT + 20 }}>
      <div className="jp-Training-faint">{trans.__('best %1 so far, over reports', search.metrics[0] ?? '')}</div>
      <Suspense fallback={null}>
        <Curve name={trans.__('best %1', search.metrics[0] ?? '')} points={points} height={HEIGHT} grows={!isEnded(search)} />
      </Suspense>
    </div>
  );
}

function Newest({ search, seen }: { search: Experiment; seen: boolean }): JSX.Element | null {
  const { trans } = useRoom();
  const found = useTrials(search, '-number', seen, SHOWN);
  const { best } = search;
  const axes = search.space.slice(0, AXES).map(one => one.name);
  if (found.rows.length === 0) {
    return null;
  }
  // The best one may be older than the newest ten: of it the search itself knows enough.
  const newest = found.rows.filter(row => row.number !== best?.trial).slice(0, best === null ? SHOWN : SHOWN - 1);
  const top = best === null ? undefined : found.rows.find(row => row.number === best.trial);
  return (
    <div className="jp-Training-newest">
      <table className="jp-Training-table" aria-label={trans.__('The newest trials of %1, below the best', search.name)}>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col" className="jp-mod-text">
              {trans.__('state')}
            </th>
            <th scope="col">
              {search.metrics[0]} {arrow(search)}
            </th>
            {axes.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {best !== null && <Line number={best.trial} job={best.job} state={top?.state ?? null} best={best.value} config={best.config} axes={axes} pinned />}
          {newest.map(row => (
            <Line key={row.number} number={row.number} job={row.job} state={row.state} best={row.best} config={row.config} axes={axes} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface LineProps extends Pick<Trial, 'number' | 'job' | 'best' | 'config'> {
  /** Null: not known here. */
  readonly state: Trial['state'] | null;
  readonly axes: readonly string[];
  readonly pinned?: boolean;
}

function Line({ number, job, state, best, config, axes, pinned = false }: LineProps): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  return (
    <tr data-best={pinned || undefined} data-phase={state === null ? undefined : PHASES[state]}>
      <th scope="row">
        {doors.hasCommand(CommandIds.detail) ? (
          <button
            type="button"
            className="jp-Training-link"
            aria-label={trans.__('Open trial %1', number)}
            onClick={() => void doors.execute(CommandIds.detail, { job })}
          >
            {figure(number)}
          </button>
        ) : (
          figure(number)
        )}
      </th>
      <td className="jp-mod-text">
        {state !== null && (
          <>
            <StateIcon phase={PHASES[state]} /> {trialWord(trans, state)}
          </>
        )}
        {pinned && <span className="jp-Training-faint"> {trans.__('best')}</span>}
      </td>
      <td>{pinned ? <b>{figure(best)}</b> : figure(best)}</td>
      {axes.map(name => (
        <td key={name} title={JSON.stringify(config[name])}>
          {config[name] === undefined ? '–' : value(config[name])}
        </td>
      ))}
    </tr>
  );
}
