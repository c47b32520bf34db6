/** Looks for lines in a whole log, where the log is: the server gives the matches, the view the one that is meant. */
import { useEffect, useState } from 'react';
import { logMatches } from '../../api/contents';
import type { LogMatch } from '../../api/contents';
import { troubleFrom } from '../../api/http';
import { useRoom } from '../../parts/room';

const MATCHES_KEPT = 10_000;
const TYPING_MS = 250;

export interface Search {
  readonly matches: readonly LogMatch[];
  /** Whether all of the log has been looked at. */
  readonly done: boolean;
  /** Whether there are more than are kept. */
  readonly more: boolean;
  readonly trouble: string | null;
}

const NONE: Search = { matches: [], done: true, more: false, trouble: null };

export function useSearch(job: string, attempt: number | null, pattern: string, regex: boolean): Search {
  const { session } = useRoom();
  const [search, setSearch] = useState<Search>(NONE);
  useEffect(() => {
    setSearch(pattern === '' ? NONE : { ...NONE, done: false });
    if (pattern === '') {
      return undefined;
    }
    const giveUp = new AbortController();
    const look = async (): Promise<void> => {
      let found: LogMatch[] = [];
      let offset = 0;
      let line = 1;
      for (;;) {
        const asked = { pattern, regex, attempt, offset, line, limit: 1000 };
        const answer = await logMatches(session.settings, job, asked, giveUp.signal);
        found = [...found, ...answer.matches];
        const more = found.length >= MATCHES_KEPT && answer.next !== null;
        const done = answer.next === null || more;
        setSearch({ matches: found, done, more, trouble: null });
        if (done || answer.next === null) {
          return;
        }
        offset = answer.next;
        line = answer.next_line ?? line;
      }
    };
    const timer = window.setTimeout(() => {
      look().catch((reason: unknown) => {
        if (!giveUp.signal.aborted) {
          setSearch({ ...NONE, trouble: troubleFrom(reason).message });
        }
      });
    }, TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      giveUp.abort();
    };
  }, [session, job, attempt, pattern, regex]);
  return search;
}

/** The pattern as the page looks for it in a line; null where it can't. */
export function toMark(pattern: string, regex: boolean): RegExp | null {
  if (pattern === '') {
    return null;
  }
  try {
    return regex ? new RegExp(pattern, 'gu') : new RegExp(pattern.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), 'giu');
  } catch {
    return null; // what Python understands and JavaScript does not is found all the same
  }
}

/** The match to go to: the next after an offset, or the one before it; around the end. */
export function neighbour(matches: readonly LogMatch[], offset: number, back: boolean): LogMatch | null {
  const after = matches.findIndex(one => one.offset > offset);
  if (!back) {
    return matches[after < 0 ? 0 : after] ?? null;
  }
  const before = matches.filter(one => one.offset < offset);
  return before[before.length - 1] ?? matches[matches.length - 1] ?? null;
}
