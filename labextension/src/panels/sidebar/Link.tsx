/** What the panel says when the server is out of reach: over old rows as a line, alone as the whole view. */
import type { State } from '../../model/state';
import { span } from '../../model/wording';
import { useRoom } from '../../parts/room';

export function LinkNotice({ state, now }: { state: State; now: number }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { link } = state;
  if (link.kind !== 'lost') {
    return null;
  }
  const { trouble, since } = link;
  return (
    <div className="jp-Training-notice" role="status">
      <div>
        {state.known
          ? trans.__('Last seen %1 ago, reconnecting. %2', span((now - since) / 1000), trouble.detail)
          : trouble.detail}
      </div>
      {trouble.hint !== null && <div className="jp-Training-faint">{trouble.hint}</div>}
      <button type="button" className="jp-Training-button" onClick={() => session.refresh()}>
        {trans.__('Try again')}
      </button>
    </div>
  );
}
