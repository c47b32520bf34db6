/** The pools with their slots, asked anew when something started, waits or ended; at most once a second. */
import { useEffect, useRef, useState } from 'react';
import { pools as ask } from '../../api/jobs';
import type { Pool } from '../../api/jobs';
import type { Sections } from '../../model/select';
import { useRoom } from '../../parts/room';

const PAUSE_MS = 1000;

export function usePools(lists: Sections, store: string | null): readonly Pool[] {
  const { session } = useRoom();
  const [pools, setPools] = useState<readonly Pool[]>([]);
  const last = useRef(0);
  const what = `${store} ${lists.running.map(job => job.id).join(' ')} ${lists.queued.length}`;
  const wanted = store !== null && lists.queued.length > 0;
  useEffect(() => {
    if (!wanted) {
      return undefined;
    }
    let left = false;
    const timer = window.setTimeout(
      () => {
        last.current = Date.now();
        ask(session.settings).then(
          found => {
            if (!left) {
              setPools(found);
            }
          },
          () => undefined // the heading then goes without its slots; the stream says what is wrong
        );
      },
      Math.max(0, last.current + PAUSE_MS - Date.now())
    );
    return () => {
      left = true;
      window.clearTimeout(timer);
    };
  }, [what, wanted, session]);
  return pools;
}
