import { nullTranslator } from '@jupyterlab/translation';
import type { KernelSpec } from '@jupyterlab/services';
import { act } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ScriptParameter } from '../src/api/scripts';
import { trainFile } from '../src/commands/trainFile';
import { atFirst, checked, words } from '../src/forms/fields';
import { Session } from '../src/model/session';
import { aJob } from './builders';
import { drawn } from './drawn';
import { aServer } from './server';
import type { FakeServer } from './server';

function aParameter(over: Partial<ScriptParameter> & { name: string }): ScriptParameter {
  return { flags: [`--${over.name}`], type: 'str', default: null, choices: null, required: false, help: null, ...over };
}

const LR = aParameter({ name: 'lr', type: 'float', default: 0.1, help: 'step size' });
const SEED = aParameter({ name: 'seed', type: 'int', required: true });
const MODE = aParameter({ name: 'mode', type: 'choice', choices: ['sgd', 1], default: 'sgd' });
const LIST = aParameter({ name: 'layers', type: 'list', default: [64, 32] });
const FLAG = aParameter({ name: 'verbose', type: 'bool', default: false });

test.each([
  [LR, '0.1', undefined],
  [LR, '', undefined],
  [LR, '1e-3', 0.001],
  [SEED, '7', 7],
  [SEED, ' -7 ', -7],
  [MODE, '1', 1],
  [LIST, '64 32', undefined],
  [LIST, '16 a', [16, 'a']],
  [FLAG, true, true],
  [FLAG, false, undefined],
  [aParameter({ name: 'path' }), 'a b', 'a b']
])('a field is read as its type; what is as before is not sent (%#)', (parameter, given, value) => {
  expect(checked(parameter, given)).toEqual({ ok: true, value });
});

test.each([
  [SEED, '', 'missing'],
  [SEED, '1.5', 'whole'],
  [SEED, '9'.repeat(20), 'whole'],
  [LR, 'fast', 'number'],
  [LR, 'Infinity', 'number'],
  [MODE, 'adam', 'choice']
])('what a field can not hold is refused (%#)', (parameter, given, wrong) => {
  expect(checked(parameter, given)).toEqual({ ok: false, wrong });
});

test('a field begins with the default, as it would be typed', () => {
  expect([LR, SEED, MODE, LIST, FLAG].map(atFirst)).toEqual(['0.1', null, 'sgd', '64 32', false]);
});

test('values with a name of their own are parameters; others are words of the command line', () => {
  const given = [
    [aParameter({ name: 'batch_size', flags: ['-b', '--batch-size'], type: 'int' }), 64],
    [aParameter({ name: 'data', flags: [] }), 'x.csv'],
    [LIST, [16, 8]],
    [FLAG, true],
    [aParameter({ name: 'k', flags: ['-k'] }), 'v'],
    [LR, undefined]
  ] as const;
  expect(words(given, [])).toEqual({
    params: { 'batch-size': 64 },
    args: ['x.csv', '--layers', '16', '8', '--verbose', '-k', 'v']
  });
});

test('a flag that is on is switched off by its own name, or by the negative one', () => {
  const off = (flag: string): readonly string[] =>
    words([[aParameter({ name: 'x', flags: [flag], type: 'bool', default: true }), false]], []).args;
  expect(off('--cuda')).toEqual(['--no-cuda']);
  expect(off('--no-cuda')).toEqual(['--no-cuda']);
  const reads = aParameter({ name: 'deep', type: 'bool', default: false });
  expect(words([[reads, true]], ['Line 3, --deep: type=bool takes every text but the empty one for true.']).args).toEqual(['--deep', 'True']);
});

let server: FakeServer;
let session: Session;
const trans = nullTranslator.load('jupyter_training');
const kernels = {
  ready: Promise.resolve(),
  specs: {
    default: 'python3',
    kernelspecs: {
      r: { name: 'r', language: 'R', display_name: 'R' },
      other: { name: 'other', language: 'python', display_name: 'Other' },
      python3: { name: 'python3', language: 'python', display_name: 'Python 3' }
    }
  }
} as unknown as KernelSpec.IManager;

