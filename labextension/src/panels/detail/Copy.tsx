/** Copies a text, and says so for a moment. */
import { Clipboard } from '@jupyterlab/apputils';
import { useEffect, useState } from 'react';
import { useRoom } from '../../parts/room';

const SAID_MS = 2000;

export function Copy({ text, label, title }: { text: string; label?: string; title: string }): JSX.Element {
  const { trans } = useRoom();
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) {
      return undefined;
    }
    const timer = window.setTimeout(() => setCopied(0), SAID_MS);
    return () => window.clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="jp-Training-button"
      title={title}
      onClick={() => {
        Clipboard.copyToSystem(text);
        setCopied(Date.now());
      }}
    >
      {copied > 0 ? trans.__('Copied') : (label ?? trans.__('Copy'))}
    </button>
  );
}
