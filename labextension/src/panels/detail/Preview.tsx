/** A look into a kept file: a picture, a table, JSON or text. Bounded; nothing in it can act on the page. */
import { useEffect, useState } from 'react';
import { artifactStart } from '../../api/contents';
import type { Artifact } from '../../api/contents';
import { troubleFrom } from '../../api/http';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { csvRows } from './csv';

const TEXT_BYTES = 256 * 1024;
const PICTURE_BYTES = 20 * 1024 * 1024;
const ROWS = 200;
const PICTURE = /^image\/(?:png|jpeg|gif|webp|svg\+xml|bmp|avif)$/;

type Seen =
  | { readonly kind: 'picture'; readonly url: string }
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[]; readonly whole: boolean }
  | { readonly kind: 'text'; readonly text: string; readonly whole: boolean }
  | { readonly kind: 'words'; readonly words: string };

export function Preview({ job, artifact }: { job: string; artifact: Artifact }): JSX.Element {
  const { session, trans } = useRoom();
  const [seen, setSeen] = useState<Seen | null>(null);
  useEffect(() => {
    const giveUp = new AbortController();
    let url: string | null = null;
    const look = async (): Promise<Seen> => {
      const picture = PICTURE.test(artifact.type);
      if (picture && artifact.size > PICTURE_BYTES) {
        return { kind: 'words', words: trans.__('The picture has %1; download it to see it.', bytes(artifact.size)) };
      }
      const limit = picture ? PICTURE_BYTES : TEXT_BYTES;
      const { bytes: content, whole } = await artifactStart(session.settings, job, artifact.id, limit, giveUp.signal);
      if (picture) {
        url = URL.createObjectURL(new Blob([content], { type: artifact.type }));
        return { kind: 'picture', url };
      }
      const text = asText(content, whole);
      if (text === null) {
        return { kind: 'words', words: trans.__('%1 of something that is no text. Download it, or load it in a notebook.', bytes(artifact.size)) };
      }
      return shape(artifact, text, whole);
    };
    look().then(
      found => !giveUp.signal.aborted && setSeen(found),
      (reason: unknown) => !giveUp.signal.aborted && setSeen({ kind: 'words', words: troubleFrom(reason).message })
    );
    return () => {
      giveUp.abort();
      if (url !== null) {
        URL.revokeObjectURL(url);
      }
    };
  }, [session, job, artifact, trans]);
  return (
    <section className="jp-Training-preview" aria-label={trans.__('Preview of %1', artifact.name)}>
      <h3 title={artifact.name}>{artifact.name}</h3>
      {seen !== null && <Shown seen={seen} name={artifact.name} />}
    </section>
  );
}

function Shown({ seen, name }: { seen: Seen; name: string }): JSX.Element {
  const { trans } = useRoom();
  const cut = <p className="jp-Training-faint">{trans.__('This is its beginning; the whole is longer.')}</p>;
  switch (seen.kind) {
    case 'picture':
      return <img src={seen.url} alt={name} />;
    case 'words':
      return <p className="jp-Training-faint">{seen.words}</p>;
    case 'text':
      return (
        <>
          <pre tabIndex={0}>{seen.text}</pre>
          {!seen.whole && cut}
        </>
      );
    case 'table':
      return (
        <>
          <div className="jp-Training-scroll" tabIndex={0} role="group" aria-label={name}>
            <table className="jp-Training-table">
              <thead>
                <tr>
                  {seen.rows[0]?.map((cell, column) => (
                    <th key={column} scope="col">
                      {cell}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {seen.rows.slice(1).map((row, line) => (
                  <tr key={line}>
                    {row.map((cell, column) => (
                      <td key={column}>{cell}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {!seen.whole && cut}
        </>
      );
  }
}

function shape({ name, type }: Artifact, text: string, whole: boolean): Seen {
  if (/\.(?:csv|tsv)$/i.test(name) || type === 'text/csv') {
    const rows = csvRows(text, /\.tsv$/i.test(name) ? '\t' : ',', ROWS + 1);
    return { kind: 'table', rows: rows.slice(0, ROWS + 1), whole: whole && rows.length <= ROWS };
  }
  if (whole && (/\.(?:json|ipynb)$/i.test(name) || type === 'application/json')) {
    try {
      return { kind: 'text', text: JSON.stringify(JSON.parse(text), null, 2), whole };
    } catch {
      return { kind: 'text', text, whole }; // its name promised too much
    }
  }
  return { kind: 'text', text, whole };
}

/** The text that the bytes are, or null. A character that the limit has cut is left out. */
function asText(content: Uint8Array, whole: boolean): string | null {
  if (content.subarray(0, 8192).includes(0)) {
    return null;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content, { stream: !whole });
  } catch {
    return null;
  }
}
