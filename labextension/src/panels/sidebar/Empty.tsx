/** What the panel teaches while there is nothing in it. */
import { Clipboard } from '@jupyterlab/apputils';
import { useState } from 'react';
import { useRoom } from '../../parts/room';

const LOAD = '%load_ext jupyter_training';

const FIRST_CELL = `%%train first
import time
from jupyter_training import report

for step in range(20):
    time.sleep(0.5)
    report(step=step, loss=1 / (step + 1))`;

export function Empty(): JSX.Element {
  const { trans } = useRoom();
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    Clipboard.copyToSystem(FIRST_CELL);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className="jp-Training-empty">
      <p>
        {trans.__('No trainings yet. Run this once in a notebook:')} <code>{LOAD}</code>
      </p>
      <p>{trans.__('Then put this in a cell:')}</p>
      <pre tabIndex={0}>{FIRST_CELL}</pre>
      <button type="button" className="jp-Training-button" onClick={copy}>
        {copied ? trans.__('Copied') : trans.__('Copy cell')}
      </button>
    </div>
  );
}
