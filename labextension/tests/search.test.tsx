/** A search in its three places: a row of the sidebar, its card, its own view. */
import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import axe from 'axe-core';
import { act } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Experiment, Trial } from '../src/api/experiments';
import { Session } from '../src/model/session';
import { SearchHost } from '../src/panels/search/host';
import { SidebarHost } from '../src/panels/sidebar/host';
import { SearchOutput } from '../src/renderers/job/host';
import { CommandIds, SEARCH_MIME } from '../src/tokens';
import { STORE, aTrial, anExperiment, changes, endedExperiment, snapshot } from './builders';
import { withoutCanvas } from './canvas';
import { aServer, settle } from './server';
import type { FakeServer } from './server';

const ID = '7c1e2d3f4a';
const trans = nullTranslator.load('jupyter_training');
const opened: [string, unknown][] = [];
const doors = { hasCommand: () => true, execute: (id: string, args: unknown) => Promise.resolve(opened.push([id, args])) };

let server: FakeServer;
let session: Session;
let place: Widget;

/** jsdom lays nothing out: lists are 600 px high. */
const tall = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight')!;
beforeAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', {
    configurable: true,
    get(this: Element) {
      return /grid$/.test(this.getAttribute('role') ?? '') ? 600 : 0;
    }
  });
});
afterAll(() => Object.defineProperty(Element.prototype, 'clientHeight', tall));

class Stage {
  constructor(private readonly tell: (entries: { isIntersecting: boolean }[]) => void) {}
  observe(): void {
    this.tell([{ isIntersecting: true }]);
  }
  disconnect(): void {}
}

