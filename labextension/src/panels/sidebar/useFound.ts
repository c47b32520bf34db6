/** A filtered list: narrowed on the page at once, and asked of the server when the typing pauses. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Trouble } from '../../api/http';
import { troubleFrom } from '../../api/http';
import { filtered } from '../../api/jobs';
import type { Job } from '../../api/jobs';
import type { Experiment } from '../../api/experiments';
import { asFiltered, parse } from '../../model/filter';
import type { Filtered } from '../../model/filter';
import { grouped } from '../../model/select';
import type { Sections } from '../../model/select';
import type { State } from '../../model/state';
import { useRoom } from '../../parts/room';

const PAUSE_MS = 200;
const PAGE = 200;

interface Answer {
  readonly text: string;
  /** The version at which the server found it to fit. */
  readonly versions: ReadonlyMap<string, number>;
  readonly next: string | null;
}

export interface Found {
  readonly lists: Sections;
  readonly total: number;
  /** Whether the server has more that fit. */
  readonly more: boolean;
  /** Whether the server has answered for this very text. */
  readonly sure: boolean;
  readonly trouble: Trouble | null;
  /** Whether a search fits, too. */
  readonly fits: (search: Experiment) => boolean;
  readonly further: () => Promise<void>;
}

/** The jobs that fit the text; null for an empty one. */
export function useFound(text: string, state: State): Found | null {
  const { session } = useRoom();
  const wanted = text.trim();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const before = useRef<Sections | undefined>(undefined);
  const narrowed = useRef<(job: Filtered) => boolean>(inLists);
  const { store } = state;

  useEffect(() => {
    setTrouble(null);
    if (wanted === '') {
      setAnswer(null);
      return undefined;
    }
    const control = new AbortController();
    const timer = window.setTimeout(() => {
      filtered(session.settings, wanted, null, PAGE, control.signal).then(
        page => {
          if (!control.signal.aborted) {
            session.take(page.jobs);
            setAnswer({ text: wanted, versions: versions(page.jobs), next: page.next });
          }
        },
        (reason: unknown) => {
          if (!control.signal.aborted) {
            setTrouble(troubleFrom(reason));
          }
        }
      );
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [wanted, session, store]);

  const further = useCallback(async (): Promise<void> => {
    if (answer === null || answer.next === null) {
      return;
    }
    const page = await filtered(session.settings, answer.text, answer.next, PAGE);
    session.take(page.jobs);
    setAnswer(held =>
      held === answer ? { ...answer, versions: new Map([...answer.versions, ...versions(page.jobs)]), next: page.next } : held
    );
  }, [answer, session]);

  // While a text is not one yet, what the last good one let through stays.
  const fits = useMemo(() => parse(wanted), [wanted]);
  narrowed.current = fits ?? narrowed.current;
  if (wanted === '') {
    before.current = undefined;
    narrowed.current = inLists;
    return null;
  }
  const local = narrowed.current;
  const current = answer?.text === wanted ? answer : null;
  const lists = grouped(state.jobs.values(), before.current, job => current?.versions.get(job.id) === job.version || (job.experiment === null && local(job)));
  before.current = lists;
  const total = lists.running.length + lists.queued.length + lists.recent.length;
  return { lists, total, more: (current?.next ?? null) !== null, sure: current !== null, trouble, fits: search => local(asFiltered(search)), further };
}

function inLists(job: Filtered): boolean {
  return !job.archived;
}

function versions(jobs: readonly Job[]): Map<string, number> {
  return new Map(jobs.map(job => [job.id, job.version]));
}
