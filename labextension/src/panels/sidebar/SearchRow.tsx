/** A search in one line of 24 px, as a job has it; its trials are in its own view. Selected alone, it says more below. */
import { forwardRef } from 'react';
import type { ForwardedRef, MouseEvent } from 'react';
import type { CommandRegistry } from '@lumino/commands';
import { Sparkline } from '../../charts/Sparkline';
import type { Experiment, ExperimentVerb } from '../../api/experiments';
import type { Verb } from '../../api/jobs';
import { courseOf, isEnded } from '../../model/select';
import { ago, between, exact, figure, short, value, wholeSpan } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { SearchActions } from '../../parts/SearchActions';
import { arrow, countWords, ofTotal } from '../../parts/searchWords';
import { StateIcon } from '../../parts/StateIcon';
import { phaseWord } from '../../parts/words';
import { CommandIds } from '../../tokens';
import { ON_ITS_WAY } from './Row';

const CONFIG_SHOWN = 6;

interface Props {
  readonly search: Experiment;
  readonly asked: Verb | ExperimentVerb | undefined;
  readonly now: number;
  readonly index: number;
  readonly start: number;
  readonly selected: boolean;
  /** Whether it says more below. */
  readonly open: boolean;
  readonly tabStop: boolean;
  readonly commands: CommandRegistry;
  readonly onPick: (id: string, event: MouseEvent) => void;
  readonly onFocus: (key: string) => void;
  readonly onOpen: (id: string) => void;
}

function SearchRowOf(props: Props, ref: ForwardedRef<HTMLDivElement>): JSX.Element {
  const { search, asked, now, index, start, selected, open, tabStop, onPick, onFocus, onOpen } = props;
  const { trans } = useRoom();
  const { id, best, metrics } = search;
  const phase = (asked && ON_ITS_WAY[asked]) ?? search.phase;
  const ended = isEnded(search);
  // What it waits for, or why it failed, stands where the figure would.
  const said = best === null || phase === 'failed' || phase === 'queued';
  const course = courseOf(search);
  const begun = search.started ?? search.submitted;
  const ran = (between(begun, search.paused_since, now) ?? 0) - search.paused_seconds;
  const time =
    search.ended === null
      ? { words: wholeSpan(Math.max(0, ran)), title: trans.__('since %1', exact(begun)) }
      : { words: trans.__('%1 ago', ago(between(search.ended, null, now) ?? 0)), title: trans.__('Ended %1', exact(search.ended)) };
  return (
    <div
      ref={ref}
      role="row"
      className={`jp-Training-item${open ? ' jp-mod-open' : ''}${asked ? ' jp-mod-asked' : ''}`}
      style={{ transform: `translateY(${start}px)` }}
      data-index={index}
      data-key={id}
      data-experiment={id}
      aria-rowindex={index + 1}
      aria-level={2}
      aria-selected={selected}
      aria-busy={asked !== undefined}
      tabIndex={tabStop ? 0 : -1}
      onFocus={event => event.target === event.currentTarget && onFocus(id)}
    >
      <div
        role="none"
        className={`jp-Training-row jp-mod-search${said ? ' jp-mod-said' : ended ? ' jp-mod-ended' : ''}`}
        data-phase={phase}
        onClick={event => onPick(id, event)}
        onDoubleClick={() => onOpen(id)}
      >
        <span role="gridcell" className="jp-Training-cell">
          <StateIcon phase={phase} />
          <span className="jp-Training-unseen">{trans.__('search, %1', phaseWord(trans, phase))}</span>
        </span>
        <span role="gridcell" className="jp-Training-name" title={`${search.name} · ${id}\n${countWords(trans, search)}`}>
          <span>{search.name}</span>
          <span className="jp-Training-faint"> · {ofTotal(trans, search)}</span>
        </span>
        {said ? (
          <span role="gridcell" className="jp-Training-said" title={search.sentence}>
            {search.sentence.replace(/^(Waits|Failed): /, '')}
          </span>
        ) : (
          <>
            <span role="gridcell" className="jp-Training-figure" title={trans.__('best %1, in trial %2', metrics[0] ?? '', best.trial)}>
              {figure(best.value)}
            </span>
            {!ended && (
              <span role="gridcell" className="jp-Training-sparkCell">
                {course.length > 0 && <Sparkline values={course} label={trans.__('Course of the best %1', metrics[0] ?? '')} />}
              </span>
            )}
          </>
        )}
        <span role="gridcell" className="jp-Training-time" title={time.title}>
          {time.words}
        </span>
      </div>
      {open && <Below search={search} commands={props.commands} />}
    </div>
  );
}

export const SearchRow = forwardRef(SearchRowOf);

function Below({ search, commands }: { search: Experiment; commands: CommandRegistry }): JSX.Element {
  const { trans } = useRoom();
  const { best, metrics } = search;
  return (
    <div role="gridcell" className="jp-Training-detail" data-phase={search.phase}>
      <div>
        {search.sentence}{' '}
        <code className="jp-Training-faint" title={search.id}>
          {short(search.id)}
        </code>
      </div>
      {search.notes.map(note => (
        <div key={note} className="jp-Training-faint">
          {note}
        </div>
      ))}
      {best !== null && (
        <dl className="jp-Training-pairs">
          <div>
            <dt title={trans.__('best %1, in trial %2', metrics[0] ?? '', best.trial)}>{metrics[0]}</dt>
            <dd>
              {arrow(search)} {figure(best.value)}
            </dd>
          </div>
          {Object.entries(best.config)
            .slice(0, CONFIG_SHOWN)
            .map(([name, given]) => (
              <div key={name} className="jp-Training-faint">
                <dt title={name}>{name}</dt>
                <dd title={JSON.stringify(given)}>{value(given)}</dd>
              </div>
            ))}
        </dl>
      )}
      <div className="jp-Training-actions">
        <SearchActions search={search} doors={{ hasCommand: id => commands.hasCommand(id), execute: (id, args) => commands.execute(id, { ...args }) }} />
        {commands.hasCommand(CommandIds.search) && (
          <button type="button" className="jp-Training-button" onClick={() => void commands.execute(CommandIds.search, { experiment: search.id })}>
            {trans.__('Open')}
          </button>
        )}
      </div>
    </div>
  );
}
