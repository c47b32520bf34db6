/** Clone into cell: the cell that does a job again, put where the person works. And ids for the clipboard. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { troubleFrom } from '../api/http';
import { cellText } from '../api/jobs';
import type { Session } from '../model/session';
import { FIRST_CELL, LOAD_LINE } from '../parts/firstCell';
import { chooseAny } from './choose';

/** Put the job's cell below the active one, or into a new notebook where none is open. */
export async function clone(
  app: JupyterFrontEnd,
  session: Session,
  trans: TranslationBundle,
  notebooks: INotebookTracker | null,
  id: string | null
): Promise<void> {
  try {
    const chosen = id ?? (await chooseAny(session, trans, trans.__('Clone which training?'), trans.__('Clone')));
    if (chosen === null) {
      return;
    }
    const text = await cellText(session.settings, chosen);
    await insert(app, trans, notebooks?.currentWidget ?? null, text.trimEnd());
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
  }
}

/** Put the cell that teaches where the person works. */
export async function insertFirst(app: JupyterFrontEnd, trans: TranslationBundle, notebooks: INotebookTracker | null): Promise<void> {
  await insert(app, trans, notebooks?.currentWidget ?? null, FIRST_CELL);
}

/** Put a code cell into a notebook, and the focus on it. */
async function insert(app: JupyterFrontEnd, trans: TranslationBundle, open: NotebookPanel | null, text: string): Promise<void> {
  if (open !== null) {
    put(open, open.content.activeCellIndex + 1, text);
    app.shell.activateById(open.id);
    return;
  }
  if (!app.commands.hasCommand('notebook:create-new')) {
    Clipboard.copyToSystem(text);
    Notification.info(trans.__('No notebook is open: the cell is in the clipboard.'), { autoClose: 5000 });
    return;
  }
  await app.serviceManager.kernelspecs.ready;
  const kernelName = app.serviceManager.kernelspecs.specs?.default;
  const made = (await app.commands.execute('notebook:create-new', { kernelName })) as NotebookPanel | undefined;
  if (made) {
    await made.context.ready;
    put(made, 0, LOAD_LINE);
    put(made, 1, text);
    const cells = made.model?.sharedModel;
    if (cells && cells.cells.length > 2) {
      cells.deleteCell(2); // the empty one that a new notebook begins with
    }
  }
}

function put(panel: NotebookPanel, index: number, source: string): void {
  panel.model?.sharedModel.insertCell(index, { cell_type: 'code', source });
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  panel.content.mode = 'edit';
}

export async function copyIds(session: Session, trans: TranslationBundle, ids: readonly string[] | null): Promise<void> {
  try {
    const one = ids === null ? await chooseAny(session, trans, trans.__('Copy the id of which training?'), trans.__('Copy')) : null;
    const chosen = ids ?? (one === null ? [] : [one]);
    if (chosen.length > 0) {
      Clipboard.copyToSystem(chosen.join('\n'));
    }
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
  }
}
