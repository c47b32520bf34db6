/** Running, Queued, Recent: every job in one line, all of it within reach of the keyboard. */
import { caretDownIcon, caretRightIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useEffect, useId, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Job } from '../../api/jobs';
import { isEnded, leading, sections } from '../../model/select';
import type { State } from '../../model/state';
import { figure } from '../../model/wording';
import { useNow, useRoom, useTrainings } from '../../parts/room';
import { Empty } from './Empty';
import { LinkNotice } from './Link';
import { Row } from './Row';

/** A list is cut after so many rows, and says so. The server's first picture of the queue is no longer either. */
const ROWS_DRAWN = 200;
/** Ended jobs in the server's first picture: with fewer there are no older ones to ask for. */
const ENDED_AT_FIRST = 50;
const SKELETON_AFTER_MS = 200;

export function Sidebar(): JSX.Element {
  const { session, trans } = useRoom();
  const state = useTrainings();
  const now = useNow(1000);
  const [open, setOpen] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const lists = sections(state);
  const rows = [...lists.running, ...lists.queued, ...lists.recent];
  const stop = rows.some(job => job.id === focused) ? focused : (rows[0]?.id ?? null);
  useSeeds(lists.running, state);

  const toggle = (id: string): void => setOpen(open === id ? null : id);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-job]');
    if (row === null || row !== event.target) {
      return;
    }
    if (moved(event.currentTarget, row, event.key)) {
      event.preventDefault();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      toggle(row.dataset.job ?? '');
    } else if (event.key === 'Escape') {
      setOpen(null);
    } else if (event.key === 'Delete') {
      setOpen(row.dataset.job ?? null);
    }
  };
  const shared = { state, now, open, stop, onToggle: toggle, onFocus: setFocused };

  return (
    <div className="jp-Training-sidebar" onKeyDown={onKeyDown}>
      <div className="jp-Training-head">
        <h2>{trans.__('Training')}</h2>
        <button
          type="button"
          className="jp-Training-iconButton"
          title={trans.__('Refresh')}
          aria-label={trans.__('Refresh')}
          onClick={() => session.refresh()}
        >
          <refreshIcon.react tag="span" elementSize="normal" />
        </button>
      </div>
      <LinkNotice state={state} now={now} />
      {state.known && rows.length === 0 && <Empty />}
      {!state.known && state.link.kind !== 'lost' && <Skeleton />}
      {rows.length > 0 && (
        <div className="jp-Training-lists">
          <Section title={trans.__('Running')} jobs={lists.running} {...shared} />
          <Section title={trans.__('Queued')} jobs={lists.queued} {...shared} />
          <Section title={trans.__('Recent')} jobs={lists.recent} {...shared} more={lists.recent.length >= ENDED_AT_FIRST ? <Older /> : undefined} />
        </div>
      )}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly jobs: readonly Job[];
  readonly state: State;
  readonly now: number;
  readonly open: string | null;
  readonly stop: string | null;
  readonly onToggle: (id: string) => void;
  readonly onFocus: (id: string) => void;
  readonly more?: JSX.Element | undefined;
}

function Section({ title, jobs, state, now, open, stop, onToggle, onFocus, more }: SectionProps): JSX.Element | null {
  const { trans } = useRoom();
  const [folded, setFolded] = useState(false);
  const heading = useId();
  if (jobs.length === 0) {
    return null;
  }
  const drawn = jobs.slice(0, ROWS_DRAWN);
  const Caret = folded ? caretRightIcon : caretDownIcon;
  return (
    <section aria-labelledby={heading}>
      <h3 className="jp-Training-heading">
        <button type="button" id={heading} aria-expanded={!folded} onClick={() => setFolded(!folded)}>
          <Caret.react tag="span" elementSize="normal" />
          <span>{title}</span>
          <span className="jp-Training-count">
            {jobs.length >= ROWS_DRAWN ? `${ROWS_DRAWN}+` : figure(jobs.length)}
          </span>
        </button>
      </h3>
      {!folded && (
        <>
          <div role="treegrid" aria-labelledby={heading}>
            {drawn.map(job => (
              <Row
                key={job.id}
                job={job}
                trail={state.trails.get(job.id)}
                now={now}
                open={open === job.id}
                tabStop={stop === job.id}
                onToggle={onToggle}
                onFocus={onFocus}
              />
            ))}
          </div>
          {jobs.length >= ROWS_DRAWN && (
            <p className="jp-Training-faint jp-Training-rest">
              {trans.__('The first %1 are listed; “jupyter training jobs” lists all.', ROWS_DRAWN)}
            </p>
          )}
          {more}
        </>
      )}
    </section>
  );
}

/** Loads older ended jobs, a page at a time, until there are no more. */
function Older(): JSX.Element | null {
  const { session, trans } = useRoom();
  const [cursor, setCursor] = useState<string | null>(null);
  const [state, setState] = useState<'ready' | 'busy' | 'end'>('ready');
  if (state === 'end') {
    return null;
  }
  const load = (): void => {
    setState('busy');
    session.older(cursor).then(
      next => {
        setCursor(next);
        setState(next === null ? 'end' : 'ready');
      },
      () => setState('ready') // the stream's notice says what is wrong
    );
  };
  return (
    <button type="button" className="jp-Training-older" disabled={state === 'busy'} onClick={load}>
      {trans.__('Show older')}
    </button>
  );
}

function Skeleton(): JSX.Element | null {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return late ? (
    <div className="jp-Training-skeleton" aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  ) : null;
}

/** Fetches the past of each running job's sparkline once. */
function useSeeds(running: readonly Job[], state: State): void {
  const { session } = useRoom();
  const asked = useRef(new Set<string>());
  useEffect(() => {
    for (const job of running.slice(0, ROWS_DRAWN)) {
      const lead = leading(job);
      const key = lead && `${job.id} ${lead.name}`;
      if (lead && key && !isEnded(job) && lead.metric.count > 1 && !asked.current.has(key)) {
        asked.current.add(key);
        session.seed(job.id, lead.name).catch(() => asked.current.delete(key));
      }
    }
  }, [running, session, state]);
}

/** Moves the focus between rows; says whether the key was one that moves. */
function moved(panel: HTMLElement, from: HTMLElement, key: string): boolean {
  const rows = [...panel.querySelectorAll<HTMLElement>('[data-job]')];
  const at = rows.indexOf(from);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
  const index = to[key];
  if (index === undefined) {
    return false;
  }
  rows[Math.min(Math.max(index, 0), rows.length - 1)]?.focus();
  return true;
}
