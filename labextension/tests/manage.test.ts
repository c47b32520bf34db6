/** The dialogue that changes places: what it sends, and what it says when that is refused. */
import { nullTranslator } from '@jupyterlab/translation';
import { beforeEach, afterEach, expect, test } from 'vitest';
import { manage } from '../src/commands/manage';
import { movesOf } from '../src/forms/ManageForm';
import type { Meant } from '../src/forms/ManageForm';
import { Session } from '../src/model/session';
import { aJob, aPage, aPool, aRow, queued } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogue draws when it likes

const trans = nullTranslator.load('jupyter_training');
const POOLS = [aPool('local'), aPool('lab'), aPool('shared', { policy: 'fair_share' })];
const MEANT: Meant = { priority: '42', weight: '1', pool: 'local', position: '3', count: 1, isRunning: false, total: 3 };
let server: FakeServer;
let session: Session;

beforeEach(() => {
  server = aServer();
  session = new Session(server.settings);
  server.routes.set('GET pools', { status: 200, body: { pools: POOLS } });
  server.routes.set('GET queue', { status: 200, body: aPage([aRow('a'), aRow('b'), aRow('c')]) });
});
afterEach(() => document.body.replaceChildren());

const field = (label: string): HTMLInputElement =>
  document.getElementById([...document.querySelectorAll('label')].find(one => one.textContent === label)?.htmlFor ?? '') as HTMLInputElement;
const accept = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-accept')!;
const asked = (): unknown[] => server.requests.filter(one => one.method === 'POST').map(one => one.body);

function type(label: string, words: string): void {
  const node = field(label);
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(node), 'value')?.set?.call(node, words); // React has a setter of its own
  node.dispatchEvent(new Event(node.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
}

async function opened(): Promise<void> {
  await until(() => expect(field('pool')).not.toBeNull());
}

test('exactly what changed is sent, the pool first', () => {
  const draft = { priority: '42', weight: '1', pool: 'local', position: '3' };
  const moves = (over: Partial<typeof draft>) => movesOf({ ...draft, ...over }, MEANT, POOLS);
  expect(moves({})).toEqual([]);
  expect(moves({ priority: ' ' })).toEqual([]);
  expect(moves({ priority: '30' })).toEqual([{ priority: 30 }]);
  expect(moves({ position: '1' })).toEqual([{ position: 1 }]);
  expect(moves({ priority: '30', position: '1' })).toEqual([{ priority: 30 }, { position: 1 }]);
  // A position is one of the pool that it stands in; a weight belongs to a fair share, a priority to an order.
  expect(moves({ pool: 'lab', position: '1', priority: '30' })).toEqual([{ resource_pool: 'lab' }, { priority: 30 }]);
  expect(moves({ pool: 'shared', weight: '2.5', priority: '30' })).toEqual([{ resource_pool: 'shared' }, { weight: 2.5 }]);
});

test('a bad priority is said in the dialogue and never sent; a good one goes as one batch', async () => {
  session.take([queued({ id: 'c', name: 'third' })]);
  const done = manage(session, trans, ['c']);
  await opened();
  await until(() => expect(document.querySelector('.jp-Dialog-header')?.textContent).toContain('Manage third'));
  await until(() => expect(field('position').value).toBe('3'));
  expect(accept().disabled).toBe(true);
  for (const bad of ['0', '100', '1.5', 'high']) {
    type('priority', bad);
    accept().click();
    await until(() => expect(document.querySelector('.jp-Dialog')?.textContent).toContain('A whole number from 1 to 99.'));
  }
  expect(asked()).toEqual([]);
  server.routes.set('POST queue/batch', { status: 200, body: { results: [{ item: '', ok: true, job: queued({ id: 'c', priority: 30, version: 2 }), problem: null }] } });
  type('priority', '30');
  accept().click();
  expect(await done).toBeNull();
  expect(asked()).toEqual([{ items: ['c.priority=30'], atomic: true }]);
  expect(session.state.jobs.get('c')?.priority).toBe(30);
});

test('what the server refuses stays in the dialogue with its reason', async () => {
  session.take([queued({ id: 'c', name: 'third' })]);
  const done = manage(session, trans, ['c']);
  await opened();
  const problem = { type: '', title: '', status: 409, code: 'illegal_move', detail: 'Position 77: the pool has 3.', hint: null, errors: [] };
  server.routes.set('POST queue/batch', { status: 200, body: { results: [{ item: 'c.position=77', ok: false, job: null, problem }] } });
  type('position', '77');
  accept().click();
  await until(() => expect(document.querySelector('.jp-Dialog [role=alert]')?.textContent).toContain('the pool has 3'));
  expect(field('position').value).toBe('77');
  document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-reject')!.click();
  expect(await done).toBeNull();
});

test('of several only what is typed is changed, and a refusal of one is told', async () => {
  session.take([queued({ id: 'b', name: 'second' }), aJob({ id: 'c', name: 'third', priority: 7 })]);
  const done = manage(session, trans, ['b', 'c']);
  await opened();
  expect(field('priority').value).toBe('');
  expect(field('priority').placeholder).toBe('as they are');
  const problem = { type: '', title: '', status: 409, code: 'illegal_move', detail: 'third has ended.', hint: null, errors: [] };
  server.routes.set('POST queue/moves', {
    status: 200,
    body: { results: [{ id: 'b', ok: true, job: queued({ id: 'b', version: 2 }), problem: null }, { id: 'c', ok: false, job: null, problem }] }
  });
  type('priority', '9');
  accept().click();
  expect((await done)?.words).toContain('third has ended.');
  expect(asked()).toEqual([{ jobs: ['b', 'c'], priority: 9 }]);
});
