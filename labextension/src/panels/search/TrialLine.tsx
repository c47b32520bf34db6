/** A trial in one line of 24 px. */
import { memo } from 'react';
import type { MouseEvent } from 'react';
import type { Experiment, Trial } from '../../api/experiments';
import { colourOf } from '../../charts/colours';
import { between, exact, figure, span, value, wholeSpan } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { PHASES, trialWord } from '../../parts/searchWords';
import { StateIcon } from '../../parts/StateIcon';
import type { Column } from './Trials';

interface Props {
  readonly trial: Trial;
  readonly search: Experiment;
  readonly columns: readonly Column[];
  readonly grid: string;
  readonly place: number;
  readonly start: number;
  readonly now: number;
  readonly isBest: boolean;
  /** Of its curve; null where it is grey. */
  readonly colour: number | null;
  readonly isChosen: boolean;
  readonly tabStop: boolean;
  readonly onPick: (id: string, event: MouseEvent) => void;
  readonly onFocus: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

function TrialLineOf(props: Props): JSX.Element {
  const { trial, columns, grid, place, start, isBest, colour, isChosen, tabStop, onPick, onFocus, onOpen } = props;
  const { job } = trial;
  return (
    <div
      role="row"
      className="jp-Training-item jp-Training-queueRow"
      style={{ transform: `translateY(${start}px)`, gridTemplateColumns: grid }}
      data-job={job}
      data-key={job}
      data-phase={PHASES[trial.state]}
      data-best={isBest}
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      tabIndex={tabStop ? 0 : -1}
      onFocus={event => event.target === event.currentTarget && onFocus(job)}
      onClick={event => onPick(job, event)}
      onDoubleClick={() => onOpen(job)}
    >
      {columns.map(column => (
        <Cell key={column.key} column={column} {...props} colour={colour} />
      ))}
    </div>
  );
}

export const TrialLine = memo(TrialLineOf);

function Cell({ column, trial, search, now, isBest, colour }: Props & { readonly column: Column }): JSX.Element {
  const { trans } = useRoom();
  const { kind } = column;
  switch (kind) {
    case 'number':
      return (
        <span role="gridcell" data-column={kind} title={trial.clone_of === null ? trial.job : trans.__('%1, a clone of trial %2', trial.job, trial.clone_of)}>
          <i className="jp-Training-swatch" style={{ background: colour === null ? 'transparent' : colourOf(colour) }} />
          {figure(trial.number)}
        </span>
      );
    case 'state':
      return (
        <span role="gridcell" data-column={kind} title={trial.sentence}>
          <StateIcon phase={PHASES[trial.state]} />
          <span>{trialWord(trans, trial.state)}</span>
        </span>
      );
    case 'value':
      return (
        <span role="gridcell" data-column={kind} title={isBest ? trans.__('the best of all') : undefined}>
          {isBest ? <b>{figure(trial.best)}</b> : figure(trial.best)}
        </span>
      );
    case 'metric':
      return (
        <span role="gridcell" data-column={kind}>
          {figure(trial.values[column.key.slice('metric '.length)])}
        </span>
      );
    case 'at':
      return (
        <span role="gridcell" data-column={kind} title={trans.__('best at %1 of %2 reports', figure(trial.best_at), figure(trial.resource))}>
          {figure(trial.best_at)}
        </span>
      );
    case 'axis': {
      const given = trial.config[column.key.slice('axis '.length)];
      return (
        <span role="gridcell" data-column={kind} title={given === undefined ? trans.__('its condition does not hold') : JSON.stringify(given)}>
          {given === undefined ? '–' : value(given)}
        </span>
      );
    }
    case 'time': {
      const lasted = between(trial.started, trial.ended, Math.max(now, Date.now()));
      return (
        <span role="gridcell" data-column={kind} title={trial.started === null ? search.pool : exact(trial.started)}>
          {lasted === null ? '–' : trial.ended === null ? wholeSpan(lasted) : span(lasted)}
        </span>
      );
    }
  }
}
