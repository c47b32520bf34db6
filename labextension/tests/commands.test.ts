import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { beforeEach, expect, test, vi } from 'vitest';
import { addCommands } from '../src/commands';
import { Session } from '../src/model/session';
import { SidebarHost } from '../src/panels/sidebar/host';
import { FIRST_CELL } from '../src/parts/firstCell';
import { CommandIds, SIDEBAR_ID } from '../src/tokens';
import { aJob, succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogue draws when it likes

const trans = nullTranslator.load('jupyter_training');
let server: FakeServer;
let session: Session;
let commands: CommandRegistry;
let row: HTMLElement | null;
let notebook: ReturnType<typeof aNotebook> | null;
const shell = { activateById: vi.fn() };
const palette = { addItem: vi.fn() };

/** A notebook as far as cells are put into it. */
function aNotebook(...sources: string[]) {
  const cells = sources.map(source => ({ source }));
  const sharedModel = {
    cells,
    insertCell: (index: number, cell: { source: string }) => cells.splice(index, 0, { source: cell.source }),
    deleteCell: (index: number) => cells.splice(index, 1)
  };
  return {
    id: 'nb',
    content: { activeCellIndex: 0, mode: 'command', deselectAll: () => undefined },
    model: { sharedModel },
    context: { ready: Promise.resolve() },
    get sources() {
      return cells.map(cell => cell.source);
    }
  };
}

beforeEach(() => {
  vi.clearAllMocks();
  Notification.dismiss();
  vi.spyOn(Clipboard, 'copyToSystem').mockImplementation(() => undefined);
  server = aServer();
  commands = new CommandRegistry();
  row = null;
  notebook = aNotebook('x = 1', 'y = 2');
  session = new Session(server.settings);
  const app = {
    commands,
    shell,
    contextMenuHitTest: () => row ?? undefined,
    serviceManager: { kernelspecs: { ready: Promise.resolve(), specs: { default: 'python3' } } }
  } as unknown as JupyterFrontEnd;
  const tracker = {
    get currentWidget() {
      return notebook;
    }
  } as unknown as INotebookTracker;
  const sidebar = new SidebarHost(app, () => Promise.resolve(session), trans);
  addCommands(app, sidebar, () => Promise.resolve(session), () => session, trans, tracker, palette);
});

function aRow(job: string): HTMLElement {
  const made = document.createElement('div');
  made.className = 'jp-Training-item';
  made.dataset.job = job;
  return made;
}

function hit(job: string): void {
  row = aRow(job);
}

const said = (): string[] => Notification.manager.notifications.map(one => one.message);

test('a cell is cloned below the active one', async () => {
  server.routes.set('GET jobs/a/cell', { status: 200, body: { text: '%%train a\nlr = 0.1\n' } });
  await commands.execute(CommandIds.clone, { job: 'a' });
  expect(notebook?.sources).toEqual(['x = 1', '%%train a\nlr = 0.1', 'y = 2']);
  expect(notebook?.content.activeCellIndex).toBe(1);
  expect(shell.activateById).toHaveBeenCalledWith('nb');
});

test('without a notebook a new one is made, which loads the magics first', async () => {
  const made = aNotebook('');
  notebook = null;
  commands.addCommand('notebook:create-new', {
    describedBy: { args: {} },
    execute: args => {
      expect(args).toEqual({ kernelName: 'python3' });
      return made;
    }
  });
  await commands.execute(CommandIds.insert);
  expect(made.sources).toEqual(['%load_ext jupyter_training', FIRST_CELL]);
});

test('where there are no notebooks at all, the cell goes to the clipboard', async () => {
  notebook = null;
  await commands.execute(CommandIds.insert);
  expect(Clipboard.copyToSystem).toHaveBeenCalledWith(FIRST_CELL);
  expect(said()).toEqual(['No notebook is open: the cell is in the clipboard.']);
});

test('what the server refuses is said', async () => {
  server.routes.set('GET jobs/a/cell', {
    status: 404,
    body: { type: '', title: '', status: 404, code: 'not_found', detail: 'The code is no longer kept.', hint: null, errors: [] }
  });
  await commands.execute(CommandIds.clone, { job: 'a' });
  expect(said()).toEqual(['The code is no longer kept.']);
});

test('the context menu means the row that was hit', async () => {
  hit('b');
  server.routes.set('POST verbs', { status: 200, body: { results: [{ id: 'b', ok: true, job: aJob({ id: 'b' }), problem: null }] } });
  await commands.execute(CommandIds.kill, { row: true });
  expect(server.requests.map(one => one.body)).toEqual([{ verb: 'kill', jobs: ['b'] }]);
  await commands.execute(CommandIds.copyId, { row: true });
  expect(Clipboard.copyToSystem).toHaveBeenCalledWith('b');
  expect(commands.isVisible(CommandIds.openRow)).toBe(false);
  const opened = vi.fn();
  commands.addCommand(CommandIds.detail, { describedBy: { args: {} }, execute: args => opened(args) as unknown });
  expect(commands.isVisible(CommandIds.openRow)).toBe(true);
  await commands.execute(CommandIds.openRow);
  expect(opened).toHaveBeenCalledWith({ job: 'b' });
});

test('a row offers what its job takes, and by a key the row with the focus is meant', async () => {
  const checkpoint = { step: 10, created: '2026-11-21T10:00:05Z', count: 1 };
  session.take([aJob({ id: 'a', checkpoint }), succeeded({ id: 'b' })]);
  const offered = (): string[] =>
    [CommandIds.pause, CommandIds.activate, CommandIds.continue, CommandIds.extend, CommandIds.fork, CommandIds.archive, CommandIds.delete]
      .filter(id => commands.isVisible(id, { row: true }))
      .map(id => commands.label(id, { row: true }));
  hit('a');
  expect(offered()).toEqual(['Pause', 'Continue from a Checkpoint…', 'Fork…']);
  hit('b');
  expect(offered()).toEqual(['Fork…', 'Archive', 'Delete…']);
  expect(commands.label(CommandIds.pause)).toBe('Pause a Training…');

  const focused = aRow('a');
  focused.tabIndex = 0;
  document.body.append(focused);
  focused.focus();
  expect(offered()).toEqual(['Pause', 'Continue from a Checkpoint…', 'Fork…']);
  server.routes.set('POST verbs', { status: 200, body: { results: [{ id: 'a', ok: true, job: aJob({ id: 'a' }), problem: null }] } });
  await commands.execute(CommandIds.pause, { row: true });
  expect(server.requests.map(one => one.body)).toEqual([{ verb: 'pause', jobs: ['a'] }]);
  focused.remove();
});

test('without a job the person chooses among those that may be stopped', async () => {
  server.routes.set('GET jobs', { status: 200, body: { jobs: [aJob({ id: 'abcdefghij', name: 'digits' })], next: null, counts: {} } });
  server.routes.set('POST verbs', { status: 200, body: { results: [{ id: 'abcdefghij', ok: true, job: aJob({ id: 'abcdefghij' }), problem: null }] } });
  const done = commands.execute(CommandIds.stop);
  await until(() => expect(document.querySelector('.jp-Dialog select')?.textContent).toBe('digits · abcdef · running'));
  document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')?.click();
  await done;
  expect(server.requests[1]?.body).toEqual({ verb: 'cancel', jobs: ['abcdefghij'] });
});

test('every command says what it takes, and all but those of a row are in the palette', () => {
  const ids = commands.listCommands();
  expect([...new Set(palette.addItem.mock.calls.map(([item]) => (item as { command: string }).command))].sort()).toEqual(
    ids.filter(id => id !== CommandIds.openRow && id !== CommandIds.logRow).sort()
  );
  return Promise.all(ids.map(async id => expect((await commands.describedBy(id)).args).toMatchObject({ type: 'object' })));
});

test('opening and filtering bring the panel to the front', async () => {
  await commands.execute(CommandIds.filter, { filter: 'state:failed' });
  await commands.execute(CommandIds.open);
  expect(shell.activateById.mock.calls).toEqual([[SIDEBAR_ID], [SIDEBAR_ID]]);
});
