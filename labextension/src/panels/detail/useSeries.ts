/** A job's curves, asked for again as they grow; and more finely while only a part of them is shown. */
import { useEffect, useRef, useState } from 'react';
import { allCurves } from '../../api/contents';
import type { Job, Series } from '../../api/jobs';
import { wantedPoints } from '../../model/series';
import { useRoom } from '../../parts/room';

const POINTS_IN_ALL = 8000;
const POINTS_OF_ONE = 800;
const FEWEST_POINTS = 100;
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
/** Of the time, about this share is spent on asking: a slow server is asked less often. */
const SHARE_OF_TIME = 0.2;

export interface Found {
  readonly byName: ReadonlyMap<string, Series>;
  /** What later attempts have taken back. */
  readonly superseded: ReadonlyMap<string, Series>;
  readonly machine: readonly Series[];
}

const NOTHING: Found = { byName: new Map(), superseded: new Map(), machine: [] };

/**
 * @param names which curves; the machine's always come with them
 * @param share how much of the axis is shown, 0 to 1
 */
export function useSeries(job: Job, names: readonly string[], share: number): Found {
  const { session } = useRoom();
  const [found, setFound] = useState<Found>(NOTHING);
  const asked = useRef({ key: '', version: -1, at: 0, took: 0 });
  const giveUp = useRef<AbortController | null>(null);
  const wanted = [...names, ...Object.keys(job.machine).map(name => `machine/${name}`)].join('\n');
  const key = `${job.id}\n${share}\n${wanted}`;

  useEffect(() => {
    const last = asked.current;
    if (wanted === '' || (last.key === key && last.version === job.version)) {
      return undefined;
    }
    const pause = Math.min(Math.max(SHORTEST_PAUSE_MS, last.took / SHARE_OF_TIME), LONGEST_PAUSE_MS);
    const wait = last.key === key ? Math.max(0, last.at + pause - Date.now()) : 0;
    const timer = window.setTimeout(() => {
      const at = Date.now();
      const all = wanted.split('\n');
      const base = Math.min(POINTS_OF_ONE, Math.max(FEWEST_POINTS, Math.floor(POINTS_IN_ALL / all.length)));
      asked.current = { key, version: job.version, at, took: last.took };
      giveUp.current = new AbortController();
      allCurves(session.settings, job.id, all, wantedPoints(base, share), giveUp.current.signal).then(
        series => {
          // A late answer to an earlier question has other curves.
          if (asked.current.key === key) {
            asked.current.took = Date.now() - at;
            setFound(sorted(series, job));
          }
        },
        () => {
          if (asked.current.key === key) {
            asked.current.version = -1; // the next change asks again
          }
        }
      );
    }, wait);
    return () => window.clearTimeout(timer);
  }, [key, wanted, share, job, session]);

  useEffect(
    () => () => {
      giveUp.current?.abort();
      asked.current = { ...asked.current, key: '' };
    },
    []
  );
  return found;
}

/** Of a name that has come from several sources, the one that the job's summary is of. */
function sorted(series: readonly Series[], job: Job): Found {
  const byName = new Map<string, Series>();
  const superseded = new Map<string, Series>();
  for (const one of series) {
    const found = one.superseded ? superseded : byName;
    if (one.source !== 'machine' && (!found.has(one.name) || one.source === job.metrics[one.name]?.source)) {
      found.set(one.name, one);
    }
  }
  return { byName, superseded, machine: series.filter(one => one.source === 'machine' && !one.superseded) };
}