beforeEach(() => {
  server = aServer();
  session = new Session(server.settings);
  server.routes.set('GET scripts', {
    status: 200,
    body: { path: 'a/train.py', parameters: [LR, SEED], notes: ['Line 9: it has sub-commands.'] }
  });
  server.routes.set('GET pools', { status: 200, body: { pools: [{ name: 'local' }] } });
});

afterEach(() => document.querySelectorAll('.jp-Dialog').forEach(one => one.remove()));

const dialog = (): HTMLElement | null => document.querySelector('.jp-Dialog');
const field = (label: string): HTMLInputElement => {
  const found = [...document.querySelectorAll('label')].find(one => one.textContent?.startsWith(label));
  return document.getElementById(found?.htmlFor ?? '') as HTMLInputElement;
};
const button = (label: string): HTMLButtonElement =>
  [...document.querySelectorAll<HTMLButtonElement>('.jp-Dialog-footer button')].find(one => one.textContent === label)!;

async function type(label: string, words: string): Promise<void> {
  await act(async () => {
    const input = field(label);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, words);
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

test('the form says what is missing, sends what was typed, and gives the job', async () => {
  const answer = trainFile(session, kernels, trans, 'a/train.py');
  await drawn(() => expect(dialog()).not.toBeNull());
  await drawn(() => expect(document.body.textContent).toContain('--seed'));
  expect(dialog()?.textContent).toContain('Line 9: it has sub-commands.');
  expect([...dialog()!.querySelectorAll('option')].map(one => one.textContent)).toEqual(['Python 3', 'Other']);
  await act(async () => button('Train').click());
  await drawn(() => expect(dialog()?.textContent).toContain('The script needs it.'));
  expect(server.requests.some(one => one.method === 'POST')).toBe(false);

  await type('--seed', '7');
  await type('--lr', '0.01');
  await type('priority', '5');
  server.routes.set('POST scripts', { status: 201, body: { job: aJob({ id: 'newjob1234' }), created: true } });
  await act(async () => button('Train').click());
  expect((await answer)?.job?.id).toBe('newjob1234');
  const sent = server.requests.find(one => one.method === 'POST')?.body as Record<string, unknown>;
  expect(sent).toMatchObject({ path: 'a/train.py', params: { seed: 7, lr: 0.01 }, args: [], priority: 5, kernel: 'python3', name: null });
});

test('a refusal is said in the form, what was typed stays, and the same wish keeps its key', async () => {
  const answer = trainFile(session, kernels, trans, 'a/train.py');
  await drawn(() => expect(document.body.textContent).toContain('--seed'));
  await type('--seed', '7');
  const problem = { type: '', title: '', status: 400, code: 'invalid_spec', detail: 'Needs numpy.', hint: null, errors: [] };
  server.routes.set('POST scripts', { status: 400, body: problem });
  await act(async () => button('Train').click());
  await drawn(() => expect(dialog()?.querySelector('[role=alert]')?.textContent).toBe('Needs numpy.'));
  expect(field('--seed').value).toBe('7');
  await act(async () => button('Train').click());
  await drawn(() => expect(server.requests.filter(one => one.method === 'POST')).toHaveLength(2));
  const keys = server.requests.filter(one => one.method === 'POST').map(one => (one.body as { key: string }).key);
  expect(keys[0]).toBe(keys[1]);
  await act(async () => button('Cancel').click());
  expect(await answer).toBeNull();
});

test('a script that is no Python is refused before there is a form', async () => {
  const problem = { type: '', title: '', status: 400, code: 'invalid_spec', detail: 'Line 3 is no Python.', hint: null, errors: [] };
  server.routes.set('GET scripts', { status: 400, body: problem });
  expect(await trainFile(session, kernels, trans, 'a/train.py')).toBeNull();
  expect(dialog()).toBeNull();
});
