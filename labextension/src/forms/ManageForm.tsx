/** Where jobs stand in their queue: priority or weight, pool, and position. What is left as it is is not sent. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import type { Pool } from '../api/jobs';
import type { Move } from '../api/queue';
import { hasOrder } from '../model/queue';
import { figure } from '../model/wording';
import { policyWords, roomWords } from '../parts/words';
import type { FormView } from './FormDialog';
import { Row, wrongPriority } from './ScriptForm';

/** Texts as they are typed; empty: as it is. */
export interface Draft {
  readonly priority: string;
  readonly weight: string;
  readonly pool: string;
  readonly position: string;
}

/** What is the same for all that are meant; empty where they differ. */
export interface Meant extends Draft {
  readonly count: number;
  readonly isRunning: boolean;
  /** How many the pool serves; null where that is not known. */
  readonly total: number | null;
}

interface Props extends FormView<Draft> {
  readonly meant: Meant;
  readonly pools: readonly Pool[];
  readonly trans: TranslationBundle;
}

export function ManageForm({ draft, change, meant, pools, trans }: Props): JSX.Element {
  const id = useId();
  const pool = pools.find(one => one.name === draft.pool) ?? null;
  const stays = draft.pool === meant.pool;
  const asItIs = meant.count > 1 ? trans.__('as they are') : undefined;
  return (
    <>
      {meant.count > 1 && <p className="jp-Training-faint">{trans.__('What is left empty stays as it is.')}</p>}
      {hasOrder(pool) && (
        <Row label={trans.__('priority')} id={`${id}-priority`} help={trans.__('1 to 99; smaller goes first')} wrong={wrongPriority(trans, draft.priority)}>
          {described => (
            <input
              {...described}
              inputMode="numeric"
              value={draft.priority}
              placeholder={asItIs}
              onChange={event => change({ priority: event.target.value })}
            />
          )}
        </Row>
      )}
      {(pool === null || !hasOrder(pool)) && (
        <Row
          label={trans.__('weight')}
          id={`${id}-weight`}
          help={trans.__('above 0; twice the weight is twice the share')}
          wrong={wrongWeight(trans, draft.weight)}
        >
          {described => (
            <input
              {...described}
              inputMode="decimal"
              value={draft.weight}
              placeholder={asItIs}
              onChange={event => change({ weight: event.target.value })}
            />
          )}
        </Row>
      )}
      <Row
        label={trans.__('pool')}
        id={`${id}-pool`}
        help={
          meant.isRunning && meant.count === 1
            ? trans.__('It holds slots of this pool; pause it first to take it to another.')
            : pool === null
              ? null
              : policyWords(trans, pool)
        }
        wrong={null}
      >
        {described => (
          <select {...described} value={draft.pool} disabled={meant.isRunning && meant.count === 1} onChange={event => change({ pool: event.target.value })}>
            {meant.pool === '' && <option value="">{trans.__('as they are')}</option>}
            {pools.map(one => (
              <option key={one.name} value={one.name}>
                {one.name} · {roomWords(trans, one)}
              </option>
            ))}
          </select>
        )}
      </Row>
      {meant.count === 1 && stays && hasOrder(pool) && (
        <Row
          label={trans.__('position')}
          id={`${id}-position`}
          help={
            meant.total === null
              ? trans.__('1 is the front; next to another priority it takes that one')
              : trans.__('1 to %1; 1 is the front. Next to another priority it takes that one', figure(meant.total))
          }
          wrong={wrongPosition(trans, draft.position)}
        >
          {described => (
            <input {...described} inputMode="numeric" value={draft.position} onChange={event => change({ position: event.target.value })} />
          )}
        </Row>
      )}
    </>
  );
}

/** The changes, in the order in which they have to be made. */
export function movesOf(draft: Draft, meant: Meant, pools: readonly Pool[]): readonly Move[] {
  const pool = pools.find(one => one.name === draft.pool) ?? null;
  const moves: Move[] = [];
  const other = (key: keyof Draft): boolean => draft[key].trim() !== '' && draft[key].trim() !== meant[key];
  if (other('pool')) {
    moves.push({ resource_pool: draft.pool });
  }
  if (other('priority') && hasOrder(pool)) {
    moves.push({ priority: Number(draft.priority) });
  }
  if (other('weight') && (pool === null || !hasOrder(pool))) {
    moves.push({ weight: Number(draft.weight) });
  }
  if (other('position') && draft.pool === meant.pool && hasOrder(pool) && meant.count === 1) {
    moves.push({ position: Number(draft.position) });
  }
  return moves;
}

export function isRight(draft: Draft, trans: TranslationBundle): boolean {
  return [wrongPriority(trans, draft.priority), wrongWeight(trans, draft.weight), wrongPosition(trans, draft.position)].every(
    wrong => wrong === null
  );
}

function wrongWeight(trans: TranslationBundle, words: string): string | null {
  const value = Number(words);
  return words.trim() === '' || (Number.isFinite(value) && value > 0) ? null : trans.__('A number above 0, such as 0.5 or 2.');
}

function wrongPosition(trans: TranslationBundle, words: string): string | null {
  return words.trim() === '' || /^[1-9]\d{0,8}$/.test(words.trim()) ? null : trans.__('A whole number from 1.');
}
