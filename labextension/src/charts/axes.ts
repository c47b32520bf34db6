/** How the three kinds of x axis are divided and written. Knows no Jupyter. */
import type uPlot from 'uplot';
import type { Axis } from '../model/series';
import { figure, wholeSpan } from '../model/wording';

export interface XAxis {
  readonly axis: uPlot.Axis;
  /** One place of it, in words. */
  readonly spoken: (x: number) => string;
}

/** Steps are counted, so the axis has no halves. */
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map(of => of * 10 ** power)).flat();
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SPANS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map(of => of * MINUTE),
  ...[1, 2, 3, 6, 12].map(of => of * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map(of => of * DAY)
];

const AXES: Record<Axis, XAxis> = {
  step: {
    axis: { incrs: WHOLE_STEPS, values: (_, ticks) => ticks.map(tick => figure(tick)) },
    spoken: x => figure(x)
  },
  time: {
    axis: { incrs: SPANS, space: 64, values: (_, ticks, __, ___, incr) => ticks.map(tick => lasted(tick, incr)) },
    spoken: x => lasted(x, 1)
  },
  clock: {
    axis: { space: 64, values: (_, ticks, __, ___, incr) => ticks.map(tick => clock(tick, incr)) },
    spoken: x => new Date(1000 * x).toLocaleString()
  }
};

export function xAxis(axis: Axis): XAxis {
  return AXES[axis];
}

/** A span with as much detail as its neighbours need to differ from it. */
function lasted(seconds: number, incr: number): string {
  if (seconds < 0) {
    return `-${lasted(-seconds, incr)}`;
  }
  if (incr < 1) {
    return `${seconds.toFixed(1)} s`;
  }
  if (incr >= MINUTE || seconds < MINUTE || seconds % MINUTE === 0) {
    return wholeSpan(seconds);
  }
  const whole = Math.round(seconds);
  return whole < HOUR
    ? `${Math.floor(whole / MINUTE)}:${two(whole % MINUTE)} min`
    : `${Math.floor(whole / HOUR)}:${two(Math.floor((whole % HOUR) / MINUTE))}:${two(whole % MINUTE)}`;
}

function clock(seconds: number, incr: number): string {
  const at = new Date(1000 * seconds);
  if (incr >= DAY || (at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0)) {
    return at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  }
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return incr < MINUTE ? `${time}:${two(at.getSeconds())}` : time;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
