import type { Job } from '../api/jobs';
import { share } from '../model/select';
import { figure } from '../model/wording';

/** `epoch 13 / 40` over a thin bar; nothing when the job does not say how far it is. */
export function Progress({ job }: { job: Job }): JSX.Element | null {
  const done = share(job);
  const { progress } = job;
  if (done === null || !progress) {
    return null;
  }
  const words = `${progress.unit} ${figure(progress.done)} / ${figure(progress.total)}`;
  return (
    <div className="jp-Training-progress">
      <div
        className="jp-Training-track"
        role="progressbar"
        aria-label={words}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * done)}
      >
        <div className="jp-Training-bar" style={{ transform: `scaleX(${done})` }} />
      </div>
      <span className="jp-Training-faint">{words}</span>
    </div>
  );
}
