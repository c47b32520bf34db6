/** Curves as charts want them: on a chosen axis, smoothed, in groups, with the seams of attempts. Pure. */
import type { Job, Series } from '../api/jobs';

/** What runs to the right: the step, seconds since the job began, or the clock. */
export type Axis = 'step' | 'time' | 'clock';

export type Values = readonly (number | null)[];

export interface XY {
  readonly xs: readonly number[];
  readonly ys: Values;
}

/** Where an attempt began after another had ended, and why. */
export interface Seam {
  readonly x: number;
  readonly attempt: number;
  /** Step of the checkpoint that it went on from; null: it began anew. */
  readonly from: number | null;
  readonly words: string;
}

export interface Group {
  readonly title: string;
  readonly names: readonly string[];
}

type Points = Series['points'];
type Attempts = Job['attempts'];

/**
 * A series on an axis, in the order of the axis.
 *
 * @param begun when the job began, in seconds since the epoch
 */
export function onAxis(points: Points, axis: Axis, begun: number): XY {
  const at = (point: Points[number]): number =>
    axis === 'step' ? point[0] : axis === 'time' ? point[1] - begun : point[1];
  const ordered = isOrdered(points, at) ? points : [...points].sort((a, b) => at(a) - at(b));
  return { xs: ordered.map(at), ys: ordered.map(point => point[2]) };
}

/**
 * The running mean in which a value's weight falls by `weight` with each step further back; without
 * the pull to zero that such a mean has at its start. Gaps stay gaps and count for nothing.
 */
export function smoothed(ys: Values, weight: number): Values {
  if (weight <= 0) {
    return ys;
  }
  let mean = 0;
  let counted = 0;
  return ys.map(y => {
    if (y === null) {
      return null;
    }
    mean = weight * mean + (1 - weight) * y;
    counted += 1;
    return mean / (1 - weight ** counted);
  });
}

/** Names that tell of the same thing in one chart: `loss` with `val_loss`. Keeps the order of the names. */
export function grouped(names: readonly string[]): Group[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const title = plain(name);
    groups.set(title, [...(groups.get(title) ?? []), name]);
  }
  return [...groups].map(([title, members]) => ({ title: members.length > 1 ? title : members[0]!, names: members }));
}

/** When each attempt but the first began, in seconds since the epoch. */
export function restarts(attempts: Attempts): number[] {
  return attempts.slice(1).flatMap(one => (one.started === null ? [] : [Date.parse(one.started) / 1000]));
}

/**
 * What later attempts have taken back, apart by the attempt that reported it: two may have reported the same steps.
 *
 * @param begins when each attempt but the first began, in seconds since the epoch
 */
export function runs(points: Points, begins: readonly number[]): Points[] {
  const found = new Map<number, Points[number][]>();
  for (const point of points) {
    const attempt = begins.filter(time => time <= point[1]).length;
    const run = found.get(attempt);
    if (run === undefined) {
      found.set(attempt, [point]);
    } else {
      run.push(point);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([, run]) => run);
}

/** The seams on the axis. On the step axis a seam is at the checkpoint, or where the new attempt's first point is. */
export function seams(attempts: Attempts, points: Points, axis: Axis, begun: number): Seam[] {
  const found: Seam[] = [];
  attempts.forEach((one, place) => {
    const before = attempts[place - 1];
    if (before === undefined || one.started === null) {
      return;
    }
    const time = Date.parse(one.started) / 1000;
    const first = points.find(point => point[1] >= time);
    const x = axis === 'clock' ? time : axis === 'time' ? time - begun : (one.start_step ?? first?.[0]);
    if (x !== undefined) {
      found.push({ x, attempt: one.number, from: one.start_step, words: before.sentence ?? '' });
    }
  });
  return found;
}

/** How many points to ask for, so that a zoomed part has as many as the whole had; at most what the server gives. */
export function wantedPoints(base: number, share: number): number {
  return Math.min(20_000, Math.ceil(base / Math.max(share, 1e-6)));
}

/** Which metrics are drawn while nobody has chosen: the telling ones, and not more than a page holds. */
export function drawnAtFirst(ranked: readonly string[], most = 12): string[] {
  return ranked.filter(name => name !== 'epoch').slice(0, most);
}

function isOrdered(points: Points, at: (point: Points[number]) => number): boolean {
  for (let place = 1; place < points.length; place += 1) {
    if (at(points[place]!) < at(points[place - 1]!)) {
      return false;
    }
  }
  return true;
}

const SPLIT = /^(?:val|valid|validation|train|training|test|eval|dev)[_./-](?=.)|(?<=.)[_./-](?:val|valid|validation|train|training|test|eval|dev)$/i;

function plain(name: string): string {
  return name.replace(SPLIT, '');
}
