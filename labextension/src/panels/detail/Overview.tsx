/** How it goes: the curves in a grid or together, the machine below, and every metric as a table to choose from. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo } from 'react';
import type { Job, Series } from '../../api/jobs';
import { Curves } from '../../charts/Curves';
import type { Line } from '../../charts/Curves';
import type { Range } from '../../charts/ranges';
import { isEnded, ranked } from '../../model/select';
import { drawnAtFirst, grouped, onAxis, restarts, runs, seams, smoothed } from '../../model/series';
import type { Axis, Group, Seam } from '../../model/series';
import { useRoom } from '../../parts/room';
import { Service } from '../../parts/Service';
import { seamWords } from '../../parts/words';
import { Failure } from '../../renderers/job/Failure';
import { Figure } from '../../renderers/job/Pictures';
import { bytes } from '../../renderers/job/words';
import { ChartTools } from './ChartTools';
import { Family } from './Family';
import { MetricsTable } from './MetricsTable';
import { useRecalled } from './recall';
import { useSeries } from './useSeries';
import type { Found } from './useSeries';

const HEIGHT = 168;
const HEIGHT_TOGETHER = 340;
const HEIGHT_MACHINE = 96;
const HEIGHT_FIGURE = 260;

export function Overview({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const names = ranked(job.metrics);
  const [picked, setPicked] = useRecalled<readonly string[] | null>('metrics', null);
  const [axis, setAxis] = useRecalled<Axis>('axis', 'step');
  const [log, setLog] = useRecalled('log', false);
  const [together, setTogether] = useRecalled('together', false);
  const [smoothing, setSmoothing] = useRecalled('smoothing', 0);
  const [range, setRange] = useRecalled<Range | null>('range', null);
  const chosen = useMemo(
    () => (picked ?? drawnAtFirst(names)).filter(name => names.includes(name)),
    [picked, names.join('\n')]
  );
  const { byName, superseded, machine } = useSeries(job, chosen, useShare(job, axis, range));
  const begun = Date.parse(job.started ?? job.submitted) / 1000;
  const words = useMemo(
    () => ({
      hint: trans.__('Arrows move the crosshair, + and - zoom, 0 shows all'),
      nothingAboveZero: trans.__('No value is above zero: a log axis has no place for them.'),
      step: (x: string) => trans.__('step %1', x),
      attempt: (seam: Seam) => seamWords(trans, seam)
    }),
    [trans]
  );
  const shared = { axis, range, onRange: setRange, growing: !isEnded(job), words };
  const lines = useLines(job, chosen, { byName, superseded }, axis, begun, smoothing);
  const groups = useMemo(() => {
    const all: readonly Group[] = together ? [{ title: trans.__('Metrics'), names: chosen }] : grouped(chosen);
    return all.map(({ title, names }) => ({ title, lines: names.flatMap(name => lines.get(name) ?? []) }));
  }, [together, chosen, lines, trans]);
  const marks = useMemo(() => {
    const first = chosen.map(name => byName.get(name)).find(one => one !== undefined);
    return seams(job.attempts, first?.points ?? [], axis, begun);
  }, [job.attempts.length, byName, chosen, axis, begun]);

  return (
    <div className="jp-Training-overview">
      <div className="jp-Training-charts">
        <Family job={job} />
        <Service job={job} />
        {job.phase === 'failed' && <Failure job={job} seen={true} />}
        {names.length > 0 && (
          <ChartTools
            {...{ axis, log, together, smoothing }}
            zoomed={range !== null}
            onAxis={next => {
              setAxis(next);
              setRange(null);
            }}
            onLog={setLog}
            onTogether={setTogether}
            onSmoothing={setSmoothing}
            onWhole={() => setRange(null)}
          />
        )}
        {names.length === 0 && <p className="jp-Training-faint">{nothingYet(job, trans)}</p>}
        {names.length > 0 && chosen.length === 0 && (
          <p className="jp-Training-faint">{trans.__('Choose metrics in the table to draw them.')}</p>
        )}
        {chosen.some(name => superseded.has(name)) && (
          <p className="jp-Training-faint">
            <i className="jp-Training-swatch jp-mod-former" />
            {trans.__('what an attempt reported after the step that a later one went on from')}
          </p>
        )}
        <div className="jp-Training-grid" data-together={together}>
          {groups.map(group => (
            <Curves
              key={group.title}
              {...shared}
              title={group.title}
              lines={group.lines}
              log={log}
              seams={marks}
              sync={`jupyter-training ${job.id} ${axis}`}
              height={together ? HEIGHT_TOGETHER : HEIGHT}
            />
          ))}
        </div>
        {job.figure !== null && (
          <section aria-label={trans.__('Latest figure')}>
            <h3>{trans.__('Latest figure')}</h3>
            <Figure job={job} figure={job.figure} seen={true} height={HEIGHT_FIGURE} />
          </section>
        )}
        <Machine job={job} series={machine} begun={begun} {...shared} />
      </div>
      {names.length > 0 && <MetricsTable job={job} names={names} chosen={chosen} choose={setPicked} />}
    </div>
  );
}

type Shared = Pick<Parameters<typeof Curves>[0], 'range' | 'onRange' | 'growing' | 'words'>;

/** What the machine did meanwhile. Its samples have a time and no step, so they are never drawn over steps. */
function Machine(props: Shared & { job: Job; series: readonly Series[]; begun: number; axis: Axis }): JSX.Element | null {
  const { trans } = useRoom();
  const { job, series, begun } = props;
  const axis = props.axis === 'step' ? 'time' : props.axis;
  const lines = useMemo(
    () => [...series].sort(byGauge).map(one => [one.name.replace(/^machine\//, ''), one.count > 1 ? [oneLine(one, axis, begun)] : []] as const),
    [series, axis, begun]
  );
  const marks = useMemo(() => seams(job.attempts, [], axis, begun), [job.attempts.length, axis, begun]);
  const drawn = lines.filter(([, line]) => line.length > 0);
  if (drawn.length === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Machine')}>
      <h3>{trans.__('Machine')}</h3>
      <div className="jp-Training-grid" data-small="true">
        {drawn.map(([name, line]) => (
          <Curves
            key={name}
            words={props.words}
            growing={props.growing}
            title={gaugeName(name, trans)}
            lines={line}
            axis={axis}
            range={props.axis === 'step' ? null : props.range}
            onRange={props.axis === 'step' ? stay : props.onRange}
            log={false}
            seams={marks}
            sync={`jupyter-training ${job.id} ${axis}`}
            height={HEIGHT_MACHINE}
            {...(/memory|disk/.test(name) ? { number: bytes } : {})}
          />
        ))}
      </div>
    </section>
  );
}

/** Over steps, what the machine did can't be zoomed with the rest. */
function stay(): void {}

function useLines(
  job: Job,
  chosen: readonly string[],
  { byName, superseded }: Pick<Found, 'byName' | 'superseded'>,
  axis: Axis,
  begun: number,
  smoothing: number
): ReadonlyMap<string, Line> {
  const anew = restarts(job.attempts).join(' ');
  return useMemo(() => {
    const found = new Map<string, Line>();
    chosen.forEach((name, place) => {
      const series = byName.get(name);
      if (series !== undefined) {
        const { xs, ys } = onAxis(series.points, axis, begun);
        const smooth = smoothed(ys, smoothing);
        const begins = anew === '' ? [] : anew.split(' ').map(Number);
        const former = runs(superseded.get(name)?.points ?? [], begins).map(run => onAxis(run, axis, begun));
        found.set(name, { name, colour: place + 1, xs, ys: smooth, raw: smoothing > 0 ? ys : null, former });
      }
    });
    return found;
  }, [chosen, byName, superseded, axis, begun, smoothing, anew]);
}

function oneLine(series: Series, axis: Axis, begun: number): Line {
  return { name: series.name, colour: 1, ...onAxis(series.points, axis, begun), raw: null, former: [] };
}

/** How much of the whole axis is shown. Rounded, so that a growing curve is not asked for anew for that alone. */
function useShare(job: Job, axis: Axis, range: Range | null): number {
  if (range === null) {
    return 1;
  }
  const begun = Date.parse(job.started ?? job.submitted) / 1000;
  const ends = Object.values(job.metrics).map(metric => (axis === 'step' ? metric.last_step : metric.last_time - begun));
  const whole = Math.max(1, ...ends);
  return 2 ** Math.round(Math.log2(Math.min(1, Math.max(1e-4, (range.max - range.min) / whole))));
}

function nothingYet(job: Job, trans: TranslationBundle): string {
  if (isEnded(job)) {
    return trans.__('It reported no metrics.');
  }
  return job.started === null
    ? trans.__('Curves come once it runs.')
    : trans.__('No metrics yet. They come from report(loss=…), from MLflow calls, and from printed lines such as “loss=0.41”.');
}

function gaugeName(name: string, trans: TranslationBundle): string {
  return name === 'cpu' ? trans.__('CPU, cores') : name === 'memory' ? trans.__('Memory') : name.replace('_', ' ');
}

function byGauge(a: Series, b: Series): number {
  const rank = ({ name }: Series): string => (name.endsWith('/cpu') ? '0' : name.endsWith('/memory') ? '1' : name);
  return rank(a) < rank(b) ? -1 : 1;
}
