/** A pool in one line: its name, and what of it is used. Opens its queue. */
import type { Pool } from '../../api/jobs';
import { PoolRoom } from '../../parts/PoolRoom';
import { useRoom } from '../../parts/room';
import { poolNote } from '../../parts/words';

interface Props {
  readonly pool: Pool;
  readonly rowKey: string;
  readonly index: number;
  readonly start: number;
  readonly tabStop: boolean;
  readonly onQueue: (pool: string) => void;
  readonly onFocus: (key: string) => void;
}

export function PoolItem({ pool, rowKey, index, start, tabStop, onQueue, onFocus }: Props): JSX.Element {
  const { trans } = useRoom();
  const noted = poolNote(trans, pool);
  return (
    <div
      role="row"
      className="jp-Training-item jp-Training-poolItem"
      style={{ transform: `translateY(${start}px)` }}
      data-index={index}
      data-key={rowKey}
      aria-rowindex={index + 1}
      aria-level={2}
      tabIndex={tabStop ? 0 : -1}
      onFocus={() => onFocus(rowKey)}
      onClick={() => onQueue(pool.name)}
    >
      <span role="gridcell" className="jp-Training-name" title={trans.__('Show the queue of %1', pool.name)}>
        {pool.name}
        {noted !== null && (
          <span className="jp-Training-faint" title={noted}>
            {' '}
            {noted}
          </span>
        )}
      </span>
      <span role="gridcell">
        <PoolRoom pool={pool} />
      </span>
    </div>
  );
}
