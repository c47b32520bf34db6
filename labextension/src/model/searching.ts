/** Curves and clouds of a search, as charts want them. Pure. */
import type { Experiment, Trial, TrialCurves } from '../api/experiments';
import type { XY } from './series';

/** So little before something better comes the one before still stands: of two points at one place a chart takes one. */
const JUST_BEFORE = 1e-6;

/** The best so far as a line of steps: it stands until something better comes. */
export function steps(curve: Experiment['curve']): XY {
  const xs: number[] = [];
  const ys: number[] = [];
  curve.forEach(([n, value], place) => {
    const before = curve[place - 1];
    if (before !== undefined) {
      xs.push(n - JUST_BEFORE);
      ys.push(before[1]);
    }
    xs.push(n);
    ys.push(value);
  });
  return { xs, ys };
}

interface Best {
  readonly trial: number;
  readonly job: string;
  readonly value: number;
}

/** The best trial by each metric; by those after the first, among the trials that no other one beats. */
export function bests({ metrics, modes, pareto }: Pick<Experiment, 'metrics' | 'modes' | 'pareto'>, first: Best): readonly Best[] {
  const others = metrics.slice(1).flatMap((name, place) => {
    const sign = modes[place + 1] === 'max' ? -1 : 1;
    const [top] = pareto.map(({ trial, job, values }) => ({ trial, job, value: values[name] ?? NaN })).sort((a, b) => sign * (a.value - b.value));
    return top === undefined ? [] : [top];
  });
  return [first, ...others];
}

export interface Highlight {
  readonly trial: number;
  /** In the palette, from 1. */
  readonly colour: number;
}

/** Which trials stand out in colour: the best, then those that are chosen, as many as there are colours. */
export function highlights(best: number | null, chosen: readonly number[], most: number): readonly Highlight[] {
  const trials = [...new Set([...(best === null ? [] : [best]), ...chosen])].slice(0, most);
  return trials.map((trial, place) => ({ trial, colour: best === null ? place + 2 : place + 1 }));
}

/** A trial's curve. */
export function xyOf(points: TrialCurves['curves'][number]['points']): XY {
  return { xs: points.map(point => point[0]), ys: points.map(point => point[1]) };
}

/** A trial in the plane of two metrics. */
export interface Dot {
  readonly trial: number;
  readonly job: string;
  readonly x: number;
  readonly y: number;
  /** Whether no other trial beats it in every metric. */
  readonly isFront: boolean;
}

/** The trials that have both metrics, those of the Pareto set too where they have not been read. */
export function dots(search: Experiment, trials: readonly Trial[], x: string, y: string): readonly Dot[] {
  const front = new Map(search.pareto.map(one => [one.trial, one]));
  const rest = trials.flatMap(({ number, job, values }) => (front.has(number) ? [] : dot(number, job, values[x], values[y], false)));
  return [...rest, ...search.pareto.flatMap(one => dot(one.trial, one.job, one.values[x], one.values[y], true))];
}

function dot(trial: number, job: string, x: number | null | undefined, y: number | null | undefined, isFront: boolean): Dot[] {
  return Number.isFinite(x) && Number.isFinite(y) ? [{ trial, job, x: Number(x), y: Number(y), isFront }] : [];
}
