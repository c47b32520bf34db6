/** The folder that was sent along with a job: how large it was, and what is in it. */
import { useState } from 'react';
import type { Code } from '../../api/contents';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';

const DRAWN_AT_FIRST = 50;

export function Context({ sent }: { sent: NonNullable<Code['context']> }): JSX.Element {
  const { trans } = useRoom();
  const [most, setMost] = useState(DRAWN_AT_FIRST);
  const { files, size, listed } = sent;
  const missing = files - (listed?.length ?? 0);
  return (
    <section>
      <h3>
        {trans.__('Folder sent along')}
        <span className="jp-Training-faint">
          {trans._n('%1 file', '%1 files', files, figure(files))} · {bytes(size)}
        </span>
      </h3>
      {listed === null ? (
        <p className="jp-Training-faint">{trans.__('Its archive is no longer kept, so its files can not be listed.')}</p>
      ) : (
        listed.length > 0 && (
          <div className="jp-Training-scroll">
            <table className="jp-Training-table">
              <thead>
                <tr>
                  <th scope="col">{trans.__('file')}</th>
                  <th scope="col">{trans.__('size')}</th>
                </tr>
              </thead>
              <tbody>
                {listed.slice(0, most).map(one => (
                  <tr key={one.path}>
                    <th scope="row">
                      <code>{one.target === null ? one.path : `${one.path} → ${one.target}`}</code>
                    </th>
                    <td>{one.target === null ? bytes(one.size) : trans.__('link')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      )}
      {listed !== null && listed.length > most && (
        <button type="button" className="jp-Training-button" onClick={() => setMost(10 * most)}>
          {trans.__('Show more of %1 files', figure(files))}
        </button>
      )}
      {listed !== null && listed.length <= most && missing > 0 && (
        <p className="jp-Training-faint">{trans._n('and %1 more file', 'and %1 more files', missing, figure(missing))}</p>
      )}
    </section>
  );
}
