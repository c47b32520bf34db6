/** The dots behind which all verbs of a job are: those that its row's context menu offers, as far as they are legal. */
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Job } from '../../api/jobs';
import { useRoom } from '../../parts/room';
import { useDoors } from './doors';

export function More({ job }: { job: Job }): JSX.Element | null {
  const { trans } = useRoom();
  const doors = useDoors();
  const [isOpen, setOpen] = useState(false);
  if (doors.menu === undefined) {
    return null;
  }
  const open = (button: HTMLElement, byKey: boolean): void => {
    setOpen(true);
    doors.menu?.(job.id, button, byKey, () => setOpen(false));
  };
  return (
    <button
      type="button"
      className="jp-Training-iconButton"
      title={trans.__('More')}
      aria-label={trans.__('More for %1', job.name)}
      aria-haspopup="menu"
      aria-expanded={isOpen}
      onClick={event => open(event.currentTarget, event.detail === 0)}
      onKeyDown={(event: KeyboardEvent<HTMLElement>) => {
        if (event.key === 'ArrowDown') {
          event.preventDefault();
          event.stopPropagation();
          open(event.currentTarget, true);
        }
      }}
    >
      <ellipsesIcon.react tag="span" elementSize="normal" />
    </button>
  );
}
