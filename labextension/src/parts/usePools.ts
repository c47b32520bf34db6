/** The pools with their slots, asked anew when something started, waits or ended; at most once a second. */
import { useEffect, useRef, useState } from 'react';
import { pools as ask } from '../api/jobs';
import type { Pool } from '../api/jobs';
import { useRoom } from './room';

const PAUSE_MS = 1000;

/** @param turns grows with each word that may have changed what is used */
export function usePools(turns: number, store: string | null): readonly Pool[] {
  const { session } = useRoom();
  const [pools, setPools] = useState<readonly Pool[]>([]);
  const last = useRef(-Infinity);
  const timer = useRef<number | undefined>(undefined);
  const left = useRef(false);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
      window.clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, []);
  useEffect(() => {
    // Words that keep coming must not put it off for ever.
    if (store === null || timer.current !== undefined) {
      return;
    }
    timer.current = window.setTimeout(
      () => {
        timer.current = undefined;
        last.current = Date.now();
        ask(session.settings).then(
          found => {
            if (!left.current) {
              setPools(found);
            }
          },
          () => undefined // the heading then goes without its slots; the stream says what is wrong
        );
      },
      Math.max(0, last.current + PAUSE_MS - Date.now())
    );
  }, [turns, store, session]);
  return pools;
}
