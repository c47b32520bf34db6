/** One job in full: its head, and a tab for each side of it. */
import { Suspense, lazy, useEffect, useId, useState } from 'react';
import type { Job } from '../../api/jobs';
import { Trouble } from '../../api/http';
import { useRoom, useTrainings } from '../../parts/room';
import { Tabs, useTab } from '../../parts/Tabs';
import { LinkNotice } from '../sidebar/Link';
import { Head } from './Head';
import type { DetailHost } from './host';
import { TABS, tabWord } from './tabs';
import type { Tab } from './tabs';

const Overview = lazy(async () => ({ default: (await import('./Overview')).Overview }));
const Log = lazy(async () => ({ default: (await import('../log/Log')).Log }));
const Parameters = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Parameters')).Parameters }));
const Attempts = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Attempts')).Attempts }));
const Checkpoints = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Checkpoints')).Checkpoints }));
const Artifacts = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Artifacts')).Artifacts }));
const Environment = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Environment')).Environment }));
const Record = lazy(async () => ({ default: (await import(/* webpackChunkName: "tabs" */ './Record')).Record }));

const VIEWS: { readonly [tab in Tab]: (props: { job: Job }) => JSX.Element } = {
  overview: ({ job }) => <Overview job={job} />,
  log: ({ job }) => <Log job={job} />,
  parameters: ({ job }) => <Parameters job={job} />,
  attempts: ({ job }) => <Attempts job={job} />,
  checkpoints: ({ job }) => <Checkpoints job={job} />,
  artifacts: ({ job }) => <Artifacts job={job} />,
  environment: ({ job }) => <Environment job={job} />,
  record: ({ job }) => <Record job={job} />
};

export function Detail({ host }: { host: DetailHost }): JSX.Element {
  const { trans } = useRoom();
  const state = useTrainings();
  const trouble = useWhole(host.job);
  const tab = useTab(host);
  const job = state.jobs.get(host.job);
  const base = useId();
  const name = job?.name;
  useEffect(() => {
    if (name !== undefined) {
      host.named(name);
    }
  }, [host, name]);
  const here = job !== undefined;
  useEffect(() => {
    if (here && document.activeElement === host.node) {
      host.activate(); // it was activated before there was a tab to go to
    }
  }, [host, here]);
  if (!job) {
    return <Absent id={host.job} trouble={trouble} />;
  }
  const View = VIEWS[tab];
  return (
    <div className="jp-Training-whole" data-phase={job.phase}>
      {state.link.kind === 'lost' && <LinkNotice state={state} />}
      <Head job={job} />
      <Tabs base={base} label={trans.__('Views of the training')} tabs={TABS} word={one => tabWord(trans, one)} chosen={tab} choose={next => (host.tab = next)} />
      <div
        className="jp-Training-tabPanel"
        role="tabpanel"
        id={`${base}-panel`}
        aria-labelledby={`${base}-${tab}`}
        data-tab={tab}
        tabIndex={tab === 'log' ? -1 : 0}
      >
        <Suspense fallback={null}>
          <View job={job} />
        </Suspense>
      </div>
    </div>
  );
}

function Absent({ id, trouble }: { id: string; trouble: Trouble | null }): JSX.Element | null {
  const { trans } = useRoom();
  const state = useTrainings();
  const why = state.missing.has(id) ? trans.__('The store has no training %1; it may have been deleted.', id) : trouble?.message;
  return state.link.kind === 'lost' ? (
    <LinkNotice state={state} />
  ) : why === undefined ? null : (
    <p className="jp-Training-notice" role="status">
      {why}
    </p>
  );
}

/** Asks for what lists leave out, once the stream is there, and again when a snapshot has dropped the job. */
function useWhole(id: string): Trouble | null {
  const { session } = useRoom();
  const state = useTrainings();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const wanted = state.known && state.link.kind === 'live' && !state.jobs.get(id)?.spec && !state.missing.has(id);
  useEffect(() => {
    if (wanted) {
      setTrouble(null);
      session
        .load(id)
        .catch((reason: unknown) => setTrouble(reason instanceof Trouble ? reason : new Trouble(String(reason))));
    }
  }, [wanted, id, session]);
  return trouble;
}
