/** Saves the whole log as a file, piece by piece; another press gives up. */
import { useEffect, useRef, useState } from 'react';
import { logs } from '../../api/contents';
import { troubleFrom } from '../../api/http';
import type { Job } from '../../api/jobs';
import { useRoom } from '../../parts/room';

const PIECE = 1024 * 1024;

export function Download({ job, attempt, size }: { job: Job; attempt: number | null; size: number }): JSX.Element {
  const { session, trans } = useRoom();
  const [share, setShare] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const giveUp = useRef<AbortController | null>(null);
  useEffect(() => () => giveUp.current?.abort(), []);

  const save = async (signal: AbortSignal): Promise<void> => {
    const pieces: Blob[] = [];
    let offset = 0;
    for (;;) {
      const chunk = await logs(session.settings, job.id, { attempt, offset, limit: PIECE }, signal);
      if (chunk.next <= offset) {
        break;
      }
      pieces.push(new Blob([chunk.text])); // a blob may lie on the disk; a string lies in memory
      offset = chunk.next;
      setShare(offset / Math.max(1, chunk.size));
      if (offset >= chunk.size) {
        break;
      }
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(pieces, { type: 'text/plain' }));
    link.download = `${job.name}-${job.id}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const press = (): void => {
    if (giveUp.current !== null) {
      giveUp.current.abort();
      return;
    }
    const controller = new AbortController();
    giveUp.current = controller;
    setShare(0);
    setRefusal(null);
    save(controller.signal)
      .catch((reason: unknown) => {
        if (!controller.signal.aborted) {
          setRefusal(troubleFrom(reason).message);
        }
      })
      .finally(() => {
        giveUp.current = null;
        setShare(null);
      });
  };
  return (
    <>
      <button
        type="button"
        className="jp-Training-button"
        disabled={size === 0}
        title={share === null ? trans.__('Save the log as a file') : trans.__('Give up')}
        onClick={press}
      >
        {share === null ? trans.__('Download') : trans.__('%1 %', Math.round(100 * share))}
      </button>
      {refusal !== null && (
        <span className="jp-Training-refusal" role="alert">
          {refusal}
        </span>
      )}
    </>
  );
}
