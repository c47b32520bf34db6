/** How long a job has run, and what is left of it; of an ended one how long it took, in the words of its sentence. */
import type { Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { between, exact, wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { left, took } from './words';

export function Lasted({ job, seen }: { job: Job; seen: boolean }): JSX.Element {
  const { trans } = useRoom();
  const ended = isEnded(job);
  const now = useNow(ended || !seen ? 0 : 1000);
  const begun = job.started ?? job.submitted;
  const rest = ended ? '' : left(trans, job.eta);
  return (
    <span className="jp-Training-faint jp-Training-lasted" title={exact(begun)}>
      {ended ? took(job) : wholeSpan(between(begun, null, Math.max(now, Date.now())) ?? 0)}
      {rest !== '' && ` · ${rest}`}
    </span>
  );
}
