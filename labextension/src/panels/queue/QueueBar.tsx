/** What can be done with what is selected in a queue, and what came of it. */
import type { Verb } from '../../api/jobs';
import { useRoom } from '../../parts/room';
import { OutcomeLine } from '../sidebar/Bulk';
import type { Bulk } from '../sidebar/Bulk';

interface Props {
  readonly bulk: Bulk;
  readonly ids: readonly string[];
  readonly mayOrder: boolean;
  readonly mayVerb: (verb: Verb) => boolean;
  readonly onManage: () => void;
  readonly onEnd: (end: 'top' | 'bottom') => void;
}

export function QueueBar({ bulk, ids, mayOrder, mayVerb, onManage, onEnd }: Props): JSX.Element | null {
  const { trans } = useRoom();
  const { busy, ask, outcome } = bulk;
  if (ids.length === 0 && outcome === null) {
    return null;
  }
  const button = (word: string, title: string, onClick: () => void): JSX.Element => (
    <button key={word} type="button" className="jp-Training-button" disabled={busy} title={title} onClick={onClick}>
      {word}
    </button>
  );
  return (
    <div className="jp-Training-bulk" role="group" aria-label={trans.__('Selected in the queue')}>
      {ids.length > 0 && (
        <div className="jp-Training-actions">
          <span role="status">{trans._n('%1 selected', '%1 selected', ids.length)}</span>
          {button(trans.__('Manage…'), trans.__('Priority or weight, pool and position (M)'), onManage)}
          {mayOrder && button(trans.__('To the top'), trans.__('Before all of the same priority (Alt Home)'), () => onEnd('top'))}
          {mayOrder && button(trans.__('To the bottom'), trans.__('Behind all of the same priority (Alt End)'), () => onEnd('bottom'))}
          {mayVerb('pause') &&
            button(trans.__('Pause'), trans.__('Let each save a checkpoint and give its slots back (P)'), () => void ask('pause', ids))}
          {mayVerb('cancel') &&
            button(trans.__('Cancel'), trans.__('Ask them to stop: each may save a checkpoint first (Delete)'), () =>
              void ask('cancel', ids, ids.length < 2)
            )}
        </div>
      )}
      <OutcomeLine bulk={bulk} />
    </div>
  );
}
