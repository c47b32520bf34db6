/** A pool's queue as it is drawn: what the server says, with what somebody just moved at its new place already. */
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Pool } from '../../api/jobs';
import type { QueuePage, QueueRow } from '../../api/queue';
import { after, placed } from '../../model/queue';
import type { Drop, Placed } from '../../model/queue';
import { useRoom, useTrainings } from '../../parts/room';
import type { Reading } from '../../parts/PageReader';
import { QueueReader } from './reader';

export interface Line extends Placed {
  readonly row: QueueRow;
}

export interface Queue extends Reading<QueueRow, QueuePage> {
  readonly pool: Pool | null;
  readonly lines: readonly Line[];
  readonly reader: QueueReader;
}

/** @param pending moves that are not answered yet */
export function useQueue(pool: string | null, pending: readonly Drop[]): Queue {
  const { session } = useRoom();
  const { turns, store, link } = useTrainings();
  const reader = useMemo(() => new QueueReader(session.settings, pool), [session, pool]);
  useEffect(() => () => reader.dispose(), [reader]);
  const isLost = link.kind === 'lost';
  useEffect(() => reader.look(), [reader, turns, store, isLost]);
  const reading = useSyncExternalStore(reader.subscribe, reader.read);
  const { rows } = reading;
  const lines = useMemo(() => {
    const said: readonly Line[] = rows.map(row => ({ ...placed(row), row }));
    return pending.reduce(after<Line>, said);
  }, [rows, pending]);
  return { ...reading, pool: reading.page?.pool ?? null, lines, reader };
}
