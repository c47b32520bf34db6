import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import axe from 'axe-core';
import { act } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Session } from '../src/model/session';
import { DetailHost } from '../src/panels/detail/host';
import { aJob, snapshot, succeeded } from './builders';
import { drawn } from './drawn';
import { aServer, until } from './server';
import type { FakeServer } from './server';

const ID = '3f2a91bcde';
let server: FakeServer;
let session: Session;
let panel: DetailHost;

/** jsdom lays nothing out: the log is 360 px high, which is 20 lines. */
const tall = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight')!;
beforeAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', {
    configurable: true,
    get(this: Element) {
      return this.classList.contains('jp-Training-log') ? 360 : 0;
    }
  });
});
afterAll(() => Object.defineProperty(Element.prototype, 'clientHeight', tall));

beforeEach(() => {
  server = aServer();
  session = new Session(server.settings);
  const trans = nullTranslator.load('jupyter_training');
  const doors = { hasCommand: () => false, execute: vi.fn() };
  panel = new DetailHost({ job: ID, session: () => Promise.resolve(session), trans, doors, editors: null });
  panel.tab = 'log';
});

afterEach(() => act(() => panel.dispose()));

const rows = (): string[] => [...panel.node.querySelectorAll('.jp-Training-logText')].map(one => one.textContent?.trim() ?? '');
const asked = (): string[] => server.requests.filter(one => one.path.includes('/logs')).map(one => one.path);

function says(text: string, over: object = {}): void {
  const size = text.length;
  const body = { attempt: 1, text, offset: 0, next: size, size, end: true, ...over };
  server.routes.set(`GET jobs/${ID}/logs`, { status: 200, body });
}

async function shown(job = succeeded({ spec: {} })): Promise<void> {
  await act(async () => {
    Widget.attach(panel, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
  await act(async () => server.sockets[0]!.say(snapshot(1, [job])));
  await drawn(() => expect(panel.node.querySelector('.jp-Training-logView')).not.toBeNull());
}

test('a log opens at its end with numbers and colours, and one that has ended is asked for once', async () => {
  says('one\n\x1b[31mtwo <i>\x1b[0m\nbar 1\rbar 2\n');
  await shown();
  await drawn(() => expect(rows()).toEqual(['one', 'two <i>', 'bar 2']));
  expect(panel.node.querySelector('.jp-Training-ansi-red')?.textContent).toBe('two <i>');
  expect([...panel.node.querySelectorAll('.jp-Training-logNumber')].map(one => one.textContent)).toEqual(['1', '2', '3']);
  expect(asked()).toHaveLength(1);
  expect(asked()[0]).toContain('tail=');
});

test('of a long log only the lines that can be seen are drawn', async () => {
  says(Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join(''));
  await shown();
  await drawn(() => expect(rows().length).toBeGreaterThan(10));
  expect(rows().length).toBeLessThan(100);
});

const status = (): string => panel.node.querySelector('.jp-Training-logStatus')?.textContent ?? '';

test('the foot says how long a log is, or which part of it is at hand, in sizes as people write them', async () => {
  says('one\ntwo\n', { size: 8 });
  await shown();
  await drawn(() => expect(status()).toBe('2 lines, 8 B'));
});

test('the foot of a long log names the part in megabytes', async () => {
  says('one\ntwo\n', { offset: 2_345_678, next: 2_345_686, size: 5_000_000 });
  await shown();
  await drawn(() => expect(status()).toMatch(/^2\.35 MB to .* of 5 MB$/));
});

test('a log that is written is waited for at its end, and not while it is hidden', async () => {
  says('one\n', { end: false });
  await shown(aJob({ spec: {} }));
  await drawn(() => expect(asked().at(-1)).toContain('offset=4'));
  expect(asked().at(-1)).toContain('wait=');
  says('two\n', { offset: 4, next: 8, size: 8 });
  await drawn(() => expect(rows()).toEqual(['one', 'two']));
  const before = asked().length;
  await act(async () => panel.hide());
  await new Promise(resolve => setTimeout(resolve, 1200)); // longer than its pause: it must not happen
  expect(asked()).toHaveLength(before);
});

test('what is looked for is counted, marked, and gone through by Enter', async () => {
  const text = Array.from({ length: 30 }, (_, line) => `line ${line}\n`).join('');
  says(text);
  const matches = [11, 12].map(line => ({ offset: text.indexOf(`line ${line}\n`), line: line + 1, text: `line ${line}` }));
  server.routes.set(`GET jobs/${ID}/log-matches`, { status: 200, body: { attempt: 1, matches, next: null, next_line: null } });
  await shown();
  await drawn(() => expect(rows().length).toBeGreaterThan(0));
  const box = panel.node.querySelector<HTMLInputElement>('input[type=search]')!;
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(box, 'LINE 1');
    box.dispatchEvent(new Event('input', { bubbles: true }));
  });
  const current = (): string | undefined => panel.node.querySelector('[data-current] .jp-Training-logText')?.textContent?.trim();
  const count = (): string => panel.node.querySelector('.jp-Training-find output')?.textContent ?? '';
  await drawn(() => expect(count()).toBe('1 of 2'));
  await drawn(() => expect(current()).toBe('line 11'));
  expect(panel.node.querySelector('[data-current] .jp-Training-match')?.textContent).toBe('line 1');
  await act(async () => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })));
  await drawn(() => expect(current()).toBe('line 12'));
  await act(async () => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', shiftKey: true, bubbles: true })));
  await drawn(() => expect(count()).toBe('1 of 2'));
});

test('a pattern that is none is said to be none', async () => {
  says('one\n');
  const problem = { type: '', title: '', status: 400, code: 'invalid_usage', detail: 'No regular expression.', hint: null, errors: [] };
  server.routes.set(`GET jobs/${ID}/log-matches`, { status: 400, body: problem });
  await shown();
  const box = panel.node.querySelector<HTMLInputElement>('input[type=search]')!;
  await act(async () => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(box, '(');
    box.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await drawn(() => expect(panel.node.querySelector('.jp-Training-find output')?.textContent).toBe('No regular expression.'));
});

test('a job that has printed nothing says so; axe finds nothing', async () => {
  says('', { attempt: 0, end: false });
  await shown(aJob({ spec: {}, sentence: 'Waits: about to start.' }));
  await drawn(() => expect(panel.node.textContent).toContain('It has printed nothing yet.'));
  const { violations } = await axe.run(panel.node, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(one => one.id)).toEqual([]);
});
