/** A pool's room in words and as a bar: what is used of its slots. */
import type { Pool } from '../api/jobs';
import { useRoom } from './room';
import { policyWords, roomWords } from './words';

export function PoolRoom({ pool }: { pool: Pool }): JSX.Element {
  const { trans } = useRoom();
  const share = pool.slots === 0 ? 0 : Math.min(1, pool.used / pool.slots);
  return (
    <span className="jp-Training-progress jp-Training-poolRoom" title={policyWords(trans, pool)}>
      <span>{roomWords(trans, pool)}</span>
      <span className="jp-Training-track" aria-hidden="true">
        <span className="jp-Training-bar" style={{ display: 'block', transform: `scaleX(${share})` }} />
      </span>
    </span>
  );
}
