/** The queue in the main area: what it draws, what it asks for, and what happens when it is moved. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import axe from 'axe-core';
import { act } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { QueueRow } from '../src/api/queue';
import { Session } from '../src/model/session';
import { QueueHost } from '../src/panels/queue/host';
import { aJob, aPage, aPool, aRow, changes, snapshot } from './builders';
import { drawn } from './drawn';
import { aServer, until } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let host: QueueHost;
const trans = nullTranslator.load('jupyter_training');
const shell = { currentWidget: null, activateById: vi.fn() };
const tall = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight')!;
const laidOut = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetHeight')!;

/** jsdom lays nothing out: the table is 600 px high. */
beforeAll(() => {
  const height = {
    configurable: true,
    get(this: Element) {
      return this.getAttribute('role') === 'grid' ? 600 : 0;
    }
  };
  Object.defineProperty(Element.prototype, 'clientHeight', height);
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', height);
});
afterAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', tall);
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', laidOut);
});

beforeEach(() => {
  server = aServer();
  pools(aPool('local', { slots: 1, used: 1, queued: 2, running: 1 }));
  session = new Session(server.settings);
  const app = { commands: new CommandRegistry(), shell } as unknown as ConstructorParameters<typeof QueueHost>[0]['app'];
  host = new QueueHost({ app, session: () => Promise.resolve(session), trans });
});
afterEach(() => act(() => host.dispose()));

const RUNNING: Partial<QueueRow> = { state: 'scheduled', phase: 'running', acquired: 1, sentence: 'Running.' };
const rows = (): string[] => [...host.node.querySelectorAll('[role=row][data-job]')].map(node => (node as HTMLElement).dataset.job ?? '');
const row = (id: string): HTMLElement => host.node.querySelector<HTMLElement>(`[data-job="${id}"]`)!;
const cell = (id: string, column: string): HTMLElement => row(id).querySelector<HTMLElement>(`[data-column="${column}"]`)!;
const asked = (path: string): unknown[] => server.requests.filter(one => one.method !== 'GET' && one.path === path).map(one => one.body);
const reads = (): number => server.requests.filter(one => one.path.startsWith('queue?')).length;
const said = (): string => [...host.node.querySelectorAll('[role=status]')].map(node => node.textContent).join(' ');

function pools(...all: ReturnType<typeof aPool>[]): void {
  server.routes.set('GET pools', { status: 200, body: { pools: all } });
}
function serves(all: QueueRow[], over: Parameters<typeof aPage>[1] = {}): void {
  server.routes.set('GET queue', { status: 200, body: aPage(all, { slots: 1, used: 1, queued: 2, running: 1, ...over }) });
}
function three(): QueueRow[] {
  return [aRow('a', RUNNING), aRow('b'), aRow('c')];
}

async function shown(): Promise<void> {
  await act(async () => {
    Widget.attach(host, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
  await act(async () => {
    server.sockets[0]!.say(snapshot(1, ['a', 'b', 'c'].map(id => aJob({ id, name: id }))));
    await new Promise(requestAnimationFrame);
  });
  await drawn(() => expect(host.node.querySelector('[role=tab]')).not.toBeNull());
  await drawn(() => expect(host.node.querySelector('[role=grid], .jp-Training-empty')).not.toBeNull());
}
async function press(key: string, keys: KeyboardEventInit = {}): Promise<void> {
  await act(async () => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...keys }));
    await new Promise(requestAnimationFrame);
  });
}

