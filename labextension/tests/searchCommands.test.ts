import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { beforeEach, expect, test, vi } from 'vitest';
import { addSearch } from '../src/commands/search';
import { Session } from '../src/model/session';
import type { SearchHost } from '../src/panels/search/host';
import { CommandIds } from '../src/tokens';
import { anExperiment, endedExperiment, snapshot } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogues draw when they like

const ID = '7c1e2d3f4a';
const trans = nullTranslator.load('jupyter_training');
const palette = { addItem: vi.fn() };
const shell = { add: vi.fn((widget: Widget) => Widget.attach(widget, document.body)), activateById: vi.fn(), mode: 'multiple-document' };
let server: FakeServer;
let session: Session;
let commands: CommandRegistry;
let row: HTMLElement | undefined;

beforeEach(() => {
  vi.clearAllMocks();
  Notification.dismiss();
  document.body.textContent = '';
  server = aServer();
  session = new Session(server.settings);
  commands = new CommandRegistry();
  row = undefined;
  const app = { commands, shell, contextMenuHitTest: () => row } as unknown as JupyterFrontEnd;
  addSearch(app, () => Promise.resolve(session), trans, { palette, restorer: null, known: () => session });
});

async function knows(search = anExperiment()): Promise<void> {
  session.watch();
  server.sockets[0]!.say(snapshot(1, [], undefined, [search]));
  await until(() => expect(session.state.experiments.size).toBe(1));
}

const sent = (): unknown[] => server.requests.filter(one => one.method === 'POST').map(one => one.body);
const dialog = (): HTMLElement | null => document.querySelector('.jp-Dialog');
const accept = (): void => document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')!.click();

function answers(over: object = {}): void {
  const result = { id: ID, ok: true, problem: null, notes: [], experiment: anExperiment({ version: 9 }), ...over };
  server.routes.set('POST experiments/verbs', { status: 200, body: { results: [result] } });
}

test('a search opens once in the main area, whoever asks again', async () => {
  const first = (await commands.execute(CommandIds.search, { experiment: ID, tab: 'configuration' })) as SearchHost;
  const again = (await commands.execute(CommandIds.search, { experiment: ID })) as SearchHost;
  expect(again).toBe(first);
  expect(first.tab).toBe('configuration');
  expect(shell.add).toHaveBeenCalledTimes(1);
  first.dispose();
});

test('in the menu of a row are the verbs that the server names; of an unknown search all', async () => {
  await knows();
  row = document.createElement('div');
  row.dataset.experiment = ID;
  const offered = ['pause', 'activate', 'cancel', 'extend', 'retry_failed', 'clone', 'delete'].filter(verb =>
    commands.isVisible(CommandIds.searchVerb, { row: true, verb })
  );
  expect(offered).toEqual(['pause', 'cancel', 'extend', 'clone']);
  expect(commands.label(CommandIds.searchVerb, { row: true, verb: 'pause' })).toBe('Pause');
  expect(commands.label(CommandIds.searchVerb, { verb: 'pause' })).toBe('Pause a Search…');
  row.dataset.experiment = 'unknown123';
  expect(commands.isVisible(CommandIds.searchVerb, { row: true, verb: 'delete' })).toBe(true);
  expect(commands.isVisible(CommandIds.searchVerb, { row: true, verb: 'nonsense' })).toBe(false);
});

test('each verb is in the palette', () => {
  const verbs = palette.addItem.mock.calls.flatMap(([item]) => (item as { args?: { verb: string } }).args?.verb ?? []);
  expect(verbs).toEqual(['pause', 'activate', 'cancel', 'kill', 'extend', 'retry_failed', 'clone', 'archive', 'unarchive', 'delete']);
});

test('what is to be said beside is said, and a refusal too', async () => {
  await knows();
  answers({ notes: ['Trial 3 has no checkpoint and runs on.'] });
  await commands.execute(CommandIds.searchVerb, { verb: 'pause', experiment: ID });
  expect(sent()).toEqual([{ verb: 'pause', experiments: [ID] }]);
  answers({ ok: false, experiment: null, problem: { code: 'ended', detail: 'It has ended.', hint: 'Extend it.', status: 409, errors: [] } });
  await commands.execute(CommandIds.searchVerb, { verb: 'activate', experiment: ID });
  const said = Notification.manager.notifications.map(one => one.message); // the newest first
  expect(said).toEqual(['It has ended. Extend it.', 'Trial 3 has no checkpoint and runs on.']);
});

test('a deletion asks first, with what goes; deleted, it is gone here too', async () => {
  await knows(endedExperiment());
  answers({ experiment: null });
  const asked = commands.execute(CommandIds.searchVerb, { verb: 'delete', experiment: ID });
  await until(() => expect(dialog()?.textContent).toContain('12 trials with checkpoints'));
  expect(sent()).toEqual([]);
  accept();
  await asked;
  expect(sent()).toEqual([{ verb: 'delete', experiments: [ID] }]);
  expect(session.state.experiments.has(ID)).toBe(false);
});

test('by the key Delete a stop asks, by the button it does not', async () => {
  await knows();
  answers();
  const asked = commands.execute(CommandIds.searchVerb, { verb: 'cancel', experiment: ID, ask: true });
  await until(() => expect(dialog()?.textContent).toContain('Stop sweep?'));
  document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-reject')!.click();
  await asked;
  expect(sent()).toEqual([]);
  await commands.execute(CommandIds.searchVerb, { verb: 'cancel', experiment: ID });
  expect(sent()).toEqual([{ verb: 'cancel', experiments: [ID] }]);
});

test('it is extended by as many as somebody types, and by nothing else', async () => {
  await knows();
  answers();
  const asked = commands.execute(CommandIds.searchVerb, { verb: 'extend', experiment: ID });
  await until(() => expect(dialog()?.querySelector('input')?.value).toBe('10'));
  const type = (text: string): void => {
    const box = dialog()!.querySelector('input')!;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(box, text);
    box.dispatchEvent(new Event('input', { bubbles: true }));
  };
  type('-3');
  accept();
  await until(() => expect(dialog()?.textContent).toContain('A whole number from 1.'));
  expect(sent()).toEqual([]);
  type('20');
  accept();
  await asked;
  expect(sent()).toEqual([{ verb: 'extend', experiments: [ID], trials: 20 }]);
});

test('the best trial of a search that the page does not know yet is cloned', async () => {
  server.routes.set(`GET experiments/${ID}`, { status: 200, body: anExperiment() });
  const cloned = vi.fn();
  commands.addCommand(CommandIds.clone, { label: 'clone', describedBy: { args: {} }, execute: cloned });
  await commands.execute(CommandIds.searchVerb, { verb: 'clone', experiment: ID });
  expect(cloned).toHaveBeenCalledWith({ job: 'trial2' });
});

test('without a search, one is chosen among those that take it', async () => {
  const many = [anExperiment({ id: 'a', name: 'first' }), endedExperiment({ id: 'b', name: 'second' })];
  server.routes.set('GET experiments', { status: 200, body: { experiments: many, next: null, counts: {} } });
  answers({ id: 'a' });
  const asked = commands.execute(CommandIds.searchVerb, { verb: 'pause' });
  await until(() => expect(dialog()?.textContent).toContain('Which search?'));
  expect(dialog()?.textContent).not.toContain('second');
  accept();
  await asked;
  expect(sent()).toEqual([{ verb: 'pause', experiments: ['a'] }]);
});
