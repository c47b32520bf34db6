/** The panel: filter, notices, the list, and what can be done with what is selected in it. */
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { forwardRef, useCallback, useEffect, useImperativeHandle, useMemo, useRef, useState } from 'react';
import type { ForwardedRef, KeyboardEvent } from 'react';
import { troubleFrom } from '../../api/http';
import { ordersOf } from '../../model/queue';
import { isEnded, searches as searchesOf, sections } from '../../model/select';
import type { Sections } from '../../model/select';
import { NOTHING } from '../../model/selection';
import type { Selection } from '../../model/selection';
import { useRoom, useTrainings } from '../../parts/room';
import { Skeleton } from '../../parts/Skeleton';
import { useMoves } from '../../parts/useMoves';
import { usePools } from '../../parts/usePools';
import { CommandIds } from '../../tokens';
import type { Refused } from '../../commands/moving';
import { BulkBar, useBulk } from './Bulk';
import { Empty } from './Empty';
import { Filter } from './Filter';
import type { FilterHandle } from './Filter';
import { Grid } from './Grid';
import { items, refolded } from './items';
import type { List } from './items';
import { KernelLine } from './KernelLine';
import { LinkNotice, StoreNotice } from './Link';
import type { Desk } from './mount';
import { useFound } from './useFound';


/** A page of a list that could not be had is asked for again after so long. */
const AGAIN_MS = 5000;

export interface Handle {
  filter(text: string | null): void;
  focus(): void;
}

