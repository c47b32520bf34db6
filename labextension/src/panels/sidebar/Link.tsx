/** What the panel says when the server is out of reach (over old rows as a line, alone as the whole view), or is another. */
import { useState } from 'react';
import type { State } from '../../model/state';
import { short, wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';

export function LinkNotice({ state, now: given }: { state: State; now?: number }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { link } = state;
  const ticked = useNow(link.kind === 'lost' && given === undefined ? 1000 : 0);
  const now = given ?? ticked;
  if (link.kind !== 'lost') {
    return null;
  }
  const { trouble, since } = link;
  return (
    <div className="jp-Training-notice">
      {state.known ? (
        <>
          {/* The seconds are for the eye; a screen reader hears the reason once. */}
          <div aria-hidden="true">{trans.__('Last seen %1 ago, reconnecting.', wholeSpan(Math.max(0, now - since) / 1000))}</div>
          <div role="status">{trouble.detail}</div>
        </>
      ) : (
        <div role="status">{trouble.detail}</div>
      )}
      {trouble.hint !== null && <div className="jp-Training-faint">{trouble.hint}</div>}
      <button type="button" className="jp-Training-button" onClick={() => session.refresh()}>
        {trans.__('Retry')}
      </button>
    </div>
  );
}

/** Says once that the rows are not those of before. */
export function StoreNotice({ state }: { state: State }): JSX.Element | null {
  const { trans } = useRoom();
  const [seen, setSeen] = useState<string | null>(null);
  if (state.formerly === null || state.store === null || seen === state.store) {
    return null;
  }
  return (
    <div className="jp-Training-notice" role="status">
      <div>
        {trans.__(
          'Another store answers now: %1, before it was %2. Trainings of the other one are not lost; they are listed by a server with its home.',
          short(state.store),
          short(state.formerly)
        )}
      </div>
      <button type="button" className="jp-Training-button" onClick={() => setSeen(state.store)}>
        {trans.__('Dismiss')}
      </button>
    </div>
  );
}
