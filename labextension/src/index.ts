/**
 * The plugins. What runs at start is this file, the commands' names and a few empty widgets; views, the
 * session and charts are loaded when somebody first looks at them.
 */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addCommands } from './commands';
import { addDetail } from './commands/detail';
import { doorsOf } from './commands/doors';
import { addQueue } from './commands/queue';
import { addSearch } from './commands/search';
import type { Session } from './model/session';
import { SidebarHost } from './panels/sidebar/host';
import { addPresence } from './presence';
import { JobOutput, SearchOutput } from './renderers/job/host';
import { DETAIL_ID, DOMAIN, ITrainings, JOB_MIME, PLUGIN_ID, PRESENCE_ID, SEARCH_MIME, SIDEBAR_ID } from './tokens';

const trainings: JupyterFrontEndPlugin<ITrainings> = {
  id: PLUGIN_ID,
  description: 'Trainings: the sidebar, the live card of a job, and their commands.',
  autoStart: true,
  provides: ITrainings,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, ISettingRegistry, INotebookTracker, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    notebooks: INotebookTracker | null,
    memory: IStateDB | null
  ): ITrainings => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { session, known, whenLoaded } = once(async () => {
      const { Session } = await import('./model/session');
      return new Session(app.serviceManager.serverSettings);
    });

    for (const [mime, Output] of [
      [JOB_MIME, JobOutput],
      [SEARCH_MIME, SearchOutput]
    ] as const) {
      rendermime.addFactory({
        safe: true, // draws text and our own elements; saved HTML goes through the sanitizer
        mimeTypes: [mime],
        defaultRank: 10, // before text/html
        createRenderer: options => new Output(session, trans, options.sanitizer, doorsOf(app.commands))
      });
    }

    const sidebar = new SidebarHost(app, session, trans, notebooks, memory);
    addCommands(app, sidebar, session, known, trans, notebooks, palette);
    void place(app, sidebar, settings).then(() => restorer?.add(sidebar, SIDEBAR_ID));
    return { session, known, whenLoaded, trans };
  }
};

const presence: JupyterFrontEndPlugin<void> = {
  id: PRESENCE_ID,
  description: 'Trainings in the status bar, the running panel and the launcher; says when one ends.',
  autoStart: true,
  requires: [ITrainings],
  optional: [ISettingRegistry, IStatusBar, IRunningSessionManagers, ILauncher],
  activate: addPresence
};

const details: JupyterFrontEndPlugin<void> = {
  id: DETAIL_ID,
  description: 'Trainings and their queue in the main area, and the form that trains with a script of the file browser.',
  autoStart: true,
  requires: [ITrainings],
  optional: [ICommandPalette, ILayoutRestorer, IEditorServices, IFileBrowserFactory],
  activate: (
    app: JupyterFrontEnd,
    trainings: ITrainings,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    editors: IEditorServices | null,
    files: IFileBrowserFactory | null
  ): void => {
    addDetail(app, trainings.session, trainings.trans, { palette, restorer, editors, files });
    addQueue(app, trainings.session, trainings.trans, { palette, restorer });
    addSearch(app, trainings.session, trainings.trans, { palette, restorer, known: trainings.known });
  }
};

/** Put the sidebar where the settings want it, and move it when they change. */
async function place(app: JupyterFrontEnd, sidebar: SidebarHost, registry: ISettingRegistry | null): Promise<void> {
  app.shell.add(sidebar, 'left', { rank: 300, type: 'Training' });
  const settings = await registry?.load(PLUGIN_ID).catch(() => null);
  const move = (): void => {
    const wanted = settings?.get('side').composite === 'right' ? 'right' : 'left';
    if (wanted !== side) {
      side = wanted;
      app.shell.add(sidebar, wanted, { rank: 300, type: 'Training' });
    }
  };
  let side = 'left';
  move();
  settings?.changed.connect(move);
}

/** The same answer for every caller; after a failure the next caller tries again. */
function once(make: () => Promise<Session>): Pick<ITrainings, 'session' | 'whenLoaded'> & { readonly known: () => Session | null } {
  let made: Promise<Session> | null = null;
  let loaded: Session | null = null;
  const waiting: ((session: Session) => void)[] = [];
  const session = (): Promise<Session> =>
    (made ??= make().then(
      found => {
        loaded = found;
        waiting.splice(0).forEach(then => then(found));
        return found;
      },
      (reason: unknown) => {
        made = null;
        throw reason;
      }
    ));
  const whenLoaded = (then: (session: Session) => void): void => {
    if (loaded !== null) {
      then(loaded);
    } else {
      waiting.push(then);
    }
  };
  return { session, known: () => loaded, whenLoaded };
}

export default [trainings, presence, details];
