/** What can be done from the command palette and the menus. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Session } from '../model/session';
import { trainingIcon } from '../icons';
import { CommandIds, SIDEBAR_ID } from '../tokens';

export function addCommands(app: JupyterFrontEnd, session: () => Promise<Session>, trans: TranslationBundle): void {
  app.commands.addCommand(CommandIds.open, {
    label: trans.__('Show Trainings'),
    caption: trans.__('Show what trains, what waits and what has ended'),
    icon: trainingIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => app.shell.activateById(SIDEBAR_ID)
  });
  app.commands.addCommand(CommandIds.refresh, {
    label: trans.__('Refresh Trainings'),
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => (await session()).refresh()
  });
  app.commands.addCommand(CommandIds.cancel, {
    label: trans.__('Stop a Training…'),
    caption: trans.__('Ask a job to stop; it may save a checkpoint first'),
    describedBy: {
      args: {
        type: 'object',
        properties: { job: { type: 'string', description: trans.__('Id of the job; without it, you choose one') } }
      }
    },
    execute: async args => {
      const { stopOne } = await import('./stop');
      await stopOne(await session(), trans, typeof args.job === 'string' ? args.job : null);
    }
  });
}
