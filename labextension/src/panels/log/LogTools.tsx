/** The log's toolbar: which attempt, where in it, what to look for, how it is shown. */
import { useState } from 'react';
import type { KeyboardEvent, RefObject } from 'react';
import type { LogMatch } from '../../api/contents';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import type { Search } from './useSearch';

interface Props {
  readonly attempts: number;
  /** null: the latest, whichever that is. */
  readonly attempt: number | null;
  readonly setAttempt: (attempt: number | null) => void;
  readonly wrap: boolean;
  readonly setWrap: (wrap: boolean) => void;
  readonly pattern: string;
  readonly setPattern: (pattern: string) => void;
  readonly regex: boolean;
  readonly setRegex: (regex: boolean) => void;
  readonly search: Search;
  readonly current: LogMatch | null;
  readonly find: RefObject<HTMLInputElement>;
  readonly following: boolean;
  readonly onEnd: () => void;
  readonly onStart: () => void;
  readonly onLine: (number: number) => void;
  readonly onMatch: (back: boolean) => void;
  readonly onLeave: () => void;
  readonly download: JSX.Element;
}

export function LogTools(props: Props): JSX.Element {
  const { trans } = useRoom();
  const { pattern, search, current } = props;
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === 'Enter') {
      props.onMatch(event.shiftKey);
    } else if (event.key === 'Escape') {
      props.setPattern('');
      props.onLeave();
    }
  };
  return (
    <div className="jp-Training-tools" role="group" aria-label={trans.__('Tools of the log')}>
      {props.attempts > 1 && (
        <label>
          {trans.__('attempt')}{' '}
          <select
            value={props.attempt ?? 0}
            onChange={event => props.setAttempt(Number(event.target.value) === 0 ? null : Number(event.target.value))}
          >
            <option value={0}>{trans.__('latest')}</option>
            {Array.from({ length: props.attempts }, (_, place) => (
              <option key={place} value={place + 1}>
                {place + 1}
              </option>
            ))}
          </select>
        </label>
      )}
      <span className="jp-Training-find">
        <input
          ref={props.find}
          type="search"
          value={pattern}
          placeholder={trans.__('Find in the log')}
          aria-label={trans.__('Find in the log')}
          title={trans.__('Find in the log (/). Enter goes to the next, Shift+Enter to the one before.')}
          spellCheck={false}
          onChange={event => props.setPattern(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button
          type="button"
          className="jp-Training-button"
          aria-pressed={props.regex}
          aria-label={trans.__('Regular expression')}
          title={trans.__('A regular expression, as Python writes them')}
          onClick={() => props.setRegex(!props.regex)}
        >
          .*
        </button>
        <button
          type="button"
          className="jp-Training-button"
          disabled={search.matches.length === 0}
          aria-label={trans.__('Previous match')}
          title={trans.__('Previous match (Shift+Enter)')}
          onClick={() => props.onMatch(true)}
        >
          ↑
        </button>
        <button
          type="button"
          className="jp-Training-button"
          disabled={search.matches.length === 0}
          aria-label={trans.__('Next match')}
          title={trans.__('Next match (Enter)')}
          onClick={() => props.onMatch(false)}
        >
          ↓
        </button>
        <output className={search.trouble === null ? 'jp-Training-faint' : 'jp-Training-refusal'}>
          {search.trouble ?? (pattern === '' ? '' : count(search, current, trans.__('none'), trans.__('of')))}
        </output>
      </span>
      <GoTo onLine={props.onLine} />
      <button type="button" className="jp-Training-button" title={trans.__('To the start (Home)')} onClick={props.onStart}>
        {trans.__('Start')}
      </button>
      <button
        type="button"
        className="jp-Training-button"
        aria-pressed={props.following}
        title={trans.__('To the end (End), and on with what is written')}
        onClick={props.onEnd}
      >
        {trans.__('Follow')}
      </button>
      <button
        type="button"
        className="jp-Training-button"
        aria-pressed={props.wrap}
        title={trans.__('Break long lines (w)')}
        onClick={() => props.setWrap(!props.wrap)}
      >
        {trans.__('Wrap')}
      </button>
      {props.download}
    </div>
  );
}

function GoTo({ onLine }: { onLine: (number: number) => void }): JSX.Element {
  const { trans } = useRoom();
  const [words, setWords] = useState('');
  const number = Number(words.replace(/\s/g, ''));
  return (
    <input
      className="jp-Training-goTo"
      inputMode="numeric"
      value={words}
      placeholder={trans.__('line')}
      aria-label={trans.__('Go to line')}
      title={trans.__('Go to the line of that number (Enter)')}
      onChange={event => setWords(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter' && Number.isInteger(number) && number > 0) {
          onLine(number);
        }
      }}
    />
  );
}

/** `3 of 120`, with a plus while there may be more. */
function count({ matches, done, more }: Search, current: LogMatch | null, none: string, of: string): string {
  const all = `${figure(matches.length)}${done && !more ? '' : '+'}`;
  if (matches.length === 0) {
    return done ? none : '…';
  }
  const place = current === null ? -1 : matches.findIndex(one => one.offset === current.offset);
  return place < 0 ? all : `${figure(place + 1)} ${of} ${all}`;
}