beforeEach(() => {
  vi.stubGlobal('IntersectionObserver', Stage);
  withoutCanvas();
  opened.length = 0;
  server = aServer();
  server.routes.set('GET pools', { status: 200, body: { pools: [] } });
  server.routes.set(`GET experiments/${ID}/curves`, { status: 200, body: { metric: 'val_accuracy', curves: [], total: 0 } });
  has([aTrial(3), aTrial(2, { state: 'completed', best: 0.941, config: { lr: 0.0123, batch: 64 } }), aTrial(1, { state: 'stopped' }), aTrial(0)]);
  session = new Session(server.settings);
});
afterEach(() => {
  act(() => place.dispose());
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function has(trials: readonly Trial[], total = trials.length): void {
  server.routes.set(`GET experiments/${ID}/trials`, { status: 200, body: { trials, next: null, total } });
}

const find = <T extends HTMLElement>(selector: string): T | null => place.node.querySelector<T>(selector);
const all = (selector: string): HTMLElement[] => [...place.node.querySelectorAll<HTMLElement>(selector)];
const words = (): string => (place.node.textContent ?? '').replace(/\u2009/g, ' ');
const button = (name: string): HTMLButtonElement => all('button').find(one => (one.getAttribute('aria-label') ?? one.textContent) === name) as HTMLButtonElement;
const asked = (path: string): string[] => server.requests.filter(one => one.path.startsWith(path)).map(one => one.path);
const sent = (): unknown[] => server.requests.filter(one => one.method === 'POST').map(one => one.body);

async function shown(widget: Widget, search: Experiment): Promise<void> {
  place = widget;
  await act(async () => {
    Widget.attach(widget, document.body);
    await settle();
  });
  await drawn(() => expect(server.sockets).toHaveLength(1));
  await says(snapshot(1, [], STORE, [search]));
}

async function says(message: ReturnType<typeof snapshot>): Promise<void> {
  await act(async () => {
    server.sockets[0]!.say(message);
    await new Promise(requestAnimationFrame);
  });
}

/** Wait until what is expected is drawn. React draws at the end of an act. */
function drawn(expected: () => void): Promise<void> {
  const look = async (): Promise<void> => {
    await act(() => new Promise<void>(resolve => setTimeout(resolve, 5)));
    expected();
  };
  return vi.waitFor(look, { timeout: 20_000, interval: 5 });
}

async function press(key: string, node = document.activeElement): Promise<void> {
  await act(async () => {
    node?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    await new Promise(requestAnimationFrame);
  });
}

async function found(): Promise<string[]> {
  const { violations } = await axe.run(place.node, { runOnly: ['wcag2a', 'wcag2aa'], rules: { 'color-contrast': { enabled: false } } });
  return violations.map(one => `${one.id}: ${one.nodes.map(node => node.html).join(' ')}`);
}

// --- in the sidebar ---------------------------------------------------------------------------------------------

let commands: CommandRegistry;

function panel(): SidebarHost {
  commands = new CommandRegistry();
  for (const id of [CommandIds.search, CommandIds.searchVerb, CommandIds.clone]) {
    commands.addCommand(id, { label: id, describedBy: { args: {} }, execute: args => opened.push([id, args]) });
  }
  const app = { commands, shell: { currentWidget: null, activateById: vi.fn() } } as never;
  return new SidebarHost(app, () => Promise.resolve(session), trans, null, { fetch: () => Promise.resolve(undefined), save: vi.fn() });
}

test('a search that goes on is one row among what runs', async () => {
  await shown(panel(), anExperiment());
  await drawn(() => expect(find(`[data-experiment="${ID}"]`)?.textContent).toContain('sweep · 4 of 120.941'));
  expect(find('.jp-Training-heading')?.textContent).toContain('Running1');
  expect(find(`[data-experiment="${ID}"] .jp-Training-spark`)).not.toBeNull();
  expect(all('[data-job]')).toEqual([]);
});

test('what has ended is in a section of its own, folded until somebody unfolds it', async () => {
  await shown(panel(), endedExperiment());
  await drawn(() => expect(find('[data-key=experiments]')?.getAttribute('aria-expanded')).toBe('false'));
  expect(all('[data-experiment]')).toEqual([]);
  act(() => find('[data-key=experiments]')!.focus());
  await press('ArrowRight');
  expect(all('[data-experiment]')).toHaveLength(1);
  await press('ArrowLeft');
  expect(all('[data-experiment]')).toEqual([]);
});

test('a search that is paused is told of on the folded heading', async () => {
  await shown(panel(), anExperiment({ state: 'paused', phase: 'paused' }));
  await drawn(() => expect(find('[data-key=experiments]')?.textContent).toContain('1 paused'));
});

test('the time of a search leaves out its pauses', async () => {
  const since = { started: '2026-11-21T10:00:00Z', paused_since: '2026-11-21T10:12:00Z', paused_seconds: 240 };
  await shown(panel(), anExperiment({ state: 'paused', phase: 'paused', ...since }));
  await drawn(() => expect(find('[data-key=experiments]')).not.toBeNull());
  act(() => find('[data-key=experiments]')!.focus());
  await press('ArrowRight');
  expect(find(`[data-experiment="${ID}"] .jp-Training-time`)?.textContent).toBe('8 min');
});

test('by the keys it is selected, opened and asked to stop', async () => {
  await shown(panel(), anExperiment());
  await drawn(() => expect(find(`[data-experiment="${ID}"]`)).not.toBeNull());
  act(() => find(`[data-experiment="${ID}"]`)!.focus());
  await press('ArrowRight');
  expect(find('.jp-Training-detail')?.textContent).toContain('4 of 12 trials started; 2 run.');
  expect(find('.jp-Training-detail')?.textContent).toContain('lr0.0123');
  expect(await found()).toEqual([]);
  await press('Enter');
  await press('Delete');
  expect(opened).toEqual([
    [CommandIds.search, { experiment: ID }],
    [CommandIds.searchVerb, { verb: 'cancel', experiment: ID, ask: true }]
  ]);
});

test('a verb is sent at once; a refusal, and what is to be said beside, stand there', async () => {
  await shown(panel(), anExperiment());
  await drawn(() => expect(find(`[data-experiment="${ID}"]`)).not.toBeNull());
  await act(async () => find(`[data-experiment="${ID}"] .jp-Training-row`)!.click());
  const result = { id: ID, ok: true, problem: null, notes: ['Trial 3 has no checkpoint and runs on.'], experiment: anExperiment({ state: 'paused', phase: 'pausing', verbs: ['activate'], version: 2 }) }; // prettier-ignore
  server.routes.set('POST experiments/verbs', { status: 200, body: { results: [result] } });
  await act(async () => button('Pause sweep').click());
  await drawn(() => expect(sent()).toEqual([{ verb: 'pause', experiments: [ID] }]));
  const problem = { code: 'no', detail: 'It has ended.', hint: null, errors: [], status: 409 };
  server.routes.set('POST experiments/verbs', { status: 200, body: { results: [{ id: ID, ok: false, problem, notes: [], experiment: null }] } });
  await expect(act(() => session.actOn('activate', ID))).rejects.toThrow('It has ended.');
});

test('the filter lets searches through by their names', async () => {
  await shown(panel(), anExperiment());
  await drawn(() => expect(find('input')).not.toBeNull());
  const type = (text: string): void =>
    act(() => {
      const box = find<HTMLInputElement>('input')!;
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(box, text);
      box.dispatchEvent(new Event('input', { bubbles: true }));
    });
  type('other');
  await drawn(() => expect(all('[data-experiment]')).toEqual([]));
  type('swe');
  await drawn(() => expect(all('[data-experiment]')).toHaveLength(1));
});

// --- its card ---------------------------------------------------------------------------------------------------

async function card(search: Experiment): Promise<void> {
  const { sanitizer } = new RenderMimeRegistry();
  const output = new SearchOutput(() => Promise.resolve(session), trans, sanitizer, doors);
  await act(() => output.renderModel({ data: { [SEARCH_MIME]: { store: STORE, experiment: ID }, 'text/plain': 'saved' } } as never));
  await shown(output, search);
  await drawn(() => expect(find('article')).not.toBeNull());
}

test('the card says how far it is, and has the best trial above the newest ones', async () => {
  await card(anExperiment());
  await drawn(() => expect(all('tbody tr')).toHaveLength(4));
  expect(words()).toContain('4 of 12 trials · 2 running · 1 stopped early');
  expect(all('tbody tr').map(row => row.querySelector('th')?.textContent)).toEqual(['2', '3', '1', '0']);
  expect(all('tbody tr')[0]?.textContent).toContain('0.941');
  expect(asked(`experiments/${ID}/trials`)).toEqual([`experiments/${ID}/trials?sort=-number&limit=10`]);
  expect(await found()).toEqual([]);
  act(() => button('Open trial 3').click());
  act(() => button('Clone the best trial of sweep into a cell').click());
  expect(opened).toEqual([
    [CommandIds.detail, { job: 'trial3' }],
    [CommandIds.clone, { job: 'trial2' }]
  ]);
});

test('a card of a search that is not there is asked for, and stays as saved where the store has none', async () => {
  server.routes.set(`GET experiments/${ID}`, { status: 404, body: { code: 'unknown_job', detail: 'There is none.', status: 404 } });
  const { sanitizer } = new RenderMimeRegistry();
  const output = new SearchOutput(() => Promise.resolve(session), trans, sanitizer, doors, 0);
  await act(() => output.renderModel({ data: { [SEARCH_MIME]: { store: STORE, experiment: ID }, 'text/plain': 'saved' } } as never));
  await shown(output, anExperiment({ id: 'another' }));
  await drawn(() => expect(words()).toContain('no longer has it'));
  expect(words()).toContain('saved');
});

test('where every trial failed the card has what the first one said', async () => {
  await card(endedExperiment({ state: 'failed', phase: 'failed', sentence: 'Failed: all 3 trials failed.', best: null, curve: [], error: 'ValueError: too fast' }));
  expect(find('.jp-Training-traceback')?.textContent).toBe('ValueError: too fast');
  expect(words()).toContain('Failed: all 3 trials failed.');
});

// --- its own view -----------------------------------------------------------------------------------------------

async function view(search: Experiment): Promise<SearchHost> {
  server.routes.set(`GET experiments/${ID}`, { status: 200, body: { ...search, spec: { name: 'sweep', template: { files: ['no'], pool: 'local' } } } });
  const host = new SearchHost({ search: ID, session: () => Promise.resolve(session), trans, doors });
  await shown(host, search);
  await drawn(() => expect(host.title.label).toBe('sweep'));
  return host;
}

const lines = (): string[] => all('[role=row][data-job]').map(row => row.dataset.job ?? '');

test('its trials are a table, which its heads sort by mouse and by key', async () => {
  await view(anExperiment());
  await drawn(() => expect(lines()).toEqual(['trial3', 'trial2', 'trial1', 'trial0']));
  const heads = all('[role=columnheader]').map(head => head.textContent);
  expect(heads).toEqual(['#', 'State', 'val_accuracy ↑ ▾', 'at', 'lr', 'batch', 'Lasted']);
  expect(asked(`experiments/${ID}/trials`)[0]).toContain('sort=value');
  act(() => find('[data-key=trial3]')!.focus());
  await press('ArrowUp'); // to the head by which it is sorted
  expect(document.activeElement?.textContent).toContain('val_accuracy');
  await press('ArrowRight');
  await act(async () => (document.activeElement as HTMLElement).click());
  await drawn(() => expect(asked(`experiments/${ID}/trials`).some(path => path.includes('sort=lr'))).toBe(true));
  expect(find('[role=columnheader][aria-sort=ascending]')?.textContent).toContain('lr');
  await act(async () => (document.activeElement as HTMLElement).click());
  await drawn(() => expect(asked(`experiments/${ID}/trials`).some(path => path.includes('sort=-lr'))).toBe(true));
  expect(lines()).toHaveLength(4); // until the others come, those of before stay
  await press('ArrowDown');
  expect((document.activeElement as HTMLElement).dataset.key).toBe('trial3');
  await press('Enter');
  expect(opened).toEqual([[CommandIds.detail, { job: 'trial3' }]]);
  expect(await found()).toEqual([]);
});

test('of ten thousand trials some tens are drawn, and the next page is read when it comes into sight', async () => {
  server.routes.set(`GET experiments/${ID}/trials`, { status: 200, body: { trials: Array.from({ length: 200 }, (_, n) => aTrial(n)), next: 'x', total: 10_000 } });
  await view(anExperiment({ trials: 10_000 }));
  await drawn(() => expect(lines().length).toBeGreaterThan(20));
  expect(lines().length).toBeLessThan(60);
  expect(find('[role=grid]')?.getAttribute('aria-rowcount')).toBe('10001');
  const before = asked(`experiments/${ID}/trials`).length;
  act(() => find('[data-key=trial0]')!.focus());
  await press('End');
  await drawn(() => expect(asked(`experiments/${ID}/trials`).length).toBeGreaterThan(before));
});

test('hidden, it asks for nothing, whatever happens; shown again, it is as it was', async () => {
  const host = await view(anExperiment());
  await drawn(() => expect(lines()).toHaveLength(4));
  act(() => host.hide());
  expect(host.node.childElementCount).toBe(0);
  const before = server.requests.length;
  await says(changes(2, [], STORE, [anExperiment({ trials: 5, version: 2 })]));
  expect(server.requests).toHaveLength(before);
  act(() => host.turnTo('configuration'));
  await act(async () => host.show());
  await drawn(() => expect(words()).toContain('loguniform(1e-4, 1e-1)'));
});

test('its configuration has the space in words, and when it ends', async () => {
  const host = await view(anExperiment({ total: 32, notes: ['random is the one of Syne Tune.'] }));
  act(() => host.turnTo('configuration'));
  await drawn(() => expect(words()).toContain('0.0001 to 0.1, log scale'));
  expect(words()).toContain('after 32 trials, 20 of them added later');
  expect(words()).toContain('random is the one of Syne Tune.');
  expect(words()).toContain('pool: local');
  expect(words()).not.toContain('files');
  expect(await found()).toEqual([]);
});

test('two metrics have a cloud, with the front in words', async () => {
  const pareto = [{ trial: 2, job: 'trial2', values: { val_accuracy: 0.9, seconds: 1 }, config: {} }];
  has([aTrial(0, { values: { val_accuracy: 0.5, seconds: 2 } }), aTrial(2, { values: { val_accuracy: 0.9, seconds: 1 } })]);
  await view(anExperiment({ metrics: ['val_accuracy', 'seconds'], modes: ['max', 'min'], pareto }));
  await drawn(() => expect(all('.jp-Training-cloud circle')).toHaveLength(2));
  expect(find('svg[role=img]')?.getAttribute('aria-label')).toBe('1 trial that none beats in everything: trial 2: val_accuracy 0.9, seconds 1');
  act(() => void find('circle[data-front=true]')!.dispatchEvent(new MouseEvent('click', { bubbles: true })));
  expect(opened).toEqual([[CommandIds.detail, { job: 'trial2' }]]);
});
