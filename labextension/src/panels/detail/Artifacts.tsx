/** The files that the job kept, with a look at one of them. */
import { useEffect, useRef, useState } from 'react';
import { artifacts, downloadAddress } from '../../api/contents';
import type { Artifact } from '../../api/contents';
import { troubleFrom } from '../../api/http';
import type { Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { exact } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { Preview } from './Preview';
import { useRecalled } from './recall';

const PAUSE_MS = 2000;
const DRAWN_AT_FIRST = 200;

export function Artifacts({ job }: { job: Job }): JSX.Element {
  const { session, trans } = useRoom();
  const [files, why] = useArtifacts(job);
  const [chosen, choose] = useRecalled<string | null>('artifact', null);
  const [most, setMost] = useState(DRAWN_AT_FIRST);
  const open = files?.find(one => one.id === chosen) ?? null;
  if (files === null) {
    return <div className="jp-Training-page">{why !== null && <p role="status">{why}</p>}</div>;
  }
  if (files.length === 0) {
    return (
      <div className="jp-Training-page">
        <p className="jp-Training-faint">
          {isEnded(job) ? trans.__('It kept no files.') : trans.__('No files yet.')}{' '}
          {trans.__('In the job, output("model.joblib") gives a path that is kept.')}
        </p>
      </div>
    );
  }
  return (
    <div className="jp-Training-artifacts" data-open={open !== null}>
      <div className="jp-Training-files">
        <table className="jp-Training-table jp-mod-wide">
          <thead>
            <tr>
              <th scope="col">{trans.__('file')}</th>
              <th scope="col">{trans.__('size')}</th>
              <th scope="col">{trans.__('changed')}</th>
              <th scope="col">
                <span className="jp-Training-unseen">{trans.__('download')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {files.slice(0, most).map(one => (
              <tr key={one.id} aria-selected={one.id === chosen}>
                <th scope="row">
                  <button
                    type="button"
                    className="jp-Training-file"
                    aria-expanded={one.id === chosen}
                    title={one.name}
                    onClick={() => choose(one.id === chosen ? null : one.id)}
                  >
                    {one.name}
                  </button>
                </th>
                <td>{bytes(one.size)}</td>
                <td>{exact(one.modified)}</td>
                <td>
                  <a
                    className="jp-Training-link"
                    href={downloadAddress(session.settings, job.id, one.id)}
                    download={one.name.replace(/.*\//, '')}
                    aria-label={trans.__('Download %1', one.name)}
                  >
                    {trans.__('Download')}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {files.length > most && (
          <button type="button" className="jp-Training-button" onClick={() => setMost(10 * most)}>
            {trans.__('Show more of %1 files', files.length)}
          </button>
        )}
      </div>
      {open !== null && <Preview key={`${open.id} ${open.modified}`} job={job.id} artifact={open} />}
    </div>
  );
}

/** Asked for when the tab is shown, and again as the job goes on. */
function useArtifacts(job: Job): [readonly Artifact[] | null, string | null] {
  const { session } = useRoom();
  const [files, setFiles] = useState<readonly Artifact[] | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    let gone = false;
    const timer = window.setTimeout(
      () => {
        asked.current = Date.now();
        artifacts(session.settings, job.id).then(
          found => !gone && setFiles(found),
          (reason: unknown) => !gone && setWhy(troubleFrom(reason).message)
        );
      },
      Math.max(0, asked.current + PAUSE_MS - Date.now())
    );
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [session, job.id, job.version]);
  return [files, why];
}
