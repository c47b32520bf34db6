/** Each time that the job was run: when, for how long, and how it ended. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job } from '../../api/jobs';
import { between, exact, figure, span, wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { LOG_COMMAND, useDoors } from '../../renderers/job/doors';

type Attempt = Job['attempts'][number];

export function Attempts({ job }: { job: Job }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const now = useNow(job.attempts.some(one => one.ended === null) ? 1000 : 0);
  if (job.attempts.length === 0) {
    return (
      <div className="jp-Training-page">
        <p className="jp-Training-faint">{trans.__('It has not been started yet. %1', job.sentence)}</p>
      </div>
    );
  }
  return (
    <div className="jp-Training-page">
      <table className="jp-Training-table jp-mod-wide">
        <thead>
          <tr>
            <th scope="col">{trans.__('attempt')}</th>
            <th scope="col">{trans.__('began')}</th>
            <th scope="col">{trans.__('lasted')}</th>
            <th scope="col">{trans.__('from step')}</th>
            <th scope="col">{trans.__('peak memory')}</th>
            <th scope="col">{trans.__('exit')}</th>
            <th scope="col">{trans.__('how it ended')}</th>
            <th scope="col">
              <span className="jp-Training-unseen">{trans.__('log')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {[...job.attempts].reverse().map(one => {
            const lasted = between(one.started, one.ended, Math.max(now, Date.now()));
            return (
              <tr key={one.number}>
                <th scope="row">{figure(one.number)}</th>
                <td title={one.ended === null ? undefined : trans.__('ended %1', exact(one.ended))}>
                  {one.started === null ? '–' : exact(one.started)}
                </td>
                <td>{lasted === null ? '–' : one.ended === null ? wholeSpan(lasted) : span(lasted)}</td>
                <td title={one.start_step === null ? trans.__('It began anew') : trans.__('It went on from the checkpoint of that step')}>
                  {figure(one.start_step)}
                </td>
                <td>{one.peak_memory === null ? '–' : bytes(one.peak_memory)}</td>
                <td>{exit(trans, one)}</td>
                <td className="jp-mod-text">{[one.sentence, standing(trans, one)].filter(Boolean).join(' ')}</td>
                <td>
                  <button
                    type="button"
                    className="jp-Training-button"
                    aria-label={trans.__('Log of attempt %1', one.number)}
                    onClick={() => void doors.execute(LOG_COMMAND, { job: job.id, attempt: one.number })}
                  >
                    {trans.__('Log')}
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function exit(trans: TranslationBundle, one: Attempt): string {
  if (one.signal !== null) {
    return trans.__('signal %1', one.signal);
  }
  return one.exit_code === null ? '–' : String(one.exit_code);
}

function standing(trans: TranslationBundle, one: Attempt): string {
  switch (one.state) {
    case 'launching':
      return one.stage ?? trans.__('is starting');
    case 'running':
      return one.seen === 'unknown' ? trans.__('no answer from where it runs') : (one.stage ?? trans.__('runs'));
    case 'stopping':
      return trans.__('is stopping');
    case 'ended':
      return '';
  }
}
