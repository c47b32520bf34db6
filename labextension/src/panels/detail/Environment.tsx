/** Where and with what it runs: interpreter, folder, variables, need; and its code as it was sent. */
import { useEffect, useState } from 'react';
import { code } from '../../api/contents';
import type { Code } from '../../api/contents';
import type { Job } from '../../api/jobs';
import { troubleFrom } from '../../api/http';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { Context } from './Context';
import { Source } from './Source';
import { useRecalled } from './recall';

interface Wish {
  readonly python?: string | null;
  readonly folder?: string | null;
  readonly variables?: Readonly<Record<string, string>>;
  readonly pass_env?: readonly string[];
}

interface Need {
  readonly slots?: number;
  readonly gpus?: number;
  readonly cpus?: number | null;
  readonly memory?: number | null;
}

export function Environment({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const wish = (job.spec?.environment ?? {}) as Wish;
  const need = (job.spec?.resources ?? {}) as Need;
  const given = [...Object.keys(wish.variables ?? {}), ...(wish.pass_env ?? [])];
  const needs = [
    trans._n('%1 slot', '%1 slots', need.slots ?? 1, figure(need.slots ?? 1)),
    need.cpus ? trans._n('%1 core', '%1 cores', need.cpus, figure(need.cpus)) : null,
    need.memory ? trans.__('%1 of memory', bytes(need.memory)) : null,
    need.gpus ? trans._n('%1 GPU', '%1 GPUs', need.gpus, figure(need.gpus)) : null
  ].filter(words => words !== null);
  return (
    <div className="jp-Training-page">
      <dl className="jp-Training-facts">
        <dt>{trans.__('interpreter')}</dt>
        <dd>{wish.python ? <code>{wish.python}</code> : trans.__('the one of the dispatcher')}</dd>
        <dt>{trans.__('folder')}</dt>
        <dd>
          {wish.folder ? (
            <code>{wish.folder}</code>
          ) : job.spec?.context ? (
            trans.__('one of its own, at first with what was sent along')
          ) : (
            trans.__('one of its own, empty at first')
          )}
        </dd>
        {given.length > 0 && (
          <>
            <dt>{trans.__('variables')}</dt>
            <dd>
              <code>{given.join('  ')}</code>
            </dd>
          </>
        )}
        <dt>{trans.__('asks for')}</dt>
        <dd>{needs.join(', ')}</dd>
        <dt>{trans.__('pool')}</dt>
        <dd>{trans.__('%1, priority %2', job.pool, figure(job.priority))}</dd>
        <dt>{trans.__('sent by')}</dt>
        <dd>{job.notebook === null ? job.user : trans.__('%1, from %2', job.user, job.notebook)}</dd>
      </dl>
      <CodeOf job={job} />
    </div>
  );
}

function CodeOf({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const [found, why] = useCode(job.id);
  const [chosen, choose] = useRecalled<string | null>('file', null);
  const files = found === null ? [] : [...found.files].sort((a, b) => Number(b.path === found.entry) - Number(a.path === found.entry));
  const file = files.find(one => one.path === chosen) ?? files[0];
  return (
    <>
      <section>
        <h3>
          {trans.__('Code')}
          {files.length > 1 && (
            <select aria-label={trans.__('File')} value={file?.path} onChange={event => choose(event.target.value)}>
              {files.map(one => (
                <option key={one.path} value={one.path}>
                  {one.path === found?.entry ? trans.__('%1 (is run)', one.path) : one.path}
                </option>
              ))}
            </select>
          )}
          {file !== undefined && (
            <span className="jp-Training-faint">
              {job.entry.shown_as !== null && file.path === found?.entry ? job.entry.shown_as : file.path} · {bytes(file.size)}
            </span>
          )}
        </h3>
        {why !== null && <p role="status">{why}</p>}
        {file !== undefined &&
          (file.text === null ? (
            <p className="jp-Training-faint">{trans.__('It is no text, or too long to be shown.')}</p>
          ) : (
            <Source key={file.path} path={file.path} text={file.text} />
          ))}
      </section>
      {found?.context && <Context sent={found.context} />}
    </>
  );
}

function useCode(job: string): [Code | null, string | null] {
  const { session } = useRoom();
  const [found, setFound] = useState<Code | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    code(session.settings, job).then(
      answer => !gone && setFound(answer),
      (reason: unknown) => !gone && setWhy(troubleFrom(reason).message)
    );
    return () => {
      gone = true;
    };
  }, [session, job]);
  return [found, why];
}
