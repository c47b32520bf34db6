/**
 * Several series as one live line chart: drag zooms, a double click or Escape shows all again, a
 * crosshair is shared with the charts of the same `sync`. Knows no Jupyter: colours are custom
 * properties of the node it is drawn in, read anew when the page's theme changes.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Axis, Seam, Values, XY } from '../model/series';
import { figure } from '../model/wording';
import { xAxis } from './axes';
import { SERIES_COLOURS, colourOf } from './colours';
import type { Range } from './ranges';
import { Easing, calmY, logY, wholeX } from './ranges';
import { drawSeams, seamNear } from './seams';

export interface Line {
  readonly name: string;
  /** Number of its colour in the palette, from 1. */
  readonly colour: number;
  readonly xs: readonly number[];
  readonly ys: Values;
  /** What was measured, where `ys` is smoothed; drawn behind it. */
  readonly raw: Values | null;
  /** What was reported and then taken back; drawn grey behind all else, and in no legend. */
  readonly former: readonly XY[];
}

export interface CurvesProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly axis: Axis;
  readonly log: boolean;
  /** The part of the axis that is shown; null: all of it. */
  readonly range: Range | null;
  readonly onRange: (range: Range | null) => void;
  readonly sync: string;
  readonly height: number;
  readonly seams: readonly Seam[];
  /** Whether more points are to come. */
  readonly growing: boolean;
  readonly number?: (value: number) => string;
  readonly words: Words;
}

export interface Words {
  readonly hint: string;
  readonly nothingAboveZero: string;
  readonly step: (x: string) => string;
  readonly attempt: (seam: Seam) => string;
}

/** What is under the crosshair. */
interface Reading {
  readonly x: number;
  readonly values: readonly (number | null)[];
  readonly seam: Seam | null;
}

