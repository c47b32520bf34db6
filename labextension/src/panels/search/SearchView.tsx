/** One search in full: how it stands, its curves and trials, and what it was asked to look for. */
import { useEffect, useId, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { Experiment } from '../../api/experiments';
import { troubleFrom } from '../../api/http';
import { SearchHead } from '../../parts/SearchHead';
import { useRoom, useTrainings } from '../../parts/room';
import { LinkNotice } from '../sidebar/Link';
import { Configuration } from './Configuration';
import type { SearchHost, Tab } from './host';
import { TABS } from './host';
import { Overview } from './Overview';

export function SearchView({ host }: { host: SearchHost }): JSX.Element | null {
  const { trans } = useRoom();
  const state = useTrainings();
  const trouble = useWhole(host.search);
  const tab = useTab(host);
  const base = useId();
  const search = state.experiments.get(host.search);
  const name = search?.name;
  useEffect(() => {
    if (name !== undefined) {
      host.named(name);
      if (document.activeElement === host.node) {
        host.activate(); // it was activated before there was a tab to go to
      }
    }
  }, [host, name]);
  if (search === undefined) {
    const why = state.missing.has(host.search) ? trans.__('The store has no search %1; it may have been deleted.', host.search) : trouble;
    return state.link.kind === 'lost' ? (
      <LinkNotice state={state} />
    ) : why === null ? null : (
      <p className="jp-Training-notice" role="status">
        {why}
      </p>
    );
  }
  return (
    <div className="jp-Training-whole" data-phase={search.phase}>
      {state.link.kind === 'lost' && <LinkNotice state={state} />}
      <div className="jp-Training-detailHead">
        <SearchHead search={search} seen />
      </div>
      <Tabs base={base} chosen={tab} choose={next => host.turnTo(next)} />
      <div className="jp-Training-tabPanel" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${tab}`} data-tab={tab} tabIndex={0}>
        {tab === 'overview' ? <Overview search={search} /> : <Configuration search={search} />}
      </div>
    </div>
  );
}

function Tabs({ base, chosen, choose }: { base: string; chosen: Tab; choose: (tab: Tab) => void }): JSX.Element {
  const { trans } = useRoom();
  const words: Readonly<Record<Tab, string>> = { overview: trans.__('Overview'), configuration: trans.__('Configuration') };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const next = { ArrowRight: 1, ArrowLeft: -1, Home: -TABS.indexOf(chosen), End: TABS.length - 1 - TABS.indexOf(chosen) }[event.key];
    const to = next === undefined ? undefined : TABS[(TABS.indexOf(chosen) + next + TABS.length) % TABS.length];
    if (to !== undefined) {
      event.preventDefault();
      choose(to);
      document.getElementById(`${base}-${to}`)?.focus();
    }
  };
  return (
    <div className="jp-Training-tabs" role="tablist" aria-label={trans.__('Views of the search')} onKeyDown={onKeyDown}>
      {TABS.map(tab => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`${base}-${tab}`}
          aria-selected={tab === chosen}
          aria-controls={tab === chosen ? `${base}-panel` : undefined}
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {words[tab]}
        </button>
      ))}
    </div>
  );
}

function useTab(host: SearchHost): Tab {
  const [tab, setTab] = useState(host.tab);
  useEffect(() => {
    const changed = (): void => setTab(host.tab);
    changed();
    host.tabChanged.connect(changed);
    return () => void host.tabChanged.disconnect(changed);
  }, [host]);
  return tab;
}

/** Asks for what lists leave out, once the stream is there, and again when a snapshot has dropped the search. */
function useWhole(id: string): string | null {
  const { session } = useRoom();
  const state = useTrainings();
  const [trouble, setTrouble] = useState<string | null>(null);
  const held: Experiment | undefined = state.experiments.get(id);
  const wanted = state.known && state.link.kind === 'live' && !held?.spec && !state.missing.has(id);
  useEffect(() => {
    if (wanted) {
      setTrouble(null);
      session.loadExperiment(id).catch((reason: unknown) => setTrouble(troubleFrom(reason).message));
    }
  }, [wanted, id, session]);
  return trouble;
}
