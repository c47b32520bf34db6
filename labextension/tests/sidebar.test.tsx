import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Session } from '../src/model/session';
import { SidebarHost } from '../src/panels/sidebar/host';
import { aJob, aMetric, queued, snapshot, succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let panel: SidebarHost;

beforeEach(() => {
  server = aServer();
  session = new Session(server.settings);
  panel = new SidebarHost(() => Promise.resolve(session), nullTranslator.load('jupyter_training'));
});

afterEach(() => act(() => panel.dispose()));

const find = <T extends HTMLElement>(selector: string): T | null => panel.node.querySelector<T>(selector);
const rows = (): string[] => [...panel.node.querySelectorAll('.jp-Training-name')].map(node => node.textContent ?? '');

/** Attach it as a sidebar does, and wait until its code has come and drawn. */
async function shown(): Promise<void> {
  await act(async () => {
    Widget.attach(panel, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
}

async function says(...jobs: ReturnType<typeof aJob>[]): Promise<void> {
  await act(async () => server.sockets[0]!.say(snapshot(1, jobs)));
}

async function press(key: string): Promise<void> {
  await act(async () => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });
}

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
  await shown();
  await says(
    succeeded({ id: 'c', name: 'wine' }),
    queued({ id: 'b', name: 'later' }),
    aJob({ id: 'a', name: 'digits', metrics: { val_accuracy: aMetric(0.96234) } })
  );
  expect(rows()).toEqual(['digits', 'later', 'wine']);
  const headings = [...panel.node.querySelectorAll('h3')].map(node => node.textContent);
  expect(headings).toEqual(['Running1', 'Queued1', 'Recent1']);
  expect(find('[data-job=a]')?.textContent).toContain('running');
  expect(find('[data-job=a] .jp-Training-figure')?.textContent).toBe('0.962');
});

test('one row takes the Tab, arrows move, Enter opens, and Stop asks the server', async () => {
  await shown();
  await says(aJob({ id: 'a' }), aJob({ id: 'b', name: 'second', started: '2026-11-21T10:00:05Z' }));
  expect(panel.node.querySelectorAll('[data-job][tabindex="0"]')).toHaveLength(1);
  await act(async () => find('[data-job=a]')?.focus());
  await press('ArrowDown');
  expect((document.activeElement as HTMLElement).dataset.job).toBe('b');
  await press('Enter');
  expect(find('.jp-Training-detail')?.textContent).toContain('Running.');
  server.answer = {
    status: 200,
    body: { results: [{ id: 'b', ok: true, job: aJob({ id: 'b', desired: 'cancel', phase: 'stopping', version: 2 }) }] }
  };
  await act(async () => {
    find<HTMLButtonElement>('.jp-Training-detail .jp-Training-button')?.click();
    await until(() => expect(session.state.jobs.get('b')?.phase).toBe('stopping'));
  });
  expect(server.requests.find(one => one.path === 'verbs')?.body).toEqual({ verb: 'cancel', jobs: ['b'] });
  expect(find('.jp-Training-detail .jp-Training-button')?.textContent).toBe('Kill');
  await press('Escape');
  expect(find('.jp-Training-detail')).toBeNull();
});

test('an empty store teaches one cell', async () => {
  await shown();
  await says();
  expect(find('pre')?.textContent).toMatch(/^%%train /);
  expect(find('.jp-Training-empty button')?.textContent).toBe('Copy cell');
});

test('a server that cannot serve says why and offers to try again', async () => {
  server.answer = {
    status: 503,
    body: { type: '', title: '', status: 503, code: 'store_too_new', detail: 'The store is newer.', hint: 'Update.', errors: [] }
  };
  await shown();
  await act(async () => {
    server.sockets[0]!.drop();
    await until(() => expect(session.state.link.kind).toBe('lost'));
  });
  expect(find('.jp-Training-notice')?.textContent).toContain('The store is newer.Update.');
  await act(async () => find<HTMLButtonElement>('.jp-Training-notice button')?.click());
  expect(server.sockets).toHaveLength(2);
});
