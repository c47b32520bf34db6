import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import axe from 'axe-core';
import { act } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/api/jobs';
import { Session } from '../src/model/session';
import { SidebarHost } from '../src/panels/sidebar/host';
import { CommandIds, SIDEBAR_ID } from '../src/tokens';
import { aJob, aMetric, aPool, changes, queued, snapshot, succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let panel: SidebarHost;
let commands: CommandRegistry;
const memory = { fetch: vi.fn(), save: vi.fn() };
const shell = { currentWidget: null, activateById: vi.fn() };

/** jsdom lays nothing out: the list is 600 px high, a row as high as it is here. */
const tall = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight')!;
const laidOut = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetHeight')!;
beforeAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', {
    configurable: true,
    get(this: Element) {
      return this.getAttribute('role') === 'treegrid' ? 600 : 0;
    }
  });
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', {
    configurable: true,
    get(this: HTMLElement) {
      return this.dataset.job ? 24 : 0;
    }
  });
});
afterAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', tall);
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', laidOut);
});

beforeEach(() => {
  vi.clearAllMocks();
  memory.fetch.mockResolvedValue(undefined);
  memory.save.mockResolvedValue(undefined);
  server = aServer();
  server.routes.set('GET pools', { status: 200, body: { pools: [] } });
  session = new Session(server.settings);
  commands = new CommandRegistry();
  panel = aPanel();
});

afterEach(() => act(() => panel.dispose()));

function aPanel(): SidebarHost {
  const app = { commands, shell } as unknown as ConstructorParameters<typeof SidebarHost>[0];
  return new SidebarHost(app, () => Promise.resolve(session), nullTranslator.load('jupyter_training'), null, memory);
}

const find = <T extends HTMLElement>(selector: string): T | null => panel.node.querySelector<T>(selector);
const all = (selector: string): HTMLElement[] => [...panel.node.querySelectorAll<HTMLElement>(selector)];
const rows = (): string[] => all('.jp-Training-name').map(node => node.textContent ?? '');
const row = (id: string): HTMLElement => find(`[data-job="${id}"]`)!;
const headings = (): string[] => all('.jp-Training-heading').map(node => node.textContent ?? '');
const chosen = (): string[] => all('[aria-selected=true]').map(node => node.dataset.job ?? '');
const focused = (): string | undefined => (document.activeElement as HTMLElement).dataset.key;

/** Attach it as a sidebar does, and wait until its code has come and drawn. */
async function shown(): Promise<void> {
  await act(async () => {
    Widget.attach(panel, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
}

async function says(...jobs: Job[]): Promise<void> {
  await act(async () => {
    server.sockets[0]!.say(snapshot(1, jobs));
    await new Promise(requestAnimationFrame);
  });
}

async function press(key: string, keys: KeyboardEventInit = {}): Promise<void> {
  await act(async () => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...keys }));
    await new Promise(requestAnimationFrame);
  });
}

/** Wait until what is expected is drawn. React draws at the end of an act. */
async function drawn(expected: () => void): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    await act(() => new Promise<void>(resolve => setTimeout(resolve, 10)));
    try {
      expected();
      return;
    } catch (reason) {
      if (Date.now() > deadline) {
        throw reason;
      }
    }
  }
}

async function click(node: HTMLElement | null, keys: MouseEventInit = {}): Promise<void> {
  await act(async () => {
    node?.dispatchEvent(new MouseEvent('click', { bubbles: true, ...keys }));
  });
}

