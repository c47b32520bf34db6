/** A search's trials as far as somebody wants them, read again while it changes and the view is seen. */
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { trials } from '../api/experiments';
import type { Experiment, Trial } from '../api/experiments';
import { PAGE, PageReader } from './PageReader';
import type { Reading } from './PageReader';
import { useRoom } from './room';

export interface Trials extends Reading<Trial> {
  readonly reader: PageReader<Trial>;
}

/** @param page how many are read at least */
export function useTrials(search: Experiment, sort: string, seen = true, page = PAGE): Trials {
  const { session } = useRoom();
  const { id, version } = search;
  const reader = useMemo(
    () =>
      new PageReader<Trial>(
        async (after, limit, signal) => {
          const { trials: rows, total, next } = await trials(session.settings, id, sort, after, limit, signal);
          return { rows, total, next };
        },
        row => row.number,
        page
      ),
    [session, id, sort, page]
  );
  useEffect(() => () => reader.dispose(), [reader]);
  useEffect(() => {
    if (seen) {
      reader.look();
    }
  }, [reader, version, seen]);
  return { ...useSyncExternalStore(reader.subscribe, reader.read), reader };
}
