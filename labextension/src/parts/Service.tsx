/** Where a service runs a job: a line of what it runs on and costs, and what is called how there, to be copied. */
import { useState } from 'react';
import type { Job } from '../api/jobs';
import { serviceParts } from '../model/service';
import { useRoom } from './room';

export function Service({ job }: { job: Job }): JSX.Element | null {
  const { trans } = useRoom();
  const { service } = job;
  if (service === null) {
    return null;
  }
  return (
    <div className="jp-Training-service jp-Training-faint">
      <span>{serviceParts(trans, service).join(' · ')}</span>
      {service.name !== null && (
        <Copied text={service.name} title={trans.__('Copy the name of its training job at %1', service.backend)} />
      )}
      {service.model !== null && <Copied text={service.model} title={trans.__('Copy where its model is')} />}
    </div>
  );
}

/** A text that one takes along with a click. */
function Copied({ text, title }: { text: string; title: string }): JSX.Element {
  const { trans } = useRoom();
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="jp-Training-copy"
      title={title}
      aria-label={`${title}: ${text}`}
      onBlur={() => setCopied(false)}
      onClick={() =>
        void navigator.clipboard.writeText(text).then(
          () => setCopied(true),
          () => undefined // it stands there to be selected
        )
      }
    >
      {copied ? trans.__('copied') : text}
    </button>
  );
}
