/** The end of a job's log, asked for again while it runs and the card is seen; less often while it is quiet. */
import { useEffect, useState } from 'react';
import { logEnd } from '../../api/output';
import type { Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { useRoom } from '../../parts/room';

const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

/** The last `bytes` of the log, or null until they have come. */
export function useLogEnd(job: Job, seen: boolean, bytes: number): string | null {
  const { session } = useRoom();
  const [text, setText] = useState<string | null>(null);
  const ended = isEnded(job);
  const begun = job.attempts.length > 0;
  useEffect(() => {
    if (!seen || !begun) {
      return undefined;
    }
    let timer: number | undefined;
    let gone = false;
    let pause = SHORTEST_PAUSE_MS;
    let size = -1;
    const ask = async (): Promise<void> => {
      const chunk = await logEnd(session.settings, job.id, bytes).catch(() => null);
      if (gone) {
        return;
      }
      pause = chunk !== null && chunk.size !== size ? SHORTEST_PAUSE_MS : Math.min(1.5 * pause, LONGEST_PAUSE_MS);
      if (chunk !== null) {
        size = chunk.size;
        setText(chunk.text);
      }
      if (!ended) {
        timer = window.setTimeout(() => void ask(), pause);
      }
    };
    void ask();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [seen, begun, ended, bytes, job.id, session]);
  return text;
}
