/** A training in the main area, on the tab that is asked for; and the form that trains with a script. Light: loads at start. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { TranslationBundle } from '@jupyterlab/translation';
import { trainingIcon } from '../icons';
import type { Session } from '../model/session';
import type { DetailHost } from '../panels/detail/host';
import type { Tab } from '../panels/detail/tabs';
import { CommandIds, NAME } from '../tokens';
import { doorsOf } from './doors';

/** What this page may lack. */
export interface Around {
  readonly palette: ICommandPalette | null;
  readonly restorer: ILayoutRestorer | null;
  readonly editors: IEditorServices | null;
  readonly files: IFileBrowserFactory | null;
}

const TRAIN_FILE = `${NAME}:train-file`;

const JOB = { type: 'string', description: 'Id of the job; without it, you choose one' } as const;

export function addDetail(
  app: JupyterFrontEnd,
  session: () => Promise<Session>,
  trans: TranslationBundle,
  { palette, restorer, editors, files }: Around
): void {
  const { commands, shell } = app;
  const tracker = new WidgetTracker<DetailHost>({ namespace: `${NAME}-detail` });
  const doors = doorsOf(commands);

  const open = async (job: string, tab: unknown, attempt: unknown = null): Promise<DetailHost> => {
    const [{ DetailHost }, { isTab }] = await Promise.all([import('../panels/detail/host'), import('../panels/detail/tabs')]);
    let widget = tracker.find(one => one.job === job);
    if (widget === undefined) {
      widget = new DetailHost({ job, session, trans, doors, editors });
      widget.tabChanged.connect(one => void tracker.save(one));
      await tracker.add(widget);
    }
    if (typeof attempt === 'number') {
      widget.recall('attempt', attempt);
    }
    if (isTab(tab)) {
      widget.tab = tab;
    }
    if (!widget.isAttached) {
      shell.add(widget, 'main', { type: 'Training' });
    }
    // Notebook 7 has one document in its main area and takes no second; it has a sidebar at the right.
    // JupyterLab, which has a mode, takes all, if later: a layout is restored before anything is added.
    if (widget.parent === null && !('mode' in shell)) {
      shell.add(widget, 'right', { type: 'Training' });
    }
    shell.activateById(widget.id);
    return widget;
  };

  const choose = async (): Promise<string | null> => {
    const { chooseAny } = await import('./choose');
    return chooseAny(await session(), trans, trans.__('Open which training?'), trans.__('Open'));
  };

  const opens = (id: string, label: string, caption: string, always: Tab | null): void => {
    commands.addCommand(id, {
      label,
      caption,
      icon: trainingIcon,
      describedBy: { args: { type: 'object', properties: { job: JOB, tab: { type: 'string' }, attempt: { type: 'number' } } } },
      execute: async args => {
        const job = typeof args.job === 'string' ? args.job : await choose();
        return job === null ? undefined : open(job, always ?? args.tab, args.attempt);
      }
    });
    palette?.addItem({ command: id, category: trans.__('Training') });
  };
  opens(CommandIds.detail, trans.__('Open a Training…'), trans.__('Show curves, log, files and all else of a training'), null);
  opens(CommandIds.log, trans.__('Open the Log of a Training…'), trans.__('Show what a training printed'), 'log');
  void restorer?.restore(tracker, {
    command: CommandIds.detail,
    args: widget => ({ job: widget.job, tab: widget.tab }),
    name: widget => widget.job
  });

  commands.addCommand(TRAIN_FILE, {
    label: trans.__('Train…'),
    caption: trans.__('Train with a Python script: a form for its parameters'),
    icon: trainingIcon,
    describedBy: {
      args: { type: 'object', properties: { path: { type: 'string', description: 'Path of the script; without it, the selected one' } } }
    },
    execute: async args => {
      const path = typeof args.path === 'string' ? args.path : chosen(files);
      const { trainFile } = await import('./trainFile');
      const made = await trainFile(await session(), app.serviceManager.kernelspecs, trans, path);
      if (made?.job) {
        await open(made.job.id, 'overview');
      } else if (made?.experiment) {
        await commands.execute(CommandIds.search, { experiment: made.experiment.id });
      }
    }
  });
  app.contextMenu.addItem({
    command: TRAIN_FILE,
    selector: '.jp-DirListing-item[data-file-type="python"]',
    rank: 3.5
  });
  palette?.addItem({ command: TRAIN_FILE, category: trans.__('Training') });
}

/** The one Python file that is selected in the file browser. */
function chosen(files: IFileBrowserFactory | null): string | null {
  const selected = [...(files?.tracker.currentWidget?.selectedItems() ?? [])];
  const [item] = selected;
  return selected.length === 1 && item?.path.endsWith('.py') ? item.path : null;
}
