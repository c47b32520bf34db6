/** Why a job failed, in its own words: the traceback at the person's cell and line, and what it printed before. */
import type { Job } from '../../api/jobs';
import { useRoom } from '../../parts/room';
import { ending } from './lines';
import { useLogEnd } from './useLogEnd';

const LOG_BYTES = 16 * 1024;
const LINES_BEFORE = 3;
const TRACEBACK_LINES = 24;

export function Failure({ job, seen }: { job: Job; seen: boolean }): JSX.Element | null {
  const { trans } = useRoom();
  const text = useLogEnd(job, seen, LOG_BYTES);
  if (text === null) {
    return null;
  }
  const { traceback, before } = ending(text);
  const last = before.filter(line => line.trim() !== '').slice(-LINES_BEFORE);
  return (
    <>
      {traceback.length > 0 && <pre className="jp-Training-traceback">{shortened(traceback).join('\n')}</pre>}
      {last.length > 0 && (
        <>
          <p className="jp-Training-faint">
            {traceback.length > 0 ? trans.__('Its last lines before that:') : trans.__('Its last lines:')}
          </p>
          <pre className="jp-Training-lastLines">{last.join('\n')}</pre>
        </>
      )}
    </>
  );
}

/** The beginning and the end of a long one: the person's line is near either. */
function shortened(lines: readonly string[]): readonly string[] {
  if (lines.length <= TRACEBACK_LINES) {
    return lines;
  }
  const first = TRACEBACK_LINES / 3;
  return [...lines.slice(0, first), '    …', ...lines.slice(lines.length - 2 * first)];
}
