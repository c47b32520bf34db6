/** What the job printed: followed while it is written, searched where it is, with every part of it in reach. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { KeyboardEvent } from 'react';
import { logMatches, logs } from '../../api/contents';
import type { LogMatch } from '../../api/contents';
import type { Job } from '../../api/jobs';
import { isEnded } from '../../model/select';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { bytes } from '../../renderers/job/words';
import { useRecalled } from '../detail/recall';
import { Download } from './Download';
import { Lines } from './Lines';
import type { LinesHandle } from './Lines';
import { LogTools } from './LogTools';
import { isAtEnd, placeOf } from './piece';
import type { Part } from './piece';
import { LogReader, PIECE, lineStart } from './reader';
import { neighbour, toMark, useSearch } from './useSearch';

/** What no line has: looking for it makes the server count. */
const NOWHERE = '\u0001\u0002nowhere\u0003';

export function Log({ job }: { job: Job }): JSX.Element {
  const { session, trans } = useRoom();
  const [attempt, setAttempt] = useRecalled<number | null>('attempt', null);
  const [wrap, setWrap] = useRecalled('wrap', false);
  const [pattern, setPattern] = useRecalled('pattern', '');
  const [regex, setRegex] = useRecalled('regex', false);
  const [following, setFollowing] = useState(true);
  const [current, setCurrent] = useState<LogMatch | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const search = useSearch(job.id, attempt, pattern, regex);
  const mark = useMemo(() => toMark(pattern, regex), [pattern, regex]);
  const lines = useRef<LinesHandle>(null);
  const find = useRef<HTMLInputElement>(null);
  const heading = useId();
  const latest = attempt ?? job.attempts.length; // a new attempt has a log of its own
  const reader = useMemo(
    () => new LogReader((place, signal) => logs(session.settings, job.id, { ...place, attempt }, signal)),
    [session, job.id, attempt, latest]
  );
  const { part, era, trouble } = useSyncExternalStore(reader.subscribe, reader.shown);
  useReading(reader);

  const go = async (offset: number, number: number): Promise<void> => {
    setFollowing(false);
    const { part: before } = reader.shown();
    if (before === null || placeOf(before, offset) === null) {
      await reader.toLine(offset, number);
    }
    const { part: now } = reader.shown();
    const place = now === null ? null : placeOf(now, offset);
    if (place !== null) {
      reader.numbered(place, number);
      requestAnimationFrame(() => lines.current?.show(place));
    }
  };
  const goMatch = (back: boolean): void => {
    const from = current?.offset ?? (lines.current?.uppermost() ?? 0) - (back ? 0 : 1);
    const match = neighbour(search.matches, from, back);
    if (match !== null) {
      setCurrent(match);
      void go(match.offset, match.line);
    }
  };
  const goLine = async (number: number): Promise<void> => {
    setNote(trans.__('Counting lines…'));
    const at = await lineStart(
      number,
      (offset, line) => logMatches(session.settings, job.id, { pattern: NOWHERE, regex: false, attempt, offset, line }),
      offset => logs(session.settings, job.id, { attempt, offset, limit: 4 * PIECE }),
      share => setNote(trans.__('Counting lines… %1 %', Math.round(100 * share)))
    ).catch(() => null);
    setNote(at === null ? trans.__('It has no line %1.', figure(number)) : null);
    if (at !== null) {
      setCurrent({ offset: at, line: number, text: '' });
      await go(at, number);
    }
  };
  const goEnd = (): void => {
    setFollowing(true);
    const now = reader.shown().part;
    if (now === null || !isAtEnd(now)) {
      void reader.toEnd();
    }
  };
  const goStart = async (): Promise<void> => {
    setFollowing(false);
    if (reader.shown().part?.start !== 0) {
      await reader.toStart();
    }
    requestAnimationFrame(() => lines.current?.page()?.scrollTo({ top: 0 }));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const does: { readonly [key: string]: () => void } = {
      '/': () => find.current?.focus(),
      Home: () => void goStart(),
      End: goEnd,
      n: () => goMatch(false),
      N: () => goMatch(true),
      w: () => setWrap(!wrap)
    };
    const act = does[event.key];
    if (act !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  // Who types is shown a first match as soon as it is known, as in a document.
  const hunting = useRef(false);
  const hunt = (next: string): void => {
    hunting.current = true;
    setCurrent(null);
    setPattern(next);
  };
  useEffect(() => {
    if (hunting.current && search.matches.length > 0) {
      hunting.current = false;
      goMatch(false);
    }
  }, [search]);

  const status = note ?? trouble?.message ?? (part === null ? '' : where(trans, part, latest === 0 ? job.sentence : null));
  return (
    <div className="jp-Training-logView" aria-labelledby={heading}>
      <LogTools
        {...{ attempt, setAttempt, wrap, setWrap, pattern, regex, setRegex, search, current, find }}
        setPattern={hunt}
        attempts={job.attempts.length}
        following={following}
        onEnd={goEnd}
        onStart={() => void goStart()}
        onLine={number => void goLine(number)}
        onMatch={goMatch}
        onLeave={() => lines.current?.page()?.focus()}
        download={<Download job={job} attempt={attempt} size={part?.size ?? 0} />}
      />
      {part !== null && part.lines.length > 0 && (
        <Lines
          key={wrap ? 'wrapped' : 'plain'}
          {...{ reader, part, era, wrap, following, mark, onKeyDown }}
          onFollowing={setFollowing}
          current={current?.offset ?? null}
          label={trans.__('Log of %1', job.name)}
          handle={lines}
        />
      )}
      {part !== null && part.lines.length === 0 && (
        <p className="jp-Training-faint jp-Training-logNone">{isEnded(job) ? trans.__('It printed nothing.') : trans.__('It has printed nothing yet.')}</p>
      )}
      <p className="jp-Training-faint jp-Training-logStatus" role="status">
        {status}
      </p>
    </div>
  );
}

/** Opens the log, and reads on while the page can be seen. */
function useReading(reader: LogReader): void {
  useEffect(() => {
    const begin = (): void => {
      if (document.visibilityState === 'hidden') {
        reader.stop();
      } else {
        void reader.resume();
      }
    };
    begin();
    document.addEventListener('visibilitychange', begin);
    return () => {
      document.removeEventListener('visibilitychange', begin);
      reader.stop();
    };
  }, [reader]);
}

/** `310 lines, 1.2 MB`, or which part of it is at hand. */
function where(trans: TranslationBundle, part: Part, sentence: string | null): string {
  if (part.size === 0) {
    return sentence ?? '';
  }
  const lines = part.lines.length;
  return part.start === 0 && isAtEnd(part)
    ? trans._n('%2 line, %3', '%2 lines, %3', lines, figure(lines), bytes(part.size))
    : trans.__('%1 to %2 of %3', bytes(part.start), bytes(part.end), bytes(part.size));
}
