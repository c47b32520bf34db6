/** The best so far over the reports, and how the best trials went, each over its own steps. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { trialCurves } from '../../api/experiments';
import type { Experiment, TrialCurves } from '../../api/experiments';
import { Curves } from '../../charts/Curves';
import type { Line } from '../../charts/Curves';
import type { Range } from '../../charts/ranges';
import { isEnded } from '../../model/select';
import { steps, xyOf } from '../../model/searching';
import type { Highlight } from '../../model/searching';
import { useRoom } from '../../parts/room';
import { arrow } from '../../parts/searchWords';
import { useRecalled } from '../detail/recall';

const DRAWN = 20;
const POINTS = 200;
const PAUSE_MS = 2000;
const NONE: readonly never[] = [];

interface Props {
  readonly search: Experiment;
  readonly marked: readonly Highlight[];
  readonly height: number;
}

export default function Charts({ search, marked, height }: Props): JSX.Element {
  const { trans } = useRoom();
  const [range, setRange] = useState<Range | null>(null);
  const [zoom, setZoom] = useState<Range | null>(null);
  const [metric, setMetric] = useRecalled('metric', search.metrics[0] ?? '');
  const found = useTrialCurves(search, metric);
  const growing = !isEnded(search);
  const words = (step: (x: string) => string): Parameters<typeof Curves>[0]['words'] => ({
    hint: trans.__('Arrows move the crosshair, + and - zoom, 0 shows all'),
    nothingAboveZero: '',
    step,
    attempt: () => ''
  });
  const atReport = useMemo(() => words(x => trans.__('report %1', x)), [trans]);
  const atStep = useMemo(() => words(x => trans.__('step %1', x)), [trans]);
  const bestSoFar = useMemo(
    (): readonly Line[] => [{ name: search.metrics[0] ?? '', colour: 1, ...steps(search.curve), raw: null, former: NONE }],
    [search.curve, search.metrics]
  );
  const lines = useMemo(() => linesOf(found, marked), [found, marked]);
  const common = { axis: 'step', log: false, seams: NONE, growing, height } as const;
  return (
    <>
      <Curves
        {...common}
        title={trans.__('best %1 so far %2', search.metrics[0] ?? '', arrow(search))}
        lines={bestSoFar}
        range={range}
        onRange={setRange}
        sync={`jupyter-training ${search.id} best`}
        words={atReport}
      />
      <div className="jp-Training-trialCurves">
        <Curves
          {...common}
          title={found !== null && found.total > found.curves.length ? trans.__('%1 of the best %2 trials', metric, found.curves.length) : trans.__('%1 of the trials', metric)}
          lines={lines}
          range={zoom}
          onRange={setZoom}
          sync={`jupyter-training ${search.id} trials`}
          words={atStep}
        />
        {search.metrics.length > 1 && (
          <select aria-label={trans.__('metric of the curves')} value={metric} onChange={event => setMetric(event.target.value)}>
            {search.metrics.map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </div>
    </>
  );
}

/** Those that stand out, each in its colour; all others grey behind them. */
function linesOf(found: TrialCurves | null, marked: readonly Highlight[]): readonly Line[] {
  const curves = new Map((found?.curves ?? []).map(one => [one.trial, one]));
  const front = marked.flatMap(({ trial, colour }) => {
    const curve = curves.get(trial);
    curves.delete(trial);
    return curve === undefined ? [] : [{ name: `#${trial}`, colour, ...xyOf(curve.points), raw: null, former: NONE }];
  });
  const behind = [...curves.values()].map(one => xyOf(one.points));
  const [first, ...rest] = front;
  return first === undefined ? (behind.length === 0 ? NONE : [{ name: '', colour: 7, xs: [], ys: [], raw: null, former: behind }]) : [{ ...first, former: behind }, ...rest];
}

/** Asked for when the view is shown and as the search goes on, at most once in two seconds. */
function useTrialCurves({ id, version }: Experiment, metric: string): TrialCurves | null {
  const { session } = useRoom();
  const [found, setFound] = useState<TrialCurves | null>(null);
  const asked = useRef({ metric: '', at: -Infinity });
  useEffect(() => {
    const control = new AbortController();
    const wait = asked.current.metric === metric ? Math.max(0, asked.current.at + PAUSE_MS - Date.now()) : 0;
    const timer = window.setTimeout(() => {
      asked.current = { metric, at: Date.now() };
      // An answer that is on its way is not thrown away for the next question.
      trialCurves(session.settings, id, metric, DRAWN, POINTS).then(
        answer => control.signal.aborted && asked.current.metric !== metric ? undefined : setFound(answer),
        () => undefined // the next change asks again
      );
    }, wait);
    return () => {
      control.abort();
      window.clearTimeout(timer);
    };
  }, [session, id, metric, version]);
  return found?.metric === metric ? found : null;
}
