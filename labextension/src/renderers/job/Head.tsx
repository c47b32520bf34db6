/** The card's first line: state, name, time, and what can be done. */
import type { Job } from '../../api/jobs';
import { short } from '../../model/wording';
import { Actions } from '../../parts/Actions';
import { useRoom } from '../../parts/room';
import { Archived, attemptWords } from '../../parts/Standing';
import { StateIcon } from '../../parts/StateIcon';
import { phaseWord } from '../../parts/words';
import { logAddress } from '../../api/output';
import { CLONE_COMMAND, LOG_COMMAND, useDoors } from './doors';
import { CloneIcon, LogIcon } from './icons';
import { Lasted } from './Lasted';
import { More } from './More';

export function Head({ job, seen }: { job: Job; seen: boolean }): JSX.Element {
  const { trans } = useRoom();
  const attempt = attemptWords(trans, job);
  return (
    <header className="jp-Training-cardHead">
      <span className="jp-Training-state" data-phase={job.phase}>
        <StateIcon phase={job.phase} />
        <span role="status" aria-live="polite" aria-label={trans.__('%1 is %2', job.name, phaseWord(trans, job.phase))}>
          {phaseWord(trans, job.phase)}
        </span>
      </span>
      <strong className="jp-Training-cardName" title={job.name}>
        {job.name}
      </strong>
      <span className="jp-Training-faint" title={job.id}>
        {short(job.id)}
      </span>
      <Archived job={job} />
      <Lasted job={job} seen={seen} />
      {attempt !== null && <span className="jp-Training-faint">{attempt}</span>}
      <span className="jp-Training-buttons">
        <Actions job={job} />
        <LogButton job={job} />
        <CloneButton job={job} />
        <More job={job} />
      </span>
    </header>
  );
}

function LogButton({ job }: { job: Job }): JSX.Element | null {
  const { session, trans } = useRoom();
  const doors = useDoors();
  if (job.attempts.length === 0) {
    return null; // it has written nothing
  }
  const words = (
    <>
      <LogIcon />
      <span className="jp-Training-buttonWord">{trans.__('Log')}</span>
    </>
  );
  const title = trans.__('Show what it printed');
  return doors.hasCommand(LOG_COMMAND) ? (
    <button
      type="button"
      className="jp-Training-button"
      title={title}
      aria-label={trans.__('Log of %1', job.name)}
      onClick={() => void doors.execute(LOG_COMMAND, { job: job.id })}
    >
      {words}
    </button>
  ) : (
    <a
      className="jp-Training-button"
      title={title}
      aria-label={trans.__('Log of %1', job.name)}
      href={logAddress(session.settings, job.id)}
      target="_blank"
      rel="noreferrer"
    >
      {words}
    </a>
  );
}

function CloneButton({ job }: { job: Job }): JSX.Element | null {
  const { trans } = useRoom();
  const doors = useDoors();
  if (!doors.hasCommand(CLONE_COMMAND)) {
    return null;
  }
  const again = job.phase === 'failed';
  return (
    <button
      type="button"
      className="jp-Training-button"
      title={again ? trans.__('Put its code into a new cell, to mend it and train again') : trans.__('Put its code into a new cell')}
      aria-label={trans.__('Clone %1 into a cell', job.name)}
      onClick={() => void doors.execute(CLONE_COMMAND, { job: job.id })}
    >
      <CloneIcon />
      <span className="jp-Training-buttonWord">{again ? trans.__('Fix and train again') : trans.__('Clone')}</span>
    </button>
  );
}