function SidebarOf({ desk }: { desk: Desk }, ref: ForwardedRef<Handle>): JSX.Element {
  const { session, trans } = useRoom();
  const state = useTrainings();
  const panel = useRef<HTMLDivElement>(null);
  const box = useRef<FilterHandle>(null);
  const [text, setText] = useState(desk.layout.filter);
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set(desk.layout.folded));
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const bulk = useBulk();

  const before = useRef<Sections | undefined>(undefined);
  const lists = useMemo(() => (before.current = sections(state, before.current)), [state]);
  const found = useFound(text, state);
  const pools = usePools(state.turns, state.store);
  const { tell, dismiss } = bulk;
  const refuse = useCallback((refused: Refused | null) => (refused === null ? dismiss() : tell({ ...refused, bad: true })), [tell, dismiss]);
  const moves = useMoves(settled, refuse);
  const orders = useMemo(() => ordersOf(lists, moves.pending), [lists, moves.pending]);
  const shown = found?.lists ?? lists;
  const filtering = found !== null;
  const more = found?.more ?? false;
  const rows = useMemo(
    () => items({ lists: shown, searches: searchesOf(state, found?.fits), state, pools, orders, folded, found: filtering ? { more } : null }),
    [shown, text, state, pools, orders, folded, filtering, more]
  );
  const ids = useMemo(
    () => (selection.chosen.size === 0 ? [] : rows.flatMap(row => (row.kind === 'job' && selection.chosen.has(row.key) ? [row.key] : []))),
    [rows, selection.chosen]
  );

  useEffect(() => desk.choose(ids), [desk, ids]);
  useEffect(bulk.dismiss, [selection.chosen]); // what came of others is read
  const kept = useRef(false);
  useEffect(() => {
    if (kept.current) {
      desk.keep({ folded: [...folded], filter: text });
    }
    kept.current = true; // what was remembered needs no remembering
  }, [desk, folded, text]);

  const focusGrid = (): void => panel.current?.querySelector<HTMLElement>('[role=treegrid] [tabindex="0"]')?.focus();
  useImperativeHandle(ref, () => ({
    filter: wanted => {
      if (wanted !== null) {
        setText(wanted);
      }
      box.current?.focus();
    },
    focus: () => {
      if (!panel.current?.contains(document.activeElement)) {
        panel.current?.focus(); // while there is no row yet
        focusGrid();
      }
    }
  }));

  const onFold = useCallback((key: string, fold?: boolean) => {
    setFolded(held => refolded(held, key, fold));
  }, []);
  const [late, setLate] = useState<string | null>(null);
  const asking = useRef(false);
  const refused = useRef(-Infinity);
  const further = found?.further;
  const onMore = useCallback(
    (list: List) => {
      if (asking.current || Date.now() - refused.current < AGAIN_MS) {
        return;
      }
      asking.current = true;
      const asked =
        list === 'found' ? (further?.() ?? Promise.resolve()) : list === 'experiments' ? session.olderExperiments() : session.further(list);
      asked
        .then(
          () => setLate(null),
          (reason: unknown) => {
            refused.current = Date.now();
            setLate(troubleFrom(reason).message);
          }
        )
        .finally(() => {
          asking.current = false;
        });
    },
    [further, session]
  );

  const onKeyDown = (event: KeyboardEvent): void => {
    const typing = event.target instanceof HTMLInputElement;
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.current?.focus();
    }
  };

  const empty = state.known && state.jobs.size === 0 && state.experiments.size === 0 && rows.length === 0;
  return (
    <div ref={panel} className="jp-Training-sidebar" tabIndex={-1} onKeyDown={onKeyDown}>
      <div className="jp-Training-head">
        <h2>{trans.__('Training')}</h2>
        {desk.app.commands.hasCommand(CommandIds.insert) && (
          <HeadButton
            words={trans.__('Put a training cell into the notebook')}
            icon={<addIcon.react tag="span" elementSize="normal" />}
            onClick={() => void desk.app.commands.execute(CommandIds.insert)}
          />
        )}
        <HeadButton
          words={trans.__('Refresh')}
          icon={<refreshIcon.react tag="span" elementSize="normal" />}
          onClick={() => session.refresh()}
        />
      </div>
      {!empty && (
        <Filter ref={box} text={text} found={found} onChange={setText} onLeave={focusGrid} />
      )}
      <LinkNotice state={state} />
      <StoreNotice state={state} />
      <KernelLine desk={desk} />
      {late !== null && (
        <div className="jp-Training-notice" role="alert">
          {late}
        </div>
      )}
      {empty && <Empty desk={desk} />}
      {!state.known && state.link.kind !== 'lost' && <Skeleton />}
      {rows.length > 0 && (
        <Grid
          desk={desk}
          rows={rows}
          orders={orders}
          pools={pools}
          moves={moves}
          state={state}
          selection={selection}
          onSelect={setSelection}
          onFold={onFold}
          onDelete={meant => {
            const ended = meant.every(id => isEnded(session.state.jobs.get(id)));
            void bulk.ask(ended ? 'delete' : 'cancel', meant, false);
          }}
          onLeave={() => leave(desk)}
          onMore={onMore}
        />
      )}
      {found !== null && found.sure && rows.length === 0 && (
        <p className="jp-Training-none jp-Training-faint">{trans.__('No training fits the filter.')}</p>
      )}
      <BulkBar bulk={bulk} ids={ids} />
      <span className="jp-Training-unseen" role="status">
        {moves.said}
      </span>
    </div>
  );
}

/** The answer brings the jobs at their new places with it. */
function settled(): Promise<void> {
  return Promise.resolve();
}

export const Sidebar = forwardRef(SidebarOf);

function HeadButton({ words, icon, onClick }: { words: string; icon: JSX.Element; onClick: () => void }): JSX.Element {
  return (
    <button type="button" className="jp-Training-iconButton" title={words} aria-label={words} onClick={onClick}>
      {icon}
    </button>
  );
}

/** Gives the focus back to what the person works on. */
function leave({ app }: Desk): void {
  const { currentWidget } = app.shell;
  if (currentWidget) {
    app.shell.activateById(currentWidget.id);
  } else {
    (document.activeElement as HTMLElement | null)?.blur();
  }
}
