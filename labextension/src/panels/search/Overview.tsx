/** How a search goes: the best so far, the trials' own curves, the cloud of two metrics, and the trials as a table. */
import { Suspense, lazy, useEffect, useMemo, useRef, useState } from 'react';
import type { Experiment, Trial } from '../../api/experiments';
import { isEnded } from '../../model/select';
import { dots, highlights } from '../../model/searching';
import { NOTHING } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { figure } from '../../model/wording';
import { choose } from '../../parts/chosen';
import { useRoom } from '../../parts/room';
import { arrow } from '../../parts/searchWords';
import { useTrials } from '../../parts/useTrials';
import { useDoors } from '../../renderers/job/doors';
import { CommandIds } from '../../tokens';
import { useRecalled } from '../detail/recall';
import { Trials } from './Trials';

const Charts = lazy(() => import('./Charts'));
const Scatter = lazy(async () => ({ default: (await import('../../charts/Scatter')).Scatter }));

/** As many lines of a chart as can be told apart. */
const COLOURS = 8;
export const HEIGHT = 168;
const NONE: readonly Trial[] = [];

export function Overview({ search }: { search: Experiment }): JSX.Element {
  const { trans } = useRoom();
  const [sort, setSort] = useRecalled('sort', 'value');
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const found = useTrials(search, sort);
  // Sorted otherwise, the rows of before stay until the others have come.
  const before = useRef(found);
  if (found.known || found.trouble !== null) {
    before.current = found;
  }
  const shown = { ...before.current, reader: found.reader };
  const rows = shown.known ? shown.rows : NONE;
  const root = useRef<HTMLDivElement>(null);
  const chosen = useMemo(() => rows.filter(row => selection.chosen.has(row.job)), [rows, selection.chosen]);
  useEffect(() => {
    if (root.current !== null) {
      choose(root.current, chosen.map(row => row.job));
    }
  }, [chosen]);
  const numbers = chosen.map(row => row.number).join(' ');
  const best = search.best?.trial ?? null;
  const marked = useMemo(() => highlights(best, numbers === '' ? [] : numbers.split(' ').map(Number), COLOURS), [best, numbers]);
  return (
    <div ref={root} className="jp-Training-searchOverview">
      <div className="jp-Training-grid">
        <Suspense fallback={<div style={{ height: HEIGHT + 20 }} />}>
          <Charts search={search} marked={marked} height={HEIGHT} />
          {search.metrics.length > 1 && <Front search={search} trials={rows} />}
        </Suspense>
      </div>
      {search.error !== null && (
        <section aria-label={trans.__('Error')}>
          <h3>{trans.__('What the first trial said')}</h3>
          <pre className="jp-Training-traceback" tabIndex={0}>
            {search.error}
          </pre>
        </section>
      )}
      {shown.trouble !== null && (
        <p className="jp-Training-refusal" role="alert">
          {shown.trouble.message}
        </p>
      )}
      {rows.length > 0 ? (
        <Trials search={search} found={shown} sort={sort} onSort={setSort} selection={selection} onSelect={setSelection} marked={marked} />
      ) : (
        shown.known && (
          <p className="jp-Training-faint">{isEnded(search) ? trans.__('It started no trial.') : trans.__('Trials come once the search runs. %1', search.sentence)}</p>
        )
      )}
    </div>
  );
}

/** The cloud of two metrics; which ones can be chosen where there are more. */
function Front({ search, trials }: { search: Experiment; trials: readonly Trial[] }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const { metrics } = search;
  const [across, setAcross] = useRecalled('across', metrics[0] ?? '');
  const [up, setUp] = useRecalled('up', metrics[1] ?? '');
  const cloud = useMemo(() => dots(search, trials, across, up), [search, trials, across, up]);
  const front = cloud.filter(one => one.isFront);
  const said = (one: (typeof cloud)[number]): string => trans.__('trial %1: %2 %3, %4 %5', one.trial, across, figure(one.x), up, figure(one.y));
  const label = trans._n('%1 trial that none beats in everything: %2', '%1 trials that none beats in everything: %2', front.length, front.map(said).join('; '));
  const named = (metric: string): string => `${metric} ${arrow(search, metrics.indexOf(metric))}`;
  const axis = (word: string, value: string, set: (metric: string) => void): JSX.Element => (
    <label>
      {word}{' '}
      <select value={value} onChange={event => set(event.target.value)}>
        {metrics.map(one => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
  return (
    <figure className="jp-Training-chart">
      <figcaption>
        <span className="jp-Training-chartTitle">{trans.__('Pareto front')}</span>
        <span className="jp-Training-faint">{trans._n('%1 trial', '%1 trials', front.length)}</span>
        {metrics.length > 2 && axis(trans.__('across'), across, setAcross)}
        {metrics.length > 2 && axis(trans.__('up'), up, setUp)}
      </figcaption>
      <Scatter
        points={cloud.map(one => ({ key: one.job, x: one.x, y: one.y, isFront: one.isFront, words: said(one) }))}
        x={named(across)}
        y={named(up)}
        height={HEIGHT}
        label={label}
        onOpen={job => void doors.execute(CommandIds.detail, { job: String(job) })}
      />
    </figure>
  );
}
