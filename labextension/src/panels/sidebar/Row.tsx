/** A job in one line of 24 px; selected alone, it says more below. */
import { memo, useEffect, useRef } from 'react';
import type { ForwardedRef, MouseEvent, ReactNode } from 'react';
import { forwardRef } from 'react';
import { Sparkline } from '../../charts/Sparkline';
import type { ExperimentVerb } from '../../api/experiments';
import type { Job, Phase, Verb } from '../../api/jobs';
import { isEnded, isWaiting, leading } from '../../model/select';
import type { Change } from '../../model/namesakes';
import type { Trail } from '../../model/state';
import { ago, between, exact, figure, spanRange, value, wholeSpan } from '../../model/wording';
import { useRoom } from '../../parts/room';
import { StateIcon } from '../../parts/StateIcon';
import { Grip } from '../../parts/useDrag';
import type { Drag } from '../../parts/useDrag';
import { phaseWord, startSaid, startWords } from '../../parts/words';

export interface RowProps {
  readonly job: Job;
  readonly place: number | null;
  /** By which it is dragged; null where it has no place to be dragged to. */
  readonly onGrip: Drag['onGrip'] | null;
  /** Classes while something is dragged. */
  readonly mark: string;
  /** Why it can't be dragged. */
  readonly noOrder: string | undefined;
  /** What differs from the run of its name before it. */
  readonly changes: readonly Change[];
  readonly trail: Trail | undefined;
  /** What it was asked, while there is no answer: that is shown at once. */
  readonly asked: Verb | ExperimentVerb | undefined;
  readonly now: number;
  readonly index: number;
  readonly start: number;
  readonly selected: boolean;
  /** Whether Tab stops here: one row of the whole panel. */
  readonly tabStop: boolean;
  readonly onPick: (id: string, event: MouseEvent) => void;
  readonly onFocus: (key: string) => void;
  readonly onOpen: (id: string) => void;
  readonly children?: ReactNode;
}

function RowOf(props: RowProps, ref: ForwardedRef<HTMLDivElement>): JSX.Element {
  const { job, place, onGrip, mark, noOrder, changes, trail, asked, now, index, start, selected, tabStop, onPick, onFocus, onOpen, children } = props;
  const { trans } = useRoom();
  const time = useTime(job, now);
  useSeed(job);
  const lead = leading(job);
  const repeated = changes.length > 0;
  const phase = (asked && ON_ITS_WAY[asked]) ?? job.phase;
  const said = isWaiting(job) || job.phase === 'failed' || !lead;
  return (
    <div
      ref={ref}
      role="row"
      className={`jp-Training-item${children ? ' jp-mod-open' : ''}${asked ? ' jp-mod-asked' : ''}${mark}`}
      style={{ transform: `translateY(${start}px)` }}
      data-index={index}
      data-key={job.id}
      data-job={job.id}
      aria-rowindex={index + 1}
      aria-level={2}
      aria-selected={selected}
      aria-busy={asked !== undefined}
      tabIndex={tabStop ? 0 : -1}
      onFocus={event => event.target === event.currentTarget && onFocus(job.id)}
    >
      <div
        role="none"
        className={`jp-Training-row${said ? ' jp-mod-said' : isEnded(job) ? ' jp-mod-ended' : ''}${repeated ? ' jp-mod-repeated' : ''}`}
        data-phase={phase}
        onClick={event => onPick(job.id, event)}
        onDoubleClick={() => onOpen(job.id)}
      >
        <span role="gridcell" className="jp-Training-cell" title={noOrder}>
          {onGrip !== null && <Grip id={job.id} onGrip={onGrip} />}
          {place !== null && (
            <span className="jp-Training-place" title={trans._n('%1 stands before it', '%1 stand before it', place)}>
              {place}
            </span>
          )}
          <StateIcon phase={phase} />
          <span className="jp-Training-unseen">{phaseWord(trans, phase)}</span>
        </span>
        <span role="gridcell" className="jp-Training-name" title={`${job.name} · ${job.id}`}>
          {repeated ? <span>{job.name}</span> : job.name}
          {repeated && <Differs name={job.name} changes={changes} />}
          {job.archived && <span className="jp-Training-faint"> {trans.__('archived')}</span>}
        </span>
        {said ? (
          <span role="gridcell" className="jp-Training-said" title={job.sentence}>
            {reason(job)}
          </span>
        ) : (
          <>
            <span role="gridcell" className="jp-Training-figure" title={lead.name}>
              {figure(lead.metric.last)}
            </span>
            {!isEnded(job) && (
              <span role="gridcell" className="jp-Training-sparkCell">
                {trail && <Sparkline values={trail.values} label={trans.__('Course of %1', trail.metric)} />}
              </span>
            )}
          </>
        )}
        <span role="gridcell" className="jp-Training-time" title={time.title}>
          {time.words}
        </span>
      </div>
      {children}
    </div>
  );
}