export const Curves = memo(function Curves(props: CurvesProps): JSX.Element {
  const { title, lines, axis, log, range, height, sync } = props;
  const number = props.number ?? figure;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const seen = useRef(true);
  const pointed = useRef<number | null>(null); // where the crosshair was as a key was pressed
  const latest = useRef(props);
  latest.current = props;
  const [reading, setReading] = useState<Reading | null>(null);
  const data = useMemo(() => joined(lines, log), [lines, log]);
  const latestData = useRef(data);
  latestData.current = data;
  const drawn = lines.map(line => `${line.name} ${line.colour} ${line.raw !== null} ${line.former.length}`).join('\n');

  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    const easing = new Easing(() => made.redraw(true, true));
    const made = new uPlot(options(node, latest, easing, setReading), latestData.current, node);
    plot.current = made;
    const fit = new ResizeObserver(() => {
      if (node.clientWidth > 0 && node.clientWidth !== made.width) {
        made.setSize({ width: node.clientWidth, height });
      }
    });
    fit.observe(node);
    // Of fifty charts a few are on the screen; the others take their points over when they come.
    const sight = new IntersectionObserver(entries => {
      const inSight = entries[entries.length - 1]?.isIntersecting ?? true;
      if (inSight && !seen.current) {
        made.setData(latestData.current);
      }
      seen.current = inSight;
    });
    sight.observe(node);
    const theme = new MutationObserver(() => made.redraw(false, true));
    theme.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light'] });
    return () => {
      easing.stop();
      fit.disconnect();
      sight.disconnect();
      seen.current = true;
      theme.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [drawn, axis, log, height, sync]);

  useEffect(() => {
    if (seen.current) {
      plot.current?.setData(data);
    }
  }, [data]);
  useEffect(() => {
    const made = plot.current;
    if (made !== null) {
      made.setScale('x', shownX(latest.current, latestData.current));
      const at = pointed.current;
      pointed.current = null;
      if (at !== null) {
        requestAnimationFrame(() => plot.current === made && pointAt(made, at)); // once all charts have taken the new scale over
      }
    }
  }, [range]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const made = plot.current;
    const left = made?.cursor.left ?? -1;
    const zooms = !event.key.startsWith('Arrow');
    pointed.current = zooms && made !== null && left >= 0 ? made.posToVal(left, 'x') : null;
    if (made !== null && pressed(made, event, latest.current)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const empty = log && lines.some(line => line.ys.length > 0) && !data.slice(1).some(ys => hasValue(ys as Values));
  return (
    <figure className="jp-Training-chart">
      <figcaption>
        <span className="jp-Training-chartTitle" title={title}>
          {title}
        </span>
        <span className="jp-Training-reading" aria-live="off">
          {reading === null ? '' : reading.seam !== null ? props.words.attempt(reading.seam) : place(reading.x, props)}
        </span>
        {lines.map((line, index) => (
          <span key={line.name} className="jp-Training-key">
            {lines.length > 1 && (
              <>
                <i style={{ background: colourOf(line.colour) }} />
                {line.name}{' '}
              </>
            )}
            <b>{shown(reading?.values[index] ?? (reading === null ? last(line.raw ?? line.ys) : null), number)}</b>
          </span>
        ))}
      </figcaption>
      <div
        ref={frame}
        className="jp-Training-plot"
        style={{ minHeight: height }}
        tabIndex={0}
        role="group"
        aria-label={`${spoken(title, lines, number)}. ${props.words.hint}`}
        onKeyDown={onKeyDown}
        onBlur={() => plot.current?.setCursor({ left: -10, top: -10 })}
      />
      {empty && <p className="jp-Training-faint jp-Training-chartNote">{props.words.nothingAboveZero}</p>}
    </figure>
  );
});

/** What was taken back first, then measured lines, so that the smoothed ones lie over them. */
function joined(lines: readonly Line[], log: boolean): uPlot.AlignedData {
  const fit = (ys: Values): (number | null)[] => (log ? ys.map(y => (y !== null && y > 0 ? y : null)) : [...ys]);
  const behind = lines.flatMap(line => (line.raw === null ? [] : [[[...line.xs], fit(line.raw)] as uPlot.AlignedData]));
  const front = lines.map(line => [[...line.xs], fit(line.ys)] as uPlot.AlignedData);
  const former = lines.flatMap(line => line.former.map(({ xs, ys }) => [[...xs], fit(ys)] as uPlot.AlignedData));
  const tables = [...former, ...behind, ...front];
  return tables.length === 0 ? [[]] : tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

function shownX({ range, growing }: CurvesProps, data: uPlot.AlignedData): Range {
  const xs = data[0] as readonly number[];
  return range ?? wholeX(xs[0] ?? 0, xs[xs.length - 1] ?? 1, growing);
}

function options(
  node: HTMLElement,
  latest: { readonly current: CurvesProps },
  easing: Easing,
  read: (reading: Reading | null) => void
): uPlot.Options {
  const { lines, axis, log, height, sync } = latest.current;
  const colour = (property: string) => () => getComputedStyle(node).getPropertyValue(property).trim();
  const stroke = (line: Line) => colour(`--jp-training-series-${((line.colour - 1) % SERIES_COLOURS) + 1}`);
  const font = `11px ${getComputedStyle(node).fontFamily}`;
  const behind = lines.filter(line => line.raw !== null);
  const former = lines.flatMap(line => line.former);
  const common: uPlot.Axis = {
    stroke: colour('--jp-ui-font-color2'),
    font,
    grid: { stroke: colour('--jp-border-color2'), width: 0.5 },
    ticks: { show: false },
    gap: 4
  };
  const series = { points: { show: lone }, spanGaps: false };
  let settled: Range | null = null;
  return {
    width: node.clientWidth || 300,
    height,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: {
      y: false,
      points: { size: (_, place) => (place > former.length ? 6 : 0) },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      sync: { key: sync, scales: ['x', null] },
      bind: {
        dblclick: () => () => {
          latest.current.onRange(null);
          return null;
        }
      }
    },
    scales: {
      x: {
        time: axis === 'clock',
        range: (made, low, high) => {
          const { min, max } = low === null || high === null ? { min: 0, max: 1 } : shownX(latest.current, made.data);
          return [min, max];
        }
      },
      y: {
        distr: log ? 3 : 1,
        range: (_, low, high) => {
          if (low === null || high === null) {
            return log ? [0.1, 1] : [0, 1];
          }
          settled = log ? logY(low, high) : calmY(low, high, settled);
          const { min, max } = log ? settled : easing.toward(settled);
          return [min, max];
        }
      }
    },
    axes: [
      { ...common, size: 20, grid: { show: false }, ...xAxis(axis).axis },
      {
        ...common,
        size: 56,
        space: 24,
        values: (_, ticks) => ticks.map(tick => (tick === null ? '' : (latest.current.number ?? figure)(tick)))
      }
    ],
    series: [
      {},
      ...former.map(() => ({ ...series, stroke: colour('--jp-ui-font-color3'), width: 1 })),
      ...behind.map(line => ({ ...series, stroke: stroke(line), width: 1, alpha: 0.35, points: { show: false } })),
      ...lines.map(line => ({ ...series, label: line.name, stroke: stroke(line), width: 1.5 }))
    ],
    hooks: {
      setSelect: [
        made => {
          const { left, width } = made.select;
          if (width > 0) {
            latest.current.onRange({ min: made.posToVal(left, 'x'), max: made.posToVal(left + width, 'x') });
            made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          }
        }
      ],
      setCursor: [made => read(reading(made, latest.current, former.length + behind.length))],
      drawAxes: [made => drawSeams(made, latest.current.seams, colour('--jp-ui-font-color3')())]
    }
  };
}

/** A value between two gaps has no line to either side, so it is drawn as a dot. */
function lone(made: uPlot, series: number): boolean {
  const ys = made.data[series] as Values | undefined;
  return ys !== undefined && ys.filter(y => y !== null && y !== undefined).length === 1;
}

function reading(made: uPlot, { seams }: CurvesProps, behind: number): Reading | null {
  const { left, idxs } = made.cursor;
  if (left === undefined || left < 0 || !idxs) {
    return null;
  }
  const values = idxs.slice(1 + behind).map((place, line) => {
    const ys = made.data[1 + behind + line] as Values;
    return place === null || place === undefined ? null : (ys[place] ?? null);
  });
  const known = idxs.slice(1 + behind).find(place => place !== null && place !== undefined);
  const x = known === undefined || known === null ? made.posToVal(left, 'x') : made.data[0][known]!;
  return { x, values, seam: seamNear(made, seams, left) };
}

/** What the mouse does, by keys: arrows move the crosshair, + and - zoom about it, 0 and Escape show all. */
function pressed(made: uPlot, event: KeyboardEvent, { range, onRange }: CurvesProps): boolean {
  const xs = made.data[0] as readonly number[];
  const { min, max } = made.scales.x ?? {};
  if (xs.length === 0 || min === undefined || max === undefined || event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  const at = made.cursor.left !== undefined && made.cursor.left >= 0 ? made.posToIdx(made.cursor.left) : null;
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight': {
      // The cursor stands on a pixel, and a pixel may hold many points.
      const onPixel = (made.valToIdx(max) - made.valToIdx(min)) / Math.max(1, made.over.clientWidth);
      const step = Math.max(1, Math.ceil(1.5 * onPixel)) * (event.shiftKey ? 10 : 1);
      const by = event.key === 'ArrowLeft' ? -step : step;
      const next = Math.min(Math.max((at ?? (by > 0 ? -step : xs.length - 1 + step)) + by, 0), xs.length - 1);
      pointAt(made, xs[next]!);
      return true;
    }
    case '+':
    case '=':
    case '-': {
      const middle = at === null ? (min + max) / 2 : xs[at]!;
      const half = ((max - min) / 2) * (event.key === '-' ? 2 : 0.5);
      const wide = { min: Math.max(middle - half, xs[0]!), max: Math.min(middle + half, xs[xs.length - 1]!) };
      onRange(wide.min <= xs[0]! && wide.max >= xs[xs.length - 1]! ? null : wide);
      return true;
    }
    case '0':
    case 'Escape':
      onRange(null);
      return range !== null;
    default:
      return false;
  }
}

/** Put the crosshair on a place of the axis, here and in the charts that share it. uPlot's types know no third argument. */
function pointAt(made: uPlot, x: number): void {
  const setCursor = made.setCursor.bind(made) as (at: { left: number; top: number }, fire: boolean, share: boolean) => void;
  setCursor({ left: made.valToPos(x, 'x'), top: made.over.clientHeight / 2 }, true, true);
}

/** The chart for those who do not see it. */
function spoken(title: string, lines: readonly Line[], number: (value: number) => string): string {
  const said = lines.map(line => {
    const known = (line.raw ?? line.ys).filter((value): value is number => value !== null);
    const course = known.length === 0 ? '–' : `${number(known[0]!)} → ${number(known[known.length - 1]!)}`;
    return lines.length > 1 ? `${line.name} ${course}` : course;
  });
  return `${title}: ${said.join(', ')}`;
}

function place(x: number, { axis, words }: CurvesProps): string {
  const said = xAxis(axis).spoken(x);
  return axis === 'step' ? words.step(said) : said;
}

function hasValue(ys: Values): boolean {
  return ys.some(y => y !== null && y !== undefined);
}

function last(ys: Values): number | null {
  for (let place = ys.length - 1; place >= 0; place -= 1) {
    const y = ys[place];
    if (y !== null && y !== undefined) {
      return y;
    }
  }
  return null;
}

function shown(value: number | null, number: (value: number) => string): string {
  return value === null ? '–' : number(value);
}
