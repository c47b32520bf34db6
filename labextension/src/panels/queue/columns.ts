/** The table's columns: what is over them, and what they mean. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Pool } from '../../api/jobs';
import { hasOrder } from '../../model/queue';

export interface Column {
  readonly key: string;
  readonly word: string;
  readonly title?: string;
}

export function columns(trans: TranslationBundle, pool: Pool | null): readonly Column[] {
  const isOrdered = hasOrder(pool);
  return [
    { key: 'ahead', word: '#', title: isOrdered ? trans.__('How many stand before it') : noOrder(trans, pool) },
    { key: 'id', word: trans.__('ID') },
    { key: 'type', word: trans.__('Type') },
    { key: 'name', word: trans.__('Name') },
    isOrdered
      ? { key: 'worth', word: trans.__('Priority'), title: trans.__('1 to 99; smaller goes first') }
      : { key: 'worth', word: trans.__('Weight'), title: trans.__('Twice the weight is twice the share') },
    { key: 'submitted', word: trans.__('Submitted') },
    { key: 'slots', word: trans.__('Slots'), title: trans.__('That it holds, of those that it needs') },
    { key: 'state', word: trans.__('State') },
    { key: 'user', word: trans.__('User') },
    { key: 'start', word: trans.__('Starts in'), title: trans.__('When it is expected to start, by how long such trainings took before') },
    { key: 'why', word: trans.__('Why') }
  ];
}

/** Why nothing can be dragged there. */
export function noOrder(trans: TranslationBundle, pool: Pool | null): string {
  return trans.__('%1 shares its slots fairly, by weight: there is no order to change.', pool?.name ?? '');
}
