/** One search in full: how it stands, its curves and trials, and what it was asked to look for. */
import { useEffect, useId, useState } from 'react';
import type { Experiment } from '../../api/experiments';
import { troubleFrom } from '../../api/http';
import { SearchHead } from '../../parts/SearchHead';
import { useRoom, useTrainings } from '../../parts/room';
import { Tabs, useTab } from '../../parts/Tabs';
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
  const words: Readonly<Record<Tab, string>> = { overview: trans.__('Overview'), configuration: trans.__('Configuration') };
  return (
    <div className="jp-Training-whole" data-phase={search.phase}>
      {state.link.kind === 'lost' && <LinkNotice state={state} />}
      <div className="jp-Training-detailHead">
        <SearchHead search={search} seen />
      </div>
      <Tabs base={base} label={trans.__('Views of the search')} tabs={TABS} word={one => words[one]} chosen={tab} choose={next => (host.tab = next)} />
      <div className="jp-Training-tabPanel" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${tab}`} data-tab={tab} tabIndex={0}>
        {tab === 'overview' ? <Overview search={search} /> : <Configuration search={search} />}
      </div>
    </div>
  );
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
