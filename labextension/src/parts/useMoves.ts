/** Jobs put elsewhere in a queue: shown at once, taken back where it is refused, and said to those who listen. */
import { useCallback, useRef, useState } from 'react';
import type { Refused } from '../commands/moving';
import { moved } from '../commands/moving';
import type { Drop, Placed } from '../model/queue';
import { useRoom } from './room';

export interface Moves {
  /** Not answered yet, in their order. */
  readonly pending: readonly Drop[];
  /** What the last move came to, for a live region. */
  readonly said: string;
  readonly say: (words: string) => void;
  readonly move: (drop: Drop, rows: readonly Placed[]) => void;
}

/**
 * @param settled resolved once the rows are those after the move: until then it is drawn at its new place
 * @param refused is told what was refused, in words
 */
export function useMoves(settled: (drop: Drop) => Promise<void>, refused: (refused: Refused | null) => void): Moves {
  const { session, trans } = useRoom();
  const [pending, setPending] = useState<readonly Drop[]>([]);
  const [said, say] = useState('');
  const last = useRef<Promise<unknown>>(Promise.resolve()); // two at once could be carried out the other way round
  const move = useCallback(
    (drop: Drop, rows: readonly Placed[]) => {
      setPending(held => [...held, drop]);
      refused(null);
      const [first] = drop.jobs;
      const name = drop.jobs.length === 1 ? (rows.find(row => row.id === first)?.name ?? '') : trans._n('%1 training', '%1 trainings', drop.jobs.length);
      const asked = last.current.then(() => moved(session, trans, drop.jobs, drop.move));
      last.current = asked;
      void asked
        .then(async refusal => {
          if (refusal === null) {
            say(saidOf(drop, rows, name, trans));
            await settled(drop);
          } else {
            say('');
            refused(refusal);
          }
        })
        .finally(() => setPending(held => held.filter(one => one !== drop)));
    },
    [session, trans, settled, refused]
  );
  return { pending, said, say, move };
}

/** Where it stands now. */
function saidOf({ move, takes }: Drop, rows: readonly Placed[], name: string, trans: ReturnType<typeof useRoom>['trans']): string {
  const nameOf = (id: string): string => rows.find(row => row.id === id)?.name ?? id;
  const where =
    'ahead_of' in move
      ? trans.__('%1 stands before %2', name, nameOf(move.ahead_of))
      : 'behind_of' in move
        ? trans.__('%1 stands behind %2', name, nameOf(move.behind_of))
        : 'top' in move
          ? trans.__('%1 stands before all of its priority', name)
          : trans.__('%1 stands behind all of its priority', name);
  return takes === null ? `${where}.` : `${where}; ${trans.__('it has taken priority %1', takes)}.`;
}
