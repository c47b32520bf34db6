/**
 * Looks at the session and says what a person should know who looks elsewhere. Holds the stream open
 * while something is unfinished and the status bar or the notifications would say so, and lets it go
 * with the last of them. The lazy half of the presence.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { Session } from '../model/session';
import { searches, sections } from '../model/select';
import type { Sections } from '../model/select';
import type { State } from '../model/state';
import { Ends } from './ends';
import type { RunningTrainings } from './running';
import type { StatusItem } from './status';

/** A page that begins with notes of unfinished jobs looks this long before it believes that there are none. */
const FIRST_LOOK_MS = 10_000;

interface Around {
  readonly app: Pick<JupyterFrontEnd, 'commands'>;
  readonly session: Session;
  readonly trans: TranslationBundle;
  readonly settings: ISettingRegistry.ISettings | null;
  readonly status: StatusItem;
  readonly running: RunningTrainings;
  readonly hasBar: boolean;
  /** Remember over a reload whether there is something to wait for. */
  readonly note: (unfinished: boolean) => void;
}

export function attend(around: Around): IDisposable {
  const { session, settings, status, running } = around;
  const ends = new Ends(around.app.commands, session, around.trans, () => chosen(settings));
  let lists: Sections | undefined;
  let watching: IDisposable | null = null;
  let noted: boolean | null = null;

  // The first picture may come by a view that opens now, or by nobody: then it is asked for here.
  const first = session.watch();
  const look = (): void => {
    const { state } = session;
    if (!state.known) {
      return;
    }
    first.dispose();
    lists = sections(state, lists);
    const waiting = counted(state, 'queued', lists.queued.filter(job => job.state === 'queued').length);
    const searching = searches(state).running;
    const active = counted(state, 'running', lists.running.length) + searching.length;
    const bar = around.hasBar && settings?.get('statusBar').composite !== false;
    status.tell(bar ? active : 0, bar ? waiting : 0);
    running.tell(lists.running, searching);
    ends.look(state);
    const unfinished = active + waiting > 0;
    if (unfinished !== noted) {
      noted = unfinished;
      around.note(unfinished);
    }
    hold(unfinished && (bar || chosen(settings) !== 'none'));
  };
  const hold = (wanted: boolean): void => {
    if (wanted && watching === null) {
      watching = session.watch();
    } else if (!wanted && watching !== null) {
      watching.dispose();
      watching = null;
    }
  };

  const enough = window.setTimeout(() => first.dispose(), FIRST_LOOK_MS);
  const leave = session.subscribe(look);
  settings?.changed.connect(look);
  look();
  return new DisposableDelegate(() => {
    window.clearTimeout(enough);
    first.dispose();
    leave();
    settings?.changed.disconnect(look);
    hold(false);
  });
}

export type Wanted = 'all' | 'failures' | 'none';

function chosen(settings: ISettingRegistry.ISettings | null): Wanted {
  const wanted = settings?.get('notifications').composite;
  return wanted === 'none' || wanted === 'failures' ? wanted : 'all';
}

function counted(state: State, name: string, known: number): number {
  return state.counts === null || Object.keys(state.counts).length === 0 ? known : (state.counts[name] ?? 0);
}