test('each job has its line with the columns of the command line, and axe finds nothing', async () => {
  serves([
    aRow('a', { ...RUNNING, devices: ['0', '1'], gpus: 2 }),
    aRow('b', { aged: 40, start: { low: 240, high: 540 }, start_note: null }),
    aRow('c', { sentence: 'Waits: b is ahead.' })
  ]);
  await shown();
  const titles = [...host.node.querySelectorAll('[role=columnheader]')].map(node => node.textContent);
  expect(titles).toEqual(['#', 'ID', 'Type', 'Name', 'Priority', 'Submitted', 'Slots', 'State', 'User', 'Starts in', 'Why']);
  expect(rows()).toEqual(['a', 'b', 'c']);
  expect(['a', 'b', 'c'].map(id => cell(id, 'ahead').textContent)).toEqual(['0', '1', '2']);
  expect(cell('a', 'slots').textContent).toBe('1/1 2 GPU');
  expect(cell('a', 'state').textContent).toContain('running');
  expect(cell('a', 'why').textContent).toBe('GPU 0, 1');
  expect(cell('b', 'worth').textContent).toBe('42 → 40');
  expect(cell('b', 'start').textContent).toBe('4–9 min');
  expect(cell('c', 'start').textContent).toBe('no history yet');
  expect(cell('c', 'why').textContent).toBe('b is ahead.');
  expect(host.node.textContent).toContain('1 of 1 slots');
  const found = await axe.run(host.node, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  expect(found.violations.map(one => one.id)).toEqual([]);
});

test('Alt with an arrow moves the row at once, says so, and reads the order anew', async () => {
  serves(three());
  await shown();
  act(() => row('c').focus());
  server.routes.set('POST queue/moves', { status: 200, body: { results: [{ id: 'c', ok: true, job: aJob({ id: 'c' }), problem: null }] } });
  serves([aRow('a', RUNNING), aRow('c'), aRow('b')]);
  const before = reads();
  await press('ArrowUp', { altKey: true });
  expect(asked('queue/moves')).toEqual([{ jobs: ['c'], ahead_of: 'b' }]);
  await drawn(() => expect(reads()).toBeGreaterThan(before));
  expect(rows()).toEqual(['a', 'c', 'b']);
  expect(said()).toContain('c stands before b.');
  expect((document.activeElement as HTMLElement).dataset.job).toBe('c');
  await press('Home', { altKey: true });
  await drawn(() => expect(asked('queue/moves')[1]).toEqual({ jobs: ['c'], top: true }));
});

test('a second move is asked for once the first is answered, so that it is carried out after it', async () => {
  serves(three());
  await shown();
  act(() => row('c').focus());
  let answer: (results: never[]) => void = () => undefined;
  const move = vi.spyOn(session, 'move').mockImplementationOnce(() => new Promise(resolve => (answer = resolve)));
  await press('ArrowUp', { altKey: true });
  await press('Home', { altKey: true });
  expect(move).toHaveBeenCalledTimes(1);
  answer([]);
  await drawn(() => expect(move).toHaveBeenCalledTimes(2));
  expect(move.mock.calls.map(([, one]) => one)).toEqual([{ ahead_of: 'b' }, { top: true }]);
});

test('what was refused goes back to its place, and the reason is said', async () => {
  serves(three());
  await shown();
  act(() => row('c').focus());
  const problem = { type: '', title: '', status: 409, code: 'illegal_move', detail: 'c has ended.', hint: null, errors: [] };
  server.routes.set('POST queue/moves', { status: 200, body: { results: [{ id: 'c', ok: false, job: null, problem }] } });
  await press('ArrowUp', { altKey: true });
  await drawn(() => expect(host.node.querySelector('[role=alert]')?.textContent).toContain('c has ended.'));
  expect(rows()).toEqual(['a', 'b', 'c']);
});

test('where slots are shared fairly nothing can be moved, and it says why', async () => {
  pools(aPool('local', { policy: 'fair_share' }));
  serves(three(), { policy: 'fair_share' });
  await shown();
  expect(host.node.querySelector('.jp-Training-grip')).toBeNull();
  expect(cell('b', 'ahead').textContent).toBe('–');
  expect(cell('b', 'ahead').title).toContain('shares its slots fairly');
  expect([...host.node.querySelectorAll('[role=columnheader]')].map(node => node.textContent)).toContain('Weight');
  act(() => row('c').focus());
  await press('ArrowUp', { altKey: true });
  expect(asked('queue/moves')).toEqual([]);
  expect(said()).toContain('there is no order to change');
});

test('a burst of changes is read once, and nothing is read while it is hidden', async () => {
  serves(three());
  await shown();
  const before = reads();
  await act(async () => {
    for (let n = 2; n < 12; n += 1) {
      server.sockets[0]!.say({ ...changes(n, []), changes: [{ n, kind: 'wish', job: 'b' }] });
    }
    await new Promise(requestAnimationFrame);
  });
  await drawn(() => expect(reads()).toBe(before + 1));
  await act(async () => {
    server.sockets[0]!.say({ ...changes(20, []), changes: [{ n: 20, kind: 'points', job: 'b' }] });
    host.hide();
    server.sockets[0]!.say({ ...changes(21, []), changes: [{ n: 21, kind: 'wish', job: 'b' }] });
    await new Promise(resolve => setTimeout(resolve, 1200));
  });
  expect(reads()).toBe(before + 1);
  expect(host.node.querySelector('[role=grid]')).toBeNull();
});

test('several that are selected go to the top in one request', async () => {
  serves(three());
  await shown();
  act(() => row('b').focus());
  await press(' ');
  await press('ArrowDown', { shiftKey: true });
  expect(host.node.querySelector('[role=group]')?.textContent).toContain('2 selected');
  server.routes.set('POST queue/moves', { status: 200, body: { results: ['b', 'c'].map(id => ({ id, ok: true, job: null, problem: null })) } });
  await act(async () => {
    [...host.node.querySelectorAll('button')].find(one => one.textContent === 'To the top')!.click();
  });
  await drawn(() => expect(asked('queue/moves')).toEqual([{ jobs: ['b', 'c'], top: true }]));
});

test('an empty queue says so', async () => {
  serves([], { queued: 0, running: 0, used: 0 });
  await shown();
  expect(host.node.textContent).toContain('Nothing waits or runs in local.');
});
