/** What is always in sight: the state, the name, how far it is and how long it takes, and what can be done. */
import type { Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { short } from '../../model/wording';
import { Actions } from '../../parts/Actions';
import { Progress } from '../../parts/Progress';
import { useRoom } from '../../parts/room';
import { Archived, Notice, Quiet, attemptWords } from '../../parts/Standing';
import { StateIcon } from '../../parts/StateIcon';
import { phaseWord } from '../../parts/words';
import { CLONE_COMMAND, useDoors } from '../../renderers/job/doors';
import { Lasted } from '../../renderers/job/Lasted';
import { More } from '../../renderers/job/More';
import { endSentence } from '../../renderers/job/words';

export function Head({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const attempt = attemptWords(trans, job);
  const shown = job.phase === 'running' && job.progress?.total ? null : endSentence(job);
  return (
    <div className="jp-Training-detailHead">
      <div className="jp-Training-detailTitle">
        <span className="jp-Training-state" data-phase={job.phase}>
          <StateIcon phase={job.phase} />
          <span role="status">{phaseWord(trans, job.phase)}</span>
        </span>
        <h2 title={job.name}>{job.name}</h2>
        <span className="jp-Training-faint" title={job.id}>
          {short(job.id)}
        </span>
        <Archived job={job} />
        <Lasted job={job} seen />
        {attempt !== null && <span className="jp-Training-faint">{attempt}</span>}
        <span className="jp-Training-buttons">
          <Actions job={job} />
          {doors.hasCommand(CLONE_COMMAND) && (
            <button
              type="button"
              className="jp-Training-button"
              title={trans.__('Put its code into a new cell')}
              onClick={() => void doors.execute(CLONE_COMMAND, { job: job.id })}
            >
              {trans.__('Clone')}
            </button>
          )}
          <More job={job} />
        </span>
      </div>
      <div className="jp-Training-detailLine">
        {shown !== null && <span>{shown}</span>}
        {!isEnded(job) && <Progress job={job} />}
        <Quiet job={job} />
        <Notice job={job} />
      </div>
    </div>
  );
}
