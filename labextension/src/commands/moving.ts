/** Places, priorities, weights and pools of jobs, as they are asked for, and what is said to it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { troubleFrom } from '../api/http';
import type { ItemResult } from '../api/jobs';
import type { Move } from '../api/queue';
import type { Session } from '../model/session';
import { short } from '../model/wording';
import { refusals } from './wish';
import type { Refusal } from './wish';

/** In words, with those that the words have no room for. */
export interface Refused {
  readonly words: string;
  readonly more: readonly Refusal[];
}

/** Ask for it; null: all took it. */
export async function moved(session: Session, trans: TranslationBundle, ids: readonly string[], move: Move): Promise<Refused | null> {
  try {
    return refusedOf(session, trans, await session.move(ids, move));
  } catch (reason) {
    return { words: troubleFrom(reason).message, more: [] };
  }
}

/** What was refused of several. */
export function refusedOf(session: Session, trans: TranslationBundle, results: readonly ItemResult[]): Refused | null {
  const refused = refusals(session, results);
  const [first] = refused;
  if (first === undefined) {
    return null;
  }
  if (refused.length === 1) {
    const words = results.length === 1 || first.name === '' ? first.sentence : `${first.name} · ${short(first.id)}: ${first.sentence}`;
    return { words, more: [] };
  }
  const done = results.length - refused.length;
  const counted = trans._n('%1 was refused.', '%1 were refused.', refused.length);
  return { words: done > 0 ? `${counted} ${trans._n('%1 was changed.', '%1 were changed.', done)}` : counted, more: refused };
}
