/** The points of a job's series, asked for again as they grow, and only while the card can be seen. */
import { useEffect, useRef, useState } from 'react';
import type { RefObject } from 'react';
import { curves } from '../../api/jobs';
import type { Job, Series } from '../../api/jobs';
import { useRoom } from '../../parts/room';

const POINTS = 600;
const PAUSE_MS = 500; // between two questions

type Points = Series['points'];

export function useCurve(job: Job, name: string): [RefObject<HTMLDivElement>, Points | null] {
  const { session } = useRoom();
  const frame = useRef<HTMLDivElement>(null);
  const seen = useSeen(frame);
  const [found, setFound] = useState<{ key: string; points: Points } | null>(null);
  const asked = useRef({ key: '', count: -1, at: 0 });
  const key = `${job.id} ${name}`;
  const count = job.metrics[name]?.count ?? 0;

  useEffect(() => {
    const last = asked.current;
    if (!seen || (last.key === key && last.count === count)) {
      return undefined;
    }
    const wait = last.key === key ? Math.max(0, last.at + PAUSE_MS - Date.now()) : 0;
    const timer = window.setTimeout(() => {
      asked.current = { key, count, at: Date.now() };
      curves(session.settings, job.id, [name], POINTS).then(
        series => setFound({ key, points: series.find(one => one.name === name)?.points ?? [] }),
        () => {
          asked.current = { ...asked.current, count: -1 }; // the next change asks again
        }
      );
    }, wait);
    return () => window.clearTimeout(timer);
  }, [seen, key, count, job.id, name, session]);

  return [frame, found?.key === key ? found.points : null];
}

/** Whether the node is on screen, or near. */
function useSeen(frame: RefObject<HTMLElement>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (frame.current === null) {
      return undefined;
    }
    const watch = new IntersectionObserver(entries => setSeen(entries.some(entry => entry.isIntersecting)), {
      rootMargin: '200px'
    });
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, [frame]);
  return seen;
}
