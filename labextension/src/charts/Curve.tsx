/**
 * One series as a live line chart. Knows no Jupyter: colours are read from the custom properties of
 * the node it is drawn in, anew when the page's theme changes.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import { figure } from '../model/wording';

export interface CurveProps {
  readonly name: string;
  /** [step, time, value or null] in the order of steps; null is a gap. */
  readonly points: readonly (readonly [number, number, number | null])[];
  readonly height: number;
}

export function Curve({ name, points, height }: CurveProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = aligned(points);
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    const made = new uPlot(options(node, name, height), latest.current, node);
    plot.current = made;
    const fit = new ResizeObserver(() => {
      if (node.clientWidth > 0 && node.clientWidth !== made.width) {
        made.setSize({ width: node.clientWidth, height });
      }
    });
    fit.observe(node);
    const theme = new MutationObserver(() => made.redraw(false, true));
    theme.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
    return () => {
      fit.disconnect();
      theme.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [name, height]);

  useEffect(() => plot.current?.setData(latest.current), [points]);

  return <div ref={frame} className="jp-Training-curve" role="img" aria-label={spoken(name, points)} />;
}

function aligned(points: CurveProps['points']): uPlot.AlignedData {
  return [points.map(point => point[0]), points.map(point => point[2])];
}

/** The curve for those who do not see it. */
function spoken(name: string, points: CurveProps['points']): string {
  const known = points.map(point => point[2]).filter((value): value is number => value !== null);
  return known.length === 0 ? name : `${name}: ${figure(known[0])} → ${figure(known[known.length - 1])}`;
}

function options(node: HTMLElement, name: string, height: number): uPlot.Options {
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
    cursor: { y: false, points: { size: 5 }, drag: { x: true, y: false } },
    padding: [8, 8, 0, 0],
    scales: { x: { time: false, range: (_, low, high) => [low, high > low ? high : low + 1] } },
    axes: [
      { ...axis, size: 20, grid: { show: false }, incrs: WHOLE_STEPS },
      { ...axis, size: 48, space: 24, values: (_, ticks) => ticks.map(tick => figure(tick)) }
    ],
    series: [
      {},
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
