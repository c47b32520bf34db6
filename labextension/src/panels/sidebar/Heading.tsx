/** A section's own row: folds and unfolds it, and says how many are in it. */
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import type { Item } from './items';

export type HeadingItem = Extract<Item, { kind: 'heading' }>;

interface Props {
  readonly item: HeadingItem;
  readonly index: number;
  readonly start: number;
  readonly tabStop: boolean;
  readonly onFold: (key: string) => void;
  readonly onFocus: (key: string) => void;
}

export function Heading({ item, index, start, tabStop, onFold, onFocus }: Props): JSX.Element {
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
      onFocus={() => onFocus(item.key)}
    >
      <div role="gridcell" aria-colspan={5}>
        <Caret.react tag="span" elementSize="normal" />
        <span className="jp-Training-title" title={`${title}${rest}`}>
          {title}
          <span className="jp-Training-rest">{rest}</span>
        </span>
        <span className="jp-Training-count">
          {figure(item.count)}
          {item.more ? '+' : ''}
        </span>
      </div>
    </div>
  );
}

/** What the section is, and what is said of it beside. */
function titleOf({ section, pool, slots }: HeadingItem, trans: TranslationBundle): readonly [string, string] {
  switch (section) {
    case 'running':
      return [trans.__('Running'), ''];
    case 'recent':
      return [trans.__('Recent'), ''];
    case 'queue':
      return [
        trans.__('Queue'),
        slots === null
          ? ` · ${pool}`
          : ` · ${trans.__('%1 · %2 of %3 slots', slots.name, figure(slots.used), figure(slots.slots))}`
      ];
  }
}
