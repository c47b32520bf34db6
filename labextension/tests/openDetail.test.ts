import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addDetail } from '../src/commands/detail';
import { Session } from '../src/model/session';
import type { DetailHost } from '../src/panels/detail/host';
import { CommandIds } from '../src/tokens';
import { aServer } from './server';

let commands: CommandRegistry;
let opened: [DetailHost, string][];
const activateById = vi.fn();
const palette = { addItem: vi.fn() };
const restorer = { restore: vi.fn(() => Promise.resolve()) };

/** A page whose main area takes as many as it is told; `mode` is what JupyterLab's shell alone has. */
function anApp(room: number, shellOver: object = { mode: 'multiple-document' }): JupyterFrontEnd {
  const add = (widget: DetailHost, area: string): void => {
    if (area !== 'main' || opened.length < room) {
      opened.push([widget, area]);
      Widget.attach(widget, document.body);
    }
  };
  const shell = { add, activateById, ...shellOver };
  const contextMenu = { addItem: vi.fn() };
  return { commands, shell, contextMenu, serviceManager: { kernelspecs: {} } } as unknown as JupyterFrontEnd;
}

function added(app: JupyterFrontEnd): void {
  const server = aServer();
  const session = new Session(server.settings);
  const trans = nullTranslator.load('jupyter_training');
  const around = { palette, restorer: restorer as unknown as ILayoutRestorer, editors: null, files: null };
  addDetail(app, () => Promise.resolve(session), trans, around as unknown as Parameters<typeof addDetail>[3]);
}

const run = async (id: string, args: object): Promise<void> => {
  await act(async () => void (await commands.execute(id, args as never)));
};

beforeEach(() => {
  vi.clearAllMocks();
  commands = new CommandRegistry();
  opened = [];
});

afterEach(() => act(() => opened.forEach(([widget]) => widget.dispose())));

test('a job has one widget, which goes to the tab that is asked for', async () => {
  added(anApp(9));
  await run(CommandIds.detail, { job: 'a' });
  await run(CommandIds.log, { job: 'a' });
  await run(CommandIds.detail, { job: 'b', tab: 'record' });
  await run(CommandIds.detail, { job: 'b', tab: 'nonsense' });
  expect(opened.map(([widget, area]) => [widget.job, widget.tab, area])).toEqual([
    ['a', 'log', 'main'],
    ['b', 'record', 'main']
  ]);
  expect(activateById).toHaveBeenLastCalledWith('jupyter-training-detail-b');
});

test('one that was closed is opened anew, and what is open is restored by job and tab', async () => {
  added(anApp(9));
  await run(CommandIds.log, { job: 'a' });
  const [, wish] = restorer.restore.mock.calls[0] as unknown as [unknown, { args: (one: DetailHost) => object; name: (one: DetailHost) => string }];
  expect(wish.args(opened[0]![0])).toEqual({ job: 'a', tab: 'log' });
  expect(wish.name(opened[0]![0])).toBe('a');
  await act(async () => opened[0]![0].close());
  expect(opened[0]![0].isDisposed).toBe(true);
  await run(CommandIds.detail, { job: 'a' });
  expect(opened).toHaveLength(2);
});

test('where the main area takes no second document it goes to the right', async () => {
  added(anApp(0, {}));
  await run(CommandIds.detail, { job: 'a' });
  expect(opened.map(([, area]) => area)).toEqual(['right']);
});

test('a JupyterLab that is still restoring its layout takes it to the main area later', async () => {
  added(anApp(0));
  await run(CommandIds.detail, { job: 'a' });
  expect(opened).toEqual([]);
});

test('the commands stand in the palette', () => {
  added(anApp(9));
  const named = palette.addItem.mock.calls.map(([item]) => (item as { command: string }).command);
  expect(named).toEqual([CommandIds.detail, CommandIds.log, 'jupyter-training:train-file']);
});
