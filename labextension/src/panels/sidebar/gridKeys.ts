/** What the keys do on a row of the panel. */
import type { KeyboardEvent } from 'react';
import { isEnded } from '../../model/select';
import { every, extended, only, toggled } from '../../model/selection';
import { CommandIds } from '../../tokens';
import type { GridProps } from './Grid';
import type { Item } from './items';
import { menuAt } from './rowMenu';

export interface Reach extends GridProps {
  readonly ids: readonly string[];
  readonly keys: ReadonlyMap<string, number>;
  readonly page: number;
  readonly go: (index: number, reach: boolean) => void;
  readonly open: (id: string) => void;
  readonly queue: (pool: string) => void;
}

/** Does what a key on a row means, and says whether it means anything. */
export function pressed(event: KeyboardEvent<HTMLDivElement>, row: Item, reach: Reach): boolean {
  const { rows, ids, keys, selection, onSelect, onFold, go, page } = reach;
  const index = keys.get(row.key) ?? 0;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const job = row.kind === 'job' || row.kind === 'search';
  if (row.kind === 'pool' && (event.key === 'Enter' || event.key === ' ')) {
    reach.queue(row.pool.name);
    return true;
  }
  switch (event.key) {
    case 'ArrowDown':
      go(index + 1, event.shiftKey);
      return true;
    case 'ArrowUp':
      go(index - 1, event.shiftKey);
      return true;
    case 'PageDown':
      go(index + page, event.shiftKey);
      return true;
    case 'PageUp':
      go(index - page, event.shiftKey);
      return true;
    case 'Home':
      go(0, event.shiftKey);
      return true;
    case 'End':
      go(rows[rows.length - 1]?.kind === 'more' ? rows.length - 2 : rows.length - 1, event.shiftKey);
      return true;
    case 'ArrowLeft':
      if (job || row.kind === 'pool') {
        let heading = index;
        while (heading > 0 && rows[heading]?.kind !== 'heading') {
          heading -= 1;
        }
        go(heading, false);
      } else {
        onFold(row.key, true);
      }
      return true;
    case 'ArrowRight':
      if (row.kind === 'heading' && !row.folded) {
        (event.target as HTMLElement).querySelector('button')?.focus();
      } else if (!job) {
        onFold(row.key, false);
      } else if (!(selection.chosen.size === 1 && selection.chosen.has(row.key))) {
        onSelect(only({ ...selection, chosen: new Set() }, row.key));
      } else {
        event.currentTarget.querySelector<HTMLElement>('.jp-Training-actions button')?.focus();
      }
      return true;
    case 'Enter':
      if (!job) {
        onFold(row.key);
      } else if (row.kind === 'search' ? reach.desk.app.commands.hasCommand(CommandIds.search) : reach.desk.app.commands.hasCommand(CommandIds.detail)) {
        reach.open(row.key);
      } else {
        onSelect(only(selection, row.key));
      }
      return true;
    case ' ':
      if (job) {
        onSelect(event.shiftKey ? extended(selection, row.key, ids) : toggled(selection, row.key));
      } else {
        onFold(row.key);
      }
      return true;
    case 'a':
    case 'A':
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        onSelect(every(selection, ids));
        return true;
      }
      return false;
    case 'Delete':
      if (plain && row.kind === 'search') {
        const verb = isEnded(row.search) ? 'delete' : 'cancel';
        void reach.desk.app.commands.execute(CommandIds.searchVerb, { verb, experiment: row.key, ask: true });
        return true;
      }
      if (plain && job) {
        reach.onDelete(selection.chosen.has(row.key) ? [...selection.chosen] : [row.key]);
        return true;
      }
      return false;
    case 'Escape':
      if (selection.chosen.size > 0) {
        onSelect({ chosen: new Set(), anchor: null, at: row.key });
      } else {
        reach.onLeave();
      }
      return true;
    case 'F10':
      if (event.shiftKey) {
        menuAt(event.target as HTMLElement);
        return true;
      }
      return false;
    default:
      return false;
  }
}
