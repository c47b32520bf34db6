/** The trials of a search as a grid of which only what is in sight is in the page. Its heads sort it, by mouse and by key. */
import { useEffect, useMemo, useRef } from 'react';
import type { Dispatch, KeyboardEvent, SetStateAction } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Experiment } from '../../api/experiments';
import type { Highlight } from '../../model/searching';
import { every, extended, toggled } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { useNow, useRoom } from '../../parts/room';
import { arrow } from '../../parts/searchWords';
import { HEAD, pressed, useRows } from '../../parts/useRows';
import type { Trials as Found } from '../../parts/useTrials';
import { useDoors } from '../../renderers/job/doors';
import { CommandIds } from '../../tokens';
import { menuAt } from '../sidebar/rowMenu';
import { TrialLine } from './TrialLine';

export interface Column {
  readonly key: string;
  readonly word: string;
  /** In pixels, at least. */
  readonly width: number;
  /** What the server sorts by; null: by this it can't. */
  readonly sort: string | null;
  readonly kind: 'number' | 'state' | 'value' | 'metric' | 'at' | 'axis' | 'time';
}

interface Props {
  readonly search: Experiment;
  readonly found: Found;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly selection: Selection;
  readonly onSelect: Dispatch<SetStateAction<Selection>>;
  readonly marked: readonly Highlight[];
}

export function Trials({ search, found, sort, onSort, selection, onSelect, marked }: Props): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const { rows: trials, total, reader } = found;
  const now = useNow(1000);
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => trials.map(row => row.job), [trials]);
  const rows = useRows({ ids, scroller, selection, onSelect });
  useEffect(() => reader.reach(rows.last), [reader, rows.last, trials.length]);
  const axes = search.space.map(one => one.name).join('\n');
  const columns = useMemo(() => columnsOf(trans, search), [trans, axes, search.metrics.join('\n')]);
  const grid = columns.map(({ width, kind }) => (kind === 'axis' ? `minmax(${width}px, 136px)` : `${width}px`)).join(' ');
  const wide = columns.reduce((sum, { width }) => sum + width + 12, 24);
  const open = (job: string): void => {
    if (doors.hasCommand(CommandIds.detail)) {
      void doors.execute(CommandIds.detail, { job });
    }
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const id = (event.target as HTMLElement).dataset.key;
    const place = rows.places.get(id ?? '');
    if (id === undefined || place === undefined) {
      return;
    }
    const done = pressed(event, {
      go: (to, reach) => (to < 0 && !reach ? focusHead(scroller.current) : rows.go(to, reach)),
      place,
      page: rows.page,
      count: ids.length,
      open: () => open(id),
      toggle: () => onSelect(event.shiftKey ? extended(selection, id, ids) : toggled(selection, id)),
      all: () => onSelect(every(selection, ids)),
      remove: () => void doors.execute(CommandIds.stop, { job: id }),
      leave: () => onSelect({ chosen: new Set(), anchor: null, at: id }),
      menu: () => menuAt(event.target as HTMLElement)
    });
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <div
      ref={scroller}
      className="jp-Training-lists jp-Training-queueTable jp-Training-trials"
      role="grid"
      aria-label={trans.__('Trials of %1', search.name)}
      aria-multiselectable="true"
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      onKeyDown={onKeyDown}
      {...rows.holds}
    >
      <Heads columns={columns} grid={grid} wide={wide} sort={sort} isMax={search.modes[0] === 'max'} onSort={onSort} onDown={() => rows.go(0, false)} />
      <div role="presentation" className="jp-Training-canvas" style={{ height: rows.height, minWidth: wide }}>
        {rows.drawn.map(({ index, start, key }) => {
          const trial = trials[index];
          return trial === undefined ? null : (
            <TrialLine
              key={key}
              trial={trial}
              search={search}
              columns={columns}
              grid={grid}
              place={index}
              start={start - HEAD}
              now={trial.ended === null ? now : 0}
              isBest={trial.number === search.best?.trial}
              colour={marked.find(one => one.trial === trial.number)?.colour ?? null}
              isChosen={selection.chosen.has(trial.job)}
              tabStop={rows.at === trial.job}
              onPick={rows.onPick}
              onFocus={rows.onFocus}
              onOpen={open}
            />
          );
        })}
      </div>
    </div>
  );
}

interface HeadsProps {
  readonly columns: readonly Column[];
  readonly grid: string;
  readonly wide: number;
  readonly sort: string;
  /** Whether the best value, which comes first, is the largest. */
  readonly isMax: boolean;
  readonly onSort: (sort: string) => void;
  readonly onDown: () => void;
}

/** What is over the columns: one of them takes the Tab, the arrows lead to the others and down to the rows. */
function Heads({ columns, grid, wide, sort, isMax, onSort, onDown }: HeadsProps): JSX.Element {
  const { trans } = useRoom();
  const by = sort.replace(/^-/, '');
  const sorted = columns.some(one => one.sort === by) ? by : 'number';
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('button')];
    const at = all.indexOf(event.target as HTMLElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'ArrowDown') {
      onDown();
    } else if (to === undefined) {
      return;
    } else {
      all[Math.min(Math.max(to, 0), all.length - 1)]?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div role="row" aria-rowindex={1} className="jp-Training-queueRow jp-Training-queueTitles" style={{ gridTemplateColumns: grid, minWidth: wide }} onKeyDown={onKeyDown}>
      {columns.map(({ key, word, sort: own, kind }) => {
        const falls = sort.startsWith('-') !== (own === 'value' && isMax);
        const way = own === null || own !== sorted ? 'none' : falls ? 'descending' : 'ascending';
        return (
          <span key={key} role="columnheader" data-column={kind} aria-sort={own === null ? undefined : way} title={word}>
            {own === null ? (
              word
            ) : (
              <button
                type="button"
                tabIndex={own === sorted ? 0 : -1}
                title={trans.__('Sort by %1', word)}
                onClick={() => onSort(sort === own ? `-${own}` : own)}
              >
                {word}
                {way !== 'none' && <span aria-hidden="true">{way === 'ascending' ? ' ▴' : ' ▾'}</span>}
              </button>
            )}
          </span>
        );
      })}
    </div>
  );
}

function focusHead(grid: HTMLElement | null): void {
  grid?.querySelector<HTMLElement>('[role=columnheader] button[tabindex="0"]')?.focus();
}

/** Room for a name of usual length, with the arrows beside it. */
function widthOf(name: string): number {
  return Math.min(200, Math.max(88, 8 * name.length + 36));
}

function columnsOf(trans: TranslationBundle, search: Experiment): readonly Column[] {
  return [
    { key: 'number', word: '#', width: 56, sort: 'number', kind: 'number' },
    { key: 'state', word: trans.__('State'), width: 116, sort: 'state', kind: 'state' },
    ...search.metrics.map((name, place): Column =>
      place === 0
        ? { key: 'value', word: `${name} ${arrow(search)}`, width: widthOf(name), sort: 'value', kind: 'value' }
        : { key: `metric ${name}`, word: `${name} ${arrow(search, place)}`, width: widthOf(name), sort: null, kind: 'metric' }
    ),
    { key: 'at', word: trans.__('at'), width: 56, sort: null, kind: 'at' },
    ...search.space.map(({ name }): Column => ({ key: `axis ${name}`, word: name, width: 88, sort: name, kind: 'axis' })),
    { key: 'time', word: trans.__('Lasted'), width: 72, sort: null, kind: 'time' }
  ];
}
