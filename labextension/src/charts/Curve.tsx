/**
 * One series as a live line chart. Knows no Jupyter: colours are read from the custom properties of
 * the node it is drawn in, anew when the page's theme changes.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import { figure } from '../model/wording';
import type { Seam } from '../model/series';
import { Easing, calmY, wholeX } from './ranges';
import { drawSeams, seamNear } from './seams';
import type { Range } from './ranges';

export interface CurveProps {
  readonly name: string;
  /** [step, time, value or null] in the order of steps; null is a gap. */
  readonly points: readonly (readonly [number, number, number | null])[];
  readonly height: number;
  /** Whether more points are to come; then the axes keep a little room. */
  readonly grows: boolean;
  /** What was reported and then taken back, one run an attempt; drawn grey behind the rest. */
  readonly former?: readonly CurveProps['points'][];
  /** Where attempts went on, with what is said of each under the pointer. */
  readonly seams?: readonly (Seam & { readonly said: string })[];
}

const NONE: readonly never[] = [];

const THEME_LOOKS = 20; // a theme's styles arrive some time after its name
const THEME_PAUSE_MS = 100;

export function Curve({ name, points, height, grows, former = NONE, seams = NONE }: CurveProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data: aligned(points, former), grows, seams });
  latest.current = { data: aligned(points, former), grows, seams };

  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    let eased: Range | null = null;
    const easing = new Easing(() => made.redraw(true, true));
    const ranges: uPlot.Scales = {
      x: { time: false, range: (_, low, high) => pair(wholeX(low, high, latest.current.grows)) },
      y: {
        range: (_, low, high) => {
          eased = calmY(low, high, latest.current.grows ? eased : null);
          return pair(easing.toward(eased));
        }
      }
    };
    const hooks: uPlot.Hooks.Arrays = {
      drawAxes: [plot => drawSeams(plot, latest.current.seams, getComputedStyle(node).getPropertyValue('--jp-ui-font-color3').trim())],
      setCursor: [
        plot => {
          const near = seamNear(plot, latest.current.seams, plot.cursor.left ?? -100) as { said: string } | null;
          node.title = near?.said ?? '';
        }
      ]
    };
    const made: uPlot = new uPlot({ ...options(node, name, height, ranges, former.length), hooks }, latest.current.data, node);
    plot.current = made;
    const fit = new ResizeObserver(() => {
      if (node.clientWidth > 0 && node.clientWidth !== made.width) {
        made.setSize({ width: node.clientWidth, height });
      }
    });
    fit.observe(node);
    const stopWatching = onTheme(node, () => made.redraw(true, true));
    return () => {
      fit.disconnect();
      stopWatching();
      easing.stop();
      made.destroy();
      plot.current = null;
    };
  }, [name, height, former.length]);

  useEffect(() => plot.current?.setData(latest.current.data), [points, grows, former, seams]);

  const said = [spoken(name, points), ...seams.map(seam => seam.said)].join('. ');
  return <div ref={frame} className="jp-Training-curve" role="img" aria-label={said} />;
}

function aligned(points: CurveProps['points'], former: readonly CurveProps['points'][]): uPlot.AlignedData {
  const tables = [...former, points].map((one): uPlot.AlignedData => [one.map(point => point[0]), one.map(point => point[2])]);
  return tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

function pair({ min, max }: Range): [number, number] {
  return [min, max];
}

/** The curve for those who do not see it. */
function spoken(name: string, points: CurveProps['points']): string {
  const known = points.map(point => point[2]).filter((value): value is number => value !== null);
  return known.length === 0 ? name : `${name}: ${figure(known[0])} → ${figure(known[known.length - 1])}`;
}

/** Calls `draw` when the page's theme has changed, and again until its colours have come. */
function onTheme(node: HTMLElement, draw: () => void): () => void {
  let timer: number | undefined;
  const colours = (): string => {
    const style = getComputedStyle(node);
    return ['--jp-ui-font-color2', '--jp-border-color3', '--jp-brand-color1'].map(one => style.getPropertyValue(one)).join();
  };
  let drawn = colours();
  const look = (left: number): void => {
    const now = colours();
    if (now !== drawn) {
      drawn = now;
      draw();
    }
    if (left > 0) {
      timer = window.setTimeout(() => look(left - 1), THEME_PAUSE_MS);
    }
  };
  const watch = new MutationObserver(() => {
    window.clearTimeout(timer);
    look(THEME_LOOKS);
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
  return () => {
    watch.disconnect();
    window.clearTimeout(timer);
  };
}

function options(node: HTMLElement, name: string, height: number, scales: uPlot.Scales, former: number): uPlot.Options {
  const colour = (property: string) => () => getComputedStyle(node).getPropertyValue(property).trim();
  const font = `11px ${getComputedStyle(node).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: colour('--jp-ui-font-color2'),
    font,
    grid: { stroke: colour('--jp-border-color3'), width: 1 },
    ticks: { show: false },
    gap: 4
  };
  return {
    width: node.clientWidth || 300,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: (_, place) => (place > former ? 5 : 0) }, drag: { x: true, y: false } },
    padding: [8, 18, 0, 0],
    scales,
    axes: [
      { ...axis, size: 20, grid: { show: false }, incrs: WHOLE_STEPS },
      { ...axis, size: 48, space: 24, values: (_, ticks) => ticks.map(tick => figure(tick)) }
    ],
    series: [
      {},
      ...Array.from({ length: former }, () => ({
        stroke: colour('--jp-ui-font-color3'),
        width: 1,
        points: { show: false },
        spanGaps: false
      })),
      {
        label: name,
        stroke: colour('--jp-brand-color1'),
        width: 1.5,
        points: { show: false },
        spanGaps: false
      }
    ]
  };
}

/** Steps are counted, so the axis has no halves. */
const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map(of => of * 10 ** power)).flat();
