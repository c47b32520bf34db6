/** A section's own row: folds and unfolds it, and says how many are in it. */
import { caretDownIcon, caretRightIcon, launchIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { policyWords, roomWords } from '../../parts/words';
import type { Item } from './items';

export type HeadingItem = Extract<Item, { kind: 'heading' }>;

interface Props {
  readonly item: HeadingItem;
  readonly index: number;
  readonly start: number;
  readonly tabStop: boolean;
  readonly onFold: (key: string) => void;
  /** Show this pool's queue whole; null where that can't be. */
  readonly onQueue: ((pool: string) => void) | null;
  readonly onFocus: (key: string) => void;
}

export function Heading({ item, index, start, tabStop, onFold, onQueue, onFocus }: Props): JSX.Element {
  const { trans } = useRoom();
  const Caret = item.folded ? caretRightIcon : caretDownIcon;
  const [title, rest] = titleOf(item, trans);
  return (
    <div
      role="row"
      className="jp-Training-item jp-Training-heading"
      style={{ transform: `translateY(${start}px)` }}
      data-index={index}
      data-key={item.key}
      aria-rowindex={index + 1}
      aria-level={1}
      aria-expanded={!item.folded}
      tabIndex={tabStop ? 0 : -1}
      onClick={() => onFold(item.key)}
      onFocus={event => event.target === event.currentTarget && onFocus(item.key)}
    >
      <div role="gridcell" aria-colspan={5}>
        <Caret.react tag="span" elementSize="normal" />
        <span className="jp-Training-title" title={item.slots === null ? `${title}${rest}` : `${title}${rest}\n${policyWords(trans, item.slots)}`}>
          {title}
          <span className="jp-Training-rest">{rest}</span>
        </span>
        <span className="jp-Training-count">
          {figure(item.count)}
          {item.more ? '+' : ''}
        </span>
        {item.pool !== null && onQueue !== null && (
          <button
            type="button"
            className="jp-Training-iconButton"
            tabIndex={-1}
            title={trans.__('Show the whole queue, with what runs')}
            aria-label={trans.__('Show the queue of %1', item.pool)}
            onClick={event => {
              event.stopPropagation();
              onQueue(item.pool ?? '');
            }}
          >
            <launchIcon.react tag="span" elementSize="normal" />
          </button>
        )}
      </div>
    </div>
  );
}

/** What the section is, and what is said of it beside. */
function titleOf({ section, pool, slots, paused = 0 }: HeadingItem, trans: TranslationBundle): readonly [string, string] {
  switch (section) {
    case 'running':
      return [trans.__('Running'), ''];
    case 'experiments':
      return [trans.__('Experiments'), paused > 0 ? ` · ${trans._n('%1 paused', '%1 paused', paused)}` : ''];
    case 'recent':
      return [trans.__('Recent'), ''];
    case 'pools':
      return [trans.__('Pools'), ''];
    case 'queue':
      return [trans.__('Queue'), slots === null ? ` · ${pool}` : ` · ${slots.name} · ${roomWords(trans, slots)}`];
  }
}