async function type(text: string): Promise<void> {
  const box = find<HTMLInputElement>('input')!;
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(box, text);
    box.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

const accepted = (job: Job): { status: number; body: unknown } => ({
  status: 200,
  body: { results: [{ id: job.id, ok: true, job, problem: null }] }
});
const problem = { type: '', title: '', status: 409, code: 'illegal_verb', detail: 'It has ended.', hint: null, errors: [] };

test('hidden, it draws nothing and opens no stream', async () => {
  panel.hide();
  Widget.attach(panel, document.body);
  await new Promise(resolve => setTimeout(resolve, 50)); // nothing to wait for: it must not happen
  expect(panel.node.childElementCount).toBe(0);
  expect(server.sockets).toHaveLength(0);
});

test('hidden again, it draws nothing any more', async () => {
  await shown();
  await says(aJob());
  await act(async () => panel.hide());
  expect(panel.node.childElementCount).toBe(0);
});

test('jobs stand in their sections with state, figure and time', async () => {
  server.routes.set('GET pools', { status: 200, body: { pools: [aPool('local', { used: 1, queued: 1 })] } });
  await shown();
  await says(
    succeeded({ id: 'c', name: 'wine' }),
    queued({ id: 'b', name: 'later', sentence: 'Waits: 2 of 2 slots are used.' }),
    aJob({ id: 'a', name: 'digits', metrics: { val_accuracy: aMetric(0.96234) }, eta: { low: 360, high: 480 } })
  );
  expect(rows()).toEqual(['digits', 'later', 'wine']);
  await drawn(() => expect(headings()).toEqual(['Running1', 'Queue · local · 1 of 2 slots1', 'Pools1', 'Recent1']));
  expect(row('a').textContent).toContain('running');
  expect(row('a').querySelector('.jp-Training-figure')?.textContent).toBe('0.962');
  expect(row('a').querySelector('.jp-Training-time')?.textContent).toBe('8 min left');
  expect(row('c').querySelector('.jp-Training-time')?.textContent).toMatch(/ ago$/);
  expect(row('b').querySelector('.jp-Training-said')?.textContent).toBe('2 of 2 slots are used.');
});

test('repeated runs of a name say what they were given otherwise than the run before', async () => {
  const run = (id: string, second: number, params: Job['params']): Job =>
    succeeded({ id, params, submitted: `2026-11-21T10:00:0${second}Z`, ended: `2026-11-21T10:01:0${second}Z` });
  await shown();
  await says(
    run('c', 3, { lr: 0.01, depth: 4 }),
    run('a', 1, { lr: 0.1, name: 'x' }),
    run('b', 2, { lr: 0.01, name: 'x' }),
    run('d', 4, { lr: 0.01, depth: 4 }),
    succeeded({ id: 'o', name: 'other', params: { lr: 7 } })
  );
  const said = (id: string): string | undefined => row(id).querySelector('.jp-Training-differs')?.textContent;
  expect(['a', 'b', 'c', 'd', 'o'].map(said)).toEqual([undefined, 'lr=0.01', 'depth=4, no name', undefined, undefined]);
  expect(row('b').querySelector('.jp-Training-name')?.textContent).toBe('digits lr=0.01');
  expect(row('c').querySelector<HTMLElement>('.jp-Training-differs')?.title.split('\n')).toEqual([
    'Other than the run of digits before it:',
    'depth = 4, not given before',
    'name not given, before "x"'
  ]);
  expect(server.requests.filter(one => one.path.startsWith('jobs'))).toEqual([]);
});

test('one row takes the Tab, arrows move, Enter opens what is there, and Stop asks the server', async () => {
  await shown();
  await says(aJob({ id: 'a' }), aJob({ id: 'b', name: 'second', started: '2026-11-21T10:00:05Z' }));
  expect(all('[role=row][tabindex="0"]')).toHaveLength(1);
  await act(async () => row('a').focus());
  await press('ArrowDown');
  expect(focused()).toBe('b');
  await press('Enter');
  expect(find('.jp-Training-detail')?.textContent).toContain('Running.');
  server.answer = accepted(aJob({ id: 'b', desired: 'cancel', phase: 'stopping', verbs: ['kill'], version: 2 }));
  await act(async () => {
    find<HTMLButtonElement>('.jp-Training-detail .jp-Training-button')?.click();
    await until(() => expect(session.state.jobs.get('b')?.phase).toBe('stopping'));
  });
  expect(server.requests.find(one => one.path === 'verbs')?.body).toEqual({ verb: 'cancel', jobs: ['b'] });
  expect(find('.jp-Training-detail .jp-Training-button')?.textContent).toBe('Kill');
  await press('Escape');
  expect(find('.jp-Training-detail')).toBeNull();

  const opened = vi.fn();
  commands.addCommand(CommandIds.detail, { execute: args => opened(args) as unknown });
  await act(async () => row('b').focus());
  await press('Enter');
  expect(opened).toHaveBeenCalledWith({ job: 'b' });
});

test('ranges and single rows are chosen by mouse and by keyboard', async () => {
  await shown();
  await says(...['a', 'b', 'c', 'd'].map(id => aJob({ id, name: id })));
  await click(row('a').querySelector('.jp-Training-name'));
  expect(chosen()).toEqual(['a']);
  await click(row('c').querySelector('.jp-Training-name'), { shiftKey: true });
  expect(chosen()).toEqual(['a', 'b', 'c']);
  await click(row('b').querySelector('.jp-Training-name'), { ctrlKey: true });
  expect(chosen()).toEqual(['a', 'c']);
  expect(panel.chosen).toEqual(['a', 'c']);
  expect(find('.jp-Training-bulk')?.textContent).toContain('2 selected');

  await act(async () => row('d').focus());
  await press('Escape');
  expect(chosen()).toEqual([]);
  await press(' ');
  await press('ArrowUp', { shiftKey: true });
  expect(chosen()).toEqual(['c', 'd']);
  await press('a', { ctrlKey: true });
  expect(chosen()).toEqual(['a', 'b', 'c', 'd']);
  await press('Home');
  expect(focused()).toBe('running');
  await press('ArrowLeft');
  expect(rows()).toEqual([]);
  expect(memory.save).toHaveBeenLastCalledWith(SIDEBAR_ID, { folded: ['running'], filter: '' });
});

test('several are stopped by one request, and who refused is named', async () => {
  await shown();
  await says(aJob({ id: 'a', name: 'one' }), aJob({ id: 'b', name: 'two' }));
  await act(async () => row('a').focus());
  await press('a', { ctrlKey: true });
  server.routes.set('POST verbs', {
    status: 200,
    body: {
      results: [
        { id: 'a', ok: true, job: aJob({ id: 'a', desired: 'cancel', phase: 'stopping', version: 2 }), problem: null },
        { id: 'b', ok: false, job: null, problem }
      ]
    }
  });
  await act(async () => {
    all('.jp-Training-bulk button').find(one => one.textContent === 'Stop')?.click();
  });
  await drawn(() => expect(find('.jp-Training-outcome')).not.toBeNull());
  expect(server.requests.filter(one => one.path === 'verbs').map(one => one.body)).toEqual([{ verb: 'cancel', jobs: ['a', 'b'] }]);
  expect(find('.jp-Training-outcome')?.textContent).toBe('1 is asked to stop. 1 was refused. two · b: It has ended.');
});

test('Delete asks the person first', async () => {
  await shown();
  await says(aJob({ id: 'a', name: 'one' }));
  await act(async () => row('a').focus());
  await press('Delete');
  await drawn(() => expect(document.querySelector('.jp-Dialog')?.textContent).toContain('Stop one?'));
  server.answer = accepted(aJob({ id: 'a', desired: 'cancel', phase: 'stopping', version: 2 }));
  await act(async () => {
    document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')?.click();
    await until(() => expect(session.state.jobs.get('a')?.phase).toBe('stopping'));
  });
});

test('the box narrows at once, asks the server, and shows what the server says is wrong', async () => {
  await shown();
  await says(aJob({ id: 'a', name: 'digits' }), succeeded({ id: 'b', name: 'wine' }));
  await act(async () => row('a').focus());
  await press('/');
  expect(document.activeElement).toBe(find('input'));
  server.routes.set('GET jobs', { status: 200, body: { jobs: [succeeded({ id: 'z', name: 'wine-old' })], next: null, counts: {} } });
  await type('wine');
  expect(rows()).toEqual(['wine']);
  await drawn(() => expect(rows()).toEqual(['wine', 'wine-old']));
  expect(server.requests.map(one => one.path)).toContain('jobs?filter=wine&limit=200');
  await drawn(() => expect(find('.jp-Training-filter [role=status]')?.textContent).toBe('2 fit.'));

  const words = "filter, column 1: there is no word 'stat'.";
  server.routes.set('GET jobs', { status: 422, body: { ...problem, status: 422, detail: words, hint: "Did you mean 'state'?" } });
  await type('stat:failed');
  await drawn(() => expect(find('.jp-Training-refusal')?.textContent).toBe(`${words} Did you mean 'state'?`));
  await press('Escape');
  expect(find<HTMLInputElement>('input')?.value).toBe('');
  expect(rows()).toEqual(['digits', 'wine', 'wine-old']);
  await press('Escape');
  expect(focused()).toBe('a');
});

test('sections and filter are as they were before a reload', async () => {
  memory.fetch.mockResolvedValue({ folded: ['recent'], filter: 'di' });
  await shown();
  await says(aJob({ id: 'a', name: 'digits' }), aJob({ id: 'x', name: 'other' }), succeeded({ id: 'b', name: 'dim' }));
  expect(rows()).toEqual(['digits']);
  expect(headings()).toEqual(['Running1', 'Recent1']);
});

test('ten thousand rows are a few in the page, and the list goes on where it is read', async () => {
  const ended = (from: number, count: number): Job[] =>
    Array.from({ length: count }, (_, at) => {
      const when = new Date(1.8e12 - 1000 * (from + at)).toISOString();
      return succeeded({ id: `j${from + at}`, name: `j${from + at}`, submitted: when, ended: when });
    });
  await shown();
  server.routes.set('GET jobs', { status: 200, body: { jobs: ended(0, 200), next: 'c200', counts: {} } });
  await act(async () => server.sockets[0]!.say({ ...snapshot(1, ended(0, 3)), counts: { succeeded: 10000 } }));
  expect(headings()).toEqual(['Recent10\u2009000']);
  await drawn(() => expect(session.state.recent.next).toBe('c200'));
  expect(find('[role=treegrid]')?.getAttribute('aria-rowcount')).toBe('10001');
  expect(all('[role=row]').length).toBeLessThan(60);
  await act(async () => row('j0').focus());
  server.routes.set('GET jobs', { status: 200, body: { jobs: ended(200, 200), next: 'c400', counts: {} } });
  await press('End');
  expect(focused()).toBe('j199');
});

test('another store is said, and a lost server with the way to try again', async () => {
  await shown();
  await says(aJob());
  server.answer = { status: 503, body: { ...problem, status: 503, code: 'store_too_new', detail: 'The store is newer.', hint: 'Update.' } };
  await act(async () => {
    server.sockets[0]!.drop();
    await until(() => expect(session.state.link.kind).toBe('lost'));
  });
  expect(find('.jp-Training-notice')?.textContent).toContain('reconnecting.The store is newer.Update.');
  expect(rows()).toEqual(['digits']);
  await act(async () => find<HTMLButtonElement>('.jp-Training-notice button')?.click());
  expect(server.sockets).toHaveLength(2);
  await act(async () => server.sockets[1]!.say(snapshot(1, [], 'store0002')));
  expect(find('.jp-Training-notice')?.textContent).toContain('Another store answers now: store0, before it was store0');
});

test('an empty store teaches one cell', async () => {
  await shown();
  await says();
  expect(find('pre')?.textContent).toMatch(/^%%train /);
  expect(find('.jp-Training-empty button')?.textContent).toBe('Copy cell');
});

test('axe finds nothing', async () => {
  await shown();
  await says(aJob({ id: 'a' }), queued({ id: 'b', params: { lr: 1 } }), succeeded({ id: 'c' }));
  await click(row('a').querySelector('.jp-Training-name'));
  const found = await axe.run(panel.node, { rules: { 'color-contrast': { enabled: false } } });
  expect(found.violations.map(one => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
});

test('what changed is drawn', async () => {
  await shown();
  await says(aJob({ id: 'a' }));
  await act(async () => server.sockets[0]!.say(changes(2, [succeeded({ id: 'a', version: 2 })])));
  expect(headings()).toEqual(['Recent1']);
  expect(Notification.manager.count).toBe(0);
});
