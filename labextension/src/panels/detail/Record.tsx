/** The way to the job's run in MLflow. */
import { useEffect, useState } from 'react';
import { recordAddress } from '../../api/contents';
import { info } from '../../api/jobs';
import type { Info, Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { useRoom } from '../../parts/room';
import { Copy } from './Copy';

export function Record({ job }: { job: Job }): JSX.Element {
  const { session, trans } = useRoom();
  const server = useInfo();
  if (job.run_id === null) {
    return (
      <div className="jp-Training-page">
        <p className="jp-Training-faint">
          {isEnded(job)
            ? trans.__('It has no run in MLflow. “jupyter training doctor” says what is in the way.')
            : trans.__('Its run in MLflow comes a moment after it has begun.')}
        </p>
      </div>
    );
  }
  return (
    <div className="jp-Training-page">
      <p>
        {trans.__('Parameters, metrics, tags and files of the job are kept as a run in MLflow, where they outlast this list.')}
      </p>
      <dl className="jp-Training-facts">
        <dt>{trans.__('run')}</dt>
        <dd>
          <code>{job.run_id}</code>
          <Copy text={job.run_id} title={trans.__('Copy the id of the run')} />
        </dd>
        {server !== null && (
          <>
            <dt>{trans.__('kept in')}</dt>
            <dd>
              {server.tracking === 'embedded' ? trans.__('the MLflow database beside the store') : <code>{server.tracking}</code>}
            </dd>
          </>
        )}
      </dl>
      <p>
        <a className="jp-Training-link" href={recordAddress(session.settings, job.run_id)} target="_blank" rel="noreferrer">
          {trans.__('Open the run in MLflow')}
        </a>
      </p>
      <p className="jp-Training-faint">
        {trans.__('MLflow starts when somebody first looks; that takes 15 to 40 seconds.')}
      </p>
    </div>
  );
}

function useInfo(): Info | null {
  const { session } = useRoom();
  const [found, setFound] = useState<Info | null>(null);
  useEffect(() => {
    let gone = false;
    info(session.settings).then(
      answer => !gone && setFound(answer),
      () => undefined // the stream's notice says what is wrong
    );
    return () => {
      gone = true;
    };
  }, [session]);
  return found;
}
