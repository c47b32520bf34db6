/** A job of a queue in one line of 24 px. */
import { memo } from 'react';
import type { MouseEvent } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, Phase, Pool } from '../../api/jobs';
import type { QueueRow } from '../../api/queue';
import { hasOrder } from '../../model/queue';
import { ago, between, exact, figure, short } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { StateIcon } from '../../parts/StateIcon';
import { Grip } from '../../parts/useDrag';
import type { Drag } from '../../parts/useDrag';
import { afterWords, phaseWord, startWords } from '../../parts/words';
import { noOrder } from './columns';
import type { Line } from './useQueue';

interface Props {
  readonly line: Line;
  /** What the page knows of it besides. */
  readonly job: Job | undefined;
  readonly pool: Pool | null;
  readonly place: number;
  readonly start: number;
  readonly now: number;
  readonly isChosen: boolean;
  readonly tabStop: boolean;
  /** It was put here, and there is no answer yet. */
  readonly isMoving: boolean;
  readonly mark: string;
  readonly onGrip: Drag['onGrip'] | null;
  readonly onPick: (id: string, event: MouseEvent) => void;
  readonly onFocus: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

function QueueLineOf(props: Props): JSX.Element {
  const { line, job, pool, place, start, now, isChosen, tabStop, isMoving, mark, onGrip, onPick, onFocus, onOpen } = props;
  const { trans } = useRoom();
  const { row, id } = line;
  const isOrdered = hasOrder(pool);
  const starts = startWords(trans, row.start);
  const why = whyOf(trans, row, job);
  return (
    <div
      role="row"
      className={`jp-Training-item jp-Training-queueRow${isMoving ? ' jp-mod-asked' : ''}${mark}`}
      style={{ transform: `translateY(${start}px)` }}
      data-job={id}
      data-key={id}
      data-phase={row.phase}
      aria-rowindex={place + 2}
      aria-selected={isChosen}
      aria-busy={isMoving}
      tabIndex={tabStop ? 0 : -1}
      onFocus={event => event.target === event.currentTarget && onFocus(id)}
      onClick={event => onPick(id, event)}
      onDoubleClick={() => onOpen(id)}
    >
      <span role="gridcell" data-column="ahead" title={isOrdered ? undefined : noOrder(trans, pool)}>
        {onGrip !== null && <Grip id={id} onGrip={onGrip} />}
        {isOrdered ? figure(place) : '–'}
      </span>
      <span role="gridcell" data-column="id" className="jp-Training-faint" title={id}>
        {short(id)}
      </span>
      <span role="gridcell" data-column="type">
        {typeWord(trans, row.type)}
      </span>
      <span role="gridcell" data-column="name" title={row.experiment === null ? row.name : `${row.name} · ${row.experiment}`}>
        {row.name}
      </span>
      <span role="gridcell" data-column="worth" title={agedSaid(trans, row, isOrdered)}>
        {isOrdered ? figure(line.priority) : figure(row.weight)}
        {isOrdered && row.aged !== null && <span className="jp-Training-faint"> → {figure(row.aged)}</span>}
      </span>
      <span role="gridcell" data-column="submitted" title={exact(row.submitted)}>
        {ago(between(row.submitted, null, now) ?? 0)}
      </span>
      <span role="gridcell" data-column="slots" title={needs(trans, row)}>
        {figure(row.acquired)}/{figure(row.slots)}
        {row.gpus > 0 && <span className="jp-Training-faint"> {trans.__('%1 GPU', figure(row.gpus))}</span>}
      </span>
      <span role="gridcell" data-column="state" title={row.state === 'backfilled' ? backfilled(trans) : undefined}>
        <StateIcon phase={row.phase} />
        <span>{stateWord(trans, row)}</span>
      </span>
      <span role="gridcell" data-column="user" title={row.user}>
        {row.user}
      </span>
      <span role="gridcell" data-column="start" className={starts === null ? 'jp-Training-faint' : undefined} title={row.start_note ?? undefined}>
        {row.state === 'queued' ? (starts ?? row.start_note ?? '') : ''}
      </span>
      <span role="gridcell" data-column="why" className="jp-Training-faint" title={why}>
        {why}
      </span>
    </div>
  );
}

export const QueueLine = memo(QueueLineOf);

/** Of a job that waits why; of one that runs what is out of the usual. */
function whyOf(trans: TranslationBundle, row: QueueRow, job: Job | undefined): string {
  if (row.state === 'queued') {
    const after = job === undefined ? null : afterWords(trans, job);
    const words = row.sentence.replace(/^Waits: /, '');
    return after === null ? words : `${words} · ${after}`;
  }
  const usual: readonly Phase[] = ['starting', 'running'];
  return [
    ...(usual.includes(row.phase) ? [] : [row.sentence]),
    ...(row.state === 'backfilled' ? [backfilled(trans)] : []),
    ...(row.devices.length > 0 ? [trans.__('GPU %1', row.devices.join(', '))] : [])
  ].join(' · ');
}

function stateWord(trans: TranslationBundle, row: QueueRow): string {
  return row.state === 'backfilled' ? trans.__('%1, backfilled', phaseWord(trans, row.phase)) : phaseWord(trans, row.phase);
}

function backfilled(trans: TranslationBundle): string {
  return trans.__('It goes before one that waits, because it can be pre-empted');
}

function agedSaid(trans: TranslationBundle, row: QueueRow, isOrdered: boolean): string | undefined {
  return isOrdered && row.aged !== null
    ? trans.__('Priority %1; it has waited so long that it starts as one of priority %2', row.priority, row.aged)
    : undefined;
}

function needs(trans: TranslationBundle, row: QueueRow): string {
  const words = trans.__('It holds %1 of %2 slots', figure(row.acquired), figure(row.slots));
  return row.devices.length > 0 ? `${words}; GPU ${row.devices.join(', ')}` : words;
}

function typeWord(trans: TranslationBundle, type: QueueRow['type']): string {
  switch (type) {
    case 'job':
      return trans.__('job');
    case 'trial':
      return trans.__('trial');
    case 'driver':
      return trans.__('search');
  }
}
