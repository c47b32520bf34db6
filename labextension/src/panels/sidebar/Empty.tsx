/** What the panel teaches while there is nothing in it. */
import { Clipboard } from '@jupyterlab/apputils';
import { useState } from 'react';
import { FIRST_CELL, LOAD_LINE } from '../../parts/firstCell';
import { useRoom } from '../../parts/room';
import { CommandIds } from '../../tokens';
import type { Desk } from './mount';


export function Empty({ desk }: { desk: Desk }): JSX.Element {
  const { trans } = useRoom();
  const { commands } = desk.app;
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    Clipboard.copyToSystem(FIRST_CELL);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className="jp-Training-empty">
      <p>{trans.__('No trainings yet. Put this in a cell:')}</p>
      <pre tabIndex={0}>{FIRST_CELL}</pre>
      <div className="jp-Training-actions">
        <button type="button" className="jp-Training-button" onClick={copy}>
          {copied ? trans.__('Copied') : trans.__('Copy cell')}
        </button>
        {commands.hasCommand(CommandIds.insert) && (
          <button type="button" className="jp-Training-button" onClick={() => void commands.execute(CommandIds.insert)}>
            {trans.__('Put it into a notebook')}
          </button>
        )}
      </div>
      <p className="jp-Training-faint">
        {trans.__('A kernel needs this once before:')} <code>{LOAD_LINE}</code>
      </p>
    </div>
  );
}
