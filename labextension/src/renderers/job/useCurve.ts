/**
 * The points of a job's series, kept up to date while the card is seen.
 *
 * The newest point comes with the job itself: when the series has grown by just that one it is put at the
 * end at once. When more have come, or the ends have grown long, the series is asked for, at most twice a second;
 * until those between arrive, the newest is drawn without them.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { curves } from '../../api/jobs';
import type { Job, Metric, Series } from '../../api/jobs';
import { restarts, runs } from '../../model/series';
import { useRoom } from '../../parts/room';

const POINTS = 600;
const APPENDED_AT_MOST = 600;
const PAUSE_MS = 500; // between two questions

type Points = Series['points'];

interface Held {
  readonly key: string;
  readonly attempts: number; // that there were
  readonly former: readonly Points[]; // what later attempts have taken back
  readonly count: number; // of points that the series had
  readonly points: Points;
  readonly appended: number; // since they were asked for
}

export interface Drawn {
  readonly points: Points;
  /** What later attempts have taken back, one run an attempt. */
  readonly former: readonly Points[];
}

export function useCurve(job: Job, name: string, seen: boolean): Drawn | null {
  const { session } = useRoom();
  const [held, setHeld] = useState<Held | null>(null);
  const asked = useRef({ key: '', count: -1, at: 0 });
  const key = `${job.id} ${name}`;
  const metric = job.metrics[name];
  const attempts = job.attempts.length;
  const longer = held?.key === key && held.attempts === attempts && metric ? grown(held, metric) : null;
  if (longer !== null) {
    setHeld(longer); // while drawing: nothing is drawn in between
  }
  const current = longer ?? held;
  const known = current?.key === key && current.attempts === attempts ? current.count : -1;
  const count = metric?.count ?? 0;

  useEffect(() => {
    const last = asked.current;
    if (!seen || known === count || (last.key === key && last.count === count)) {
      return undefined;
    }
    const wait = last.key === key ? Math.max(0, last.at + PAUSE_MS - Date.now()) : 0;
    const timer = window.setTimeout(() => {
      asked.current = { key, count, at: Date.now() };
      curves(session.settings, job.id, [name], POINTS).then(
        found => {
          const own = found.filter(one => one.name === name);
          const series = own.find(one => !one.superseded);
          const former = runs(own.find(one => one.superseded)?.points ?? [], restarts(job.attempts));
          const fresh = { key, attempts, former, count: series?.count ?? 0, points: series?.points ?? [], appended: 0 };
          // A later attempt takes points back: only within one can a longer answer be the newer one.
          setHeld(before => (before?.key === key && before.attempts >= attempts && before.count > fresh.count ? before : fresh));
        },
        () => {
          asked.current = { ...asked.current, count: -1 }; // the next change asks again
        }
      );
    }, wait);
    return () => window.clearTimeout(timer);
  }, [seen, key, known, count, attempts, job.id, name, session]);

  return useMemo(
    () => (current?.key === key ? { points: withNewest(current, metric), former: current.former } : null),
    [current, key, metric]
  );
}

/** What is held with the metric's newest point at its end, where that is all that is missing. */
export function grown(held: Held, metric: Metric): Held | null {
  const last = held.points[held.points.length - 1];
  if (metric.count !== held.count + 1 || held.appended >= APPENDED_AT_MOST || (last && last[0] > metric.last_step)) {
    return null;
  }
  const point: Points[number] = [metric.last_step, metric.last_time, metric.last];
  return { ...held, count: metric.count, points: [...held.points, point], appended: held.appended + 1 };
}

/** What is drawn: the newest point last, also where the ones before it are still asked for. */
export function withNewest(held: Held, metric: Metric | undefined): Points {
  const last = held.points[held.points.length - 1];
  if (metric === undefined || metric.count <= held.count || (last && last[0] >= metric.last_step)) {
    return held.points;
  }
  return [...held.points, [metric.last_step, metric.last_time, metric.last]];
}