/** How a job looks that was just asked, until the server says how it stands. */
export const ON_ITS_WAY: Partial<Record<Verb | ExperimentVerb, Phase>> = { cancel: 'stopping', kill: 'stopping', pause: 'pausing' };

export const Row = memo(forwardRef(RowOf));

/** What tells it from the run of its name before it, behind the name. */
function Differs({ name, changes }: { name: string; changes: readonly Change[] }): JSX.Element {
  const { trans } = useRoom();
  const words = changes.map(one => (one.now === undefined ? trans.__('no %1', one.name) : `${one.name}=${value(one.now)}`));
  const whole = changes.map(one =>
    one.before === undefined
      ? trans.__('%1 = %2, not given before', one.name, JSON.stringify(one.now))
      : one.now === undefined
        ? trans.__('%1 not given, before %2', one.name, JSON.stringify(one.before))
        : trans.__('%1 = %2, before %3', one.name, JSON.stringify(one.now), JSON.stringify(one.before))
  );
  return (
    <>
      {' '}
      <span className="jp-Training-differs" title={[trans.__('Other than the run of %1 before it:', name), ...whole].join('\n')}>
        {words.join(', ')}
      </span>
    </>
  );
}

/** What stands where a number would: why it waits or has failed, as short as the sentence has it. */
function reason(job: Job): string {
  if (job.phase === 'failed') {
    return job.sentence.replace(/^Failed:? */, '');
  }
  return isWaiting(job) ? job.sentence.replace(/^Waits: /, '') : '';
}

/** What is left of it where that is known, else how long it waits or runs; how long ago it ended. Each has its word. */
function useTime(job: Job, now: number): { words: string; title: string } {
  const { trans } = useRoom();
  if (job.ended !== null) {
    return { words: trans.__('%1 ago', ago(between(job.ended, null, now) ?? 0)), title: trans.__('Ended %1', exact(job.ended)) };
  }
  const starts = job.state === 'queued' ? startWords(trans, job.start) : null;
  if (starts !== null) {
    return { words: starts, title: trans.__('Starts in %1; submitted %2', starts, exact(job.submitted)) };
  }
  if (job.started === null || isWaiting(job)) {
    return { words: since(job.submitted, now), title: [trans.__('Submitted %1', exact(job.submitted)), ...(job.state === 'queued' ? [startSaid(trans, job) ?? ''] : [])].filter(Boolean).join('; ') };
  }
  const runs = trans.__('runs for %1, since %2', since(job.started, now), exact(job.started));
  return job.eta && job.phase === 'running'
    ? { words: trans.__('%1 left', spanRange(0, job.eta.high)), title: trans.__('%1 left; %2', spanRange(job.eta.low, job.eta.high), runs) }
    : { words: since(job.started, now), title: runs };
}

function since(instant: string, now: number): string {
  return wholeSpan(between(instant, null, now) ?? 0);
}

/** Fetches the past of a running job's sparkline once, while it is in sight. */
function useSeed(job: Job): void {
  const { session } = useRoom();
  const lead = leading(job);
  const wanted = lead !== null && !isEnded(job) && lead.metric.count > 1 ? lead.name : null;
  const asked = useRef<string | null>(null);
  useEffect(() => {
    if (wanted === null || asked.current === wanted || (session.state.trails.get(job.id)?.values.length ?? 0) > 2) {
      return;
    }
    asked.current = wanted;
    session.seed(job.id, wanted).catch(() => {
      asked.current = null; // tried again when the row is drawn anew
    });
  }, [job.id, session, wanted]);
}
