/**
 * The plugin. What runs at start is this file, the commands' names and two empty widgets; views, the
 * session and charts are loaded when somebody first looks at them.
 */
import { ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addCommands } from './commands';
import type { Session } from './model/session';
import { SidebarHost } from './panels/sidebar/host';
import { JobOutput } from './renderers/job/host';
import { CommandIds, DOMAIN, JOB_MIME, PLUGIN_ID, SIDEBAR_ID } from './tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Trainings: the sidebar, the live card of a job, and their commands.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null
  ): void => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const session = once(async () => {
      const { Session } = await import('./model/session');
      return new Session(app.serviceManager.serverSettings);
    });

    rendermime.addFactory({
      safe: true, // draws text and our own elements; saved HTML goes through the sanitizer
      mimeTypes: [JOB_MIME],
      defaultRank: 10, // before text/html
      createRenderer: options => new JobOutput(session, trans, options.sanitizer)
    });

    addCommands(app, session, trans);
    for (const command of Object.values(CommandIds)) {
      palette?.addItem({ command, category: trans.__('Training') });
    }

    const sidebar = new SidebarHost(session, trans);
    void place(app, sidebar, settings).then(() => restorer?.add(sidebar, SIDEBAR_ID));
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
function once(make: () => Promise<Session>): () => Promise<Session> {
  let made: Promise<Session> | null = null;
  return () =>
    (made ??= make().catch((reason: unknown) => {
      made = null;
      throw reason;
    }));
}

export default plugin;
