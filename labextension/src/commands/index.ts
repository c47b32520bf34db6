/** What can be done from the command palette, the menus and the rows' context menu. What it takes is loaded when asked. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Session } from '../model/session';
import type { SidebarHost } from '../panels/sidebar/host';
import { trainingIcon } from '../icons';
import { CommandIds, SIDEBAR_ID } from '../tokens';
import { chosenAround } from '../parts/chosen';
import { addActs } from './acts';
import { addPlaces } from './queue';

const ARCHIVED = 'is:archived';

/** A training's line in the sidebar. */
const ROW = '.jp-Training-item[data-job]';

type Args = ReadonlyPartialJSONObject;

export function addCommands(
  app: JupyterFrontEnd,
  sidebar: SidebarHost,
  session: () => Promise<Session>,
  known: () => Session | null,
  trans: TranslationBundle,
  notebooks: INotebookTracker | null,
  palette: Pick<ICommandPalette, 'addItem'> | null
): void {
  const { commands, shell } = app;
  const nothing = { args: { type: 'object', properties: {} } };
  const jobs = {
    args: {
      type: 'object',
      properties: {
        job: { type: 'string', description: trans.__('Id of a job; without any, you choose one') },
        jobs: { type: 'array', items: { type: 'string' }, description: trans.__('Ids of several jobs') },
        row: { type: 'boolean', description: trans.__('Mean the row under the context menu, or with the focus') },
        checkpoint: { type: 'string', description: trans.__('Name of the checkpoint to continue from') }
      }
    }
  } as const;

  /** The jobs that a command is about; null when somebody must choose. */
  const meant = (args: Args): readonly string[] | null => {
    if (args.row === true) {
      // By a key the row with the focus is meant; while a menu is open, that has the focus.
      const focused = document.activeElement;
      const node = focused instanceof HTMLElement && focused.matches(ROW) ? focused : app.contextMenuHitTest(one => one.matches(ROW));
      const row = node?.dataset.job;
      const chosen = node === undefined ? [] : (chosenAround(node) ?? sidebar.chosen);
      return row === undefined ? null : chosen.includes(row) ? chosen : [row];
    }
    if (typeof args.job === 'string') {
      return [args.job];
    }
    return Array.isArray(args.jobs) ? args.jobs.filter((id): id is string => typeof id === 'string') : null;
  };
  const one = (args: Args): boolean => args.row !== true || (meant(args) ?? []).length === 1;
  const short = (args: Args, row: string, palette: string): string => (args.row === true || args.job !== undefined ? row : palette);

  commands.addCommand(CommandIds.open, {
    label: args => (args.launcher === true ? trans.__('Trainings') : trans.__('Show Trainings')),
    caption: trans.__('Show what trains, what waits and what has ended'),
    icon: trainingIcon,
    describedBy: nothing,
    execute: () => {
      shell.activateById(SIDEBAR_ID);
    }
  });
  commands.addCommand(CommandIds.refresh, {
    label: trans.__('Refresh Trainings'),
    describedBy: nothing,
    execute: async () => (await session()).refresh()
  });
  commands.addCommand(CommandIds.filter, {
    label: args => (args.filter === ARCHIVED ? trans.__('Show Archived Trainings') : trans.__('Filter Trainings')),
    caption: trans.__('Words of a name, or state:failed, tag:x, val_accuracy>0.9'),
    describedBy: {
      args: { type: 'object', properties: { filter: { type: 'string', description: trans.__('What to write into the box') } } }
    },
    execute: args => {
      shell.activateById(SIDEBAR_ID);
      sidebar.filter(typeof args.filter === 'string' ? args.filter : null);
    }
  });
  const acting = { app, session, known, trans, palette, meant, describedBy: jobs };
  addActs(acting);
  addPlaces(acting);
  for (const [row, command, label] of [
    [CommandIds.openRow, CommandIds.detail, trans.__('Open')],
    [CommandIds.logRow, CommandIds.log, trans.__('Log')]
  ] as const) {
    commands.addCommand(row, {
      label,
      describedBy: nothing,
      isVisible: () => commands.hasCommand(command),
      isEnabled: () => one({ row: true }),
      execute: () => commands.execute(command, { job: meant({ row: true })?.[0] })
    });
  }
  commands.addCommand(CommandIds.clone, {
    label: args => short(args, trans.__('Clone into Cell'), trans.__('Clone a Training into a Cell…')),
    caption: trans.__('Put the cell that does it again below the active cell'),
    describedBy: jobs,
    isEnabled: one,
    execute: async args => {
      const ids = meant(args);
      const { clone } = await import('./clone');
      await clone(app, await session(), trans, notebooks, ids?.[0] ?? null);
    }
  });
  commands.addCommand(CommandIds.insert, {
    label: trans.__('Insert a Training Cell'),
    caption: trans.__('Put a cell that trains below the active one'),
    describedBy: nothing,
    execute: async () => {
      const { insertFirst } = await import('./clone');
      await insertFirst(app, trans, notebooks);
    }
  });
  commands.addCommand(CommandIds.copyId, {
    label: args => short(args, trans.__('Copy Id'), trans.__('Copy the Id of a Training…')),
    describedBy: jobs,
    execute: async args => {
      const ids = meant(args);
      const { copyIds } = await import('./clone');
      await copyIds(await session(), trans, ids);
    }
  });
  palette?.addItem({ command: CommandIds.filter, args: { filter: ARCHIVED }, category: trans.__('Training') });
  for (const command of [
    CommandIds.open,
    CommandIds.refresh,
    CommandIds.filter,
    CommandIds.clone,
    CommandIds.insert,
    CommandIds.copyId
  ]) {
    palette?.addItem({ command, category: trans.__('Training') });
  }
}
