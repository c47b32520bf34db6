/** What comes of a training: its fork, what continues from a checkpoint of it, and itself extended. */
import { nullTranslator } from '@jupyterlab/translation';
import { beforeEach, expect, test } from 'vitest';
import type { Checkpoint } from '../src/api/checkpoints';
import { again, configOf } from '../src/commands/again';
import { offset } from '../src/forms/AgainForm';
import { changed, read } from '../src/forms/params';
import { Session } from '../src/model/session';
import { best } from '../src/panels/detail/Checkpoints';
import { succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogue draws when it likes

const trans = nullTranslator.load('jupyter_training');
const ID = 'old0000001';
const JOB = succeeded({
  id: ID,
  name: 'digits',
  params: { lr: 0.1, epochs: 20, optimizer: 'sgd', layers: [64, 32] },
  checkpoint: { step: 20, created: '2026-11-21T10:00:05Z', count: 2 },
  spec: { resources: { slots: 1, gpus: 0, memory: null }, timeout: null, retries: { max: 0, on: ['error'] }, tags: {} }
});

let server: FakeServer;
let session: Session;

beforeEach(() => {
  document.body.textContent = '';
  server = aServer();
  session = new Session(server.settings);
  server.routes.set(`GET jobs/${ID}`, { status: 200, body: JOB });
});

function aCheckpoint(name: string, step: number, over: Partial<Checkpoint> = {}): Checkpoint {
  return {
    name,
    step,
    attempt: 1,
    created: '2026-11-21T10:00:05Z',
    size: 1000,
    files: 1,
    kind: 'torch',
    metric: null,
    state: 'kept',
    place: null,
    seconds: 0.1,
    ...over
  };
}

async function open(label: string): Promise<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement> {
  let found: Element | null = null;
  await until(() => {
    const named = [...document.querySelectorAll('.jp-Training-form label')].find(one => one.textContent === label);
    found = named === undefined ? null : document.getElementById(named.getAttribute('for') ?? '');
    expect(found).not.toBeNull();
  });
  return found! as HTMLInputElement;
}

async function type(label: string, text: string): Promise<void> {
  const field = await open(label);
  const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field) as object, 'value');
  own?.set?.call(field, text); // React keeps a setter of its own on the field
  field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true }));
}

const accept = (): void => document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')?.click();
const sent = (path: string): Record<string, unknown> | undefined =>
  server.requests.find(one => one.path === `jobs/${ID}/${path}`)?.body as Record<string, unknown> | undefined;

test('a fork sends what was changed, and no more', async () => {
  server.routes.set(`POST jobs/${ID}/fork`, { status: 200, body: { job: succeeded({ id: 'new0000001' }), created: true, reused: false, notes: [] } });
  const made = again(session, trans, 'fork', ID, null);
  await type('name', 'digits-slow');
  await type('lr', '0.01');
  accept();
  expect(await made).toBe('new0000001');
  expect(sent('fork')).toMatchObject({ name: 'digits-slow', params: { lr: 0.01 }, config: null });
  expect(session.state.jobs.has('new0000001')).toBe(true);
});

test('what is wrong with the config is said with line and column, its place is selected, and nothing typed is lost', async () => {
  const entry = { detail: "'prioritty' is not a key", key: 'prioritty', line: 2, column: 1, hint: "Did you mean 'priority'?" };
  server.routes.set(`POST jobs/${ID}/fork`, {
    status: 422,
    body: { type: '', title: '', status: 422, code: 'invalid_spec', detail: 'config, line 2', hint: null, errors: [entry] }
  });
  const made = again(session, trans, 'fork', ID, null);
  await type('Config', 'pool: local\nprioritty: 3\n');
  accept();
  await until(() => expect(document.querySelector('.jp-Training-form')?.textContent).toContain("Line 2, column 1: 'prioritty' is not a key. Did you mean 'priority'?"));
  const area = document.querySelector('textarea')!;
  expect(area.value.slice(area.selectionStart, area.selectionEnd)).toBe('prioritty');
  expect(area.getAttribute('aria-invalid')).toBe('true');
  expect(sent('fork')?.config).toEqual({ name: 'config', text: 'pool: local\nprioritty: 3\n' });
  document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-reject')?.click();
  expect(await made).toBeNull();
});

test('a continuation names its checkpoint; damaged and deleted ones are not offered', async () => {
  const checkpoints = [aCheckpoint('c20', 20), aCheckpoint('c10', 10, { metric: 0.5 }), aCheckpoint('c5', 5, { state: 'deleted' })];
  const keep = { experiment_best: 0, trial_best: 1, trial_latest: 1 };
  server.routes.set(`GET jobs/${ID}/checkpoints`, { status: 200, body: { checkpoints, keep, metric: 'loss', mode: 'min' } });
  server.routes.set(`POST jobs/${ID}/continue`, { status: 200, body: { job: succeeded({ id: 'new0000001' }), created: true, reused: false, notes: ['It begins with it.'] } });
  const made = again(session, trans, 'continue', ID, 'c10');
  const field = await open('checkpoint');
  expect((field as HTMLSelectElement).value).toBe('c10');
  expect([...field.querySelectorAll('option')].map(one => one.textContent?.split(' · ')[0])).toEqual(['step 20', 'step 10']);
  accept();
  expect(await made).toBe('new0000001');
  expect(sent('continue')).toMatchObject({ checkpoint: 'c10', params: {}, config: null });
});

test('an extension has parameters alone, and says from which step it goes on', async () => {
  server.routes.set(`POST jobs/${ID}/resume`, { status: 200, body: { job: JOB, created: false, reused: false, notes: [] } });
  const made = again(session, trans, 'extend', ID, null);
  await type('epochs', '30');
  expect(document.querySelector('.jp-Training-form')?.textContent).toContain('from step 20');
  expect(document.querySelector('textarea')).toBeNull();
  accept();
  expect(await made).toBe(ID);
  expect(sent('resume')).toEqual({ params: { epochs: 30 }, secrets: {}, key: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
});

test('the values of its secrets are asked for, sent with it, and shown to nobody', async () => {
  server.routes.set(`GET jobs/${ID}`, { status: 200, body: { ...JOB, spec: { ...JOB.spec, environment: { pass_env: ['HF_TOKEN'] } } } });
  server.routes.set(`POST jobs/${ID}/fork`, { status: 200, body: { job: succeeded({ id: 'new0000001' }), created: true, reused: false, notes: [] } });
  const made = again(session, trans, 'fork', ID, null);
  const field = await open('HF_TOKEN *');
  expect(field.getAttribute('type')).toBe('password');
  expect(field.getAttribute('autocomplete')).toBe('new-password');
  accept();
  await until(() => expect(field.getAttribute('aria-invalid')).toBe('true'));
  expect(sent('fork')).toBeUndefined();
  await type('HF_TOKEN *', 'hf-very-secret');
  accept();
  await made;
  expect(sent('fork')?.secrets).toEqual({ HF_TOKEN: 'hf-very-secret' });
  expect(JSON.stringify([...session.state.jobs])).not.toContain('hf-very-secret');
});

test('a secret that only the config names is asked for when the server misses it', async () => {
  const problem = {
    type: '',
    title: '',
    status: 422,
    code: 'invalid_spec',
    detail: 'environment.pass_env: A_KEY, B_KEY has no value where you submit from.',
    hint: null,
    errors: [{ detail: 'A_KEY, B_KEY', key: 'environment.pass_env', line: null, column: null, hint: null }]
  };
  server.routes.set(`POST jobs/${ID}/fork`, { status: 422, body: problem });
  const made = again(session, trans, 'fork', ID, null);
  await type('Config', 'environment: {pass_env: [A_KEY, B_KEY]}\n');
  accept();
  await type('A_KEY *', 'a');
  expect((await open('A_KEY *')).getAttribute('aria-invalid')).toBe('false');
  expect((await open('B_KEY *')).getAttribute('aria-invalid')).toBe('true');
  await type('B_KEY *', 'b');
  server.routes.set(`POST jobs/${ID}/fork`, { status: 200, body: { job: succeeded({ id: 'new0000001' }), created: true, reused: false, notes: [] } });
  accept();
  expect(await made).toBe('new0000001');
  expect((server.requests[server.requests.length - 1]?.body as { secrets: unknown }).secrets).toEqual({ A_KEY: 'a', B_KEY: 'b' });
});

test('one that is paused has its values still', async () => {
  const paused = { ...JOB, state: 'paused', phase: 'paused', spec: { environment: { pass_env: ['HF_TOKEN'] } } };
  server.routes.set(`GET jobs/${ID}`, { status: 200, body: paused });
  server.routes.set(`POST jobs/${ID}/resume`, { status: 200, body: { job: JOB, created: false, reused: false, notes: [] } });
  const made = again(session, trans, 'extend', ID, null);
  await open('HF_TOKEN');
  accept();
  await made;
  expect(sent('resume')?.secrets).toEqual({});
});

test('a parameter is read as what it was, and what can not be read is not sent', async () => {
  expect(read('1e-4', 0.1)).toEqual({ ok: true, value: 1e-4 });
  expect(read('fast', 0.1)).toEqual({ ok: false, wrong: 'number' });
  expect(read('12', 'sgd')).toEqual({ ok: true, value: '12' });
  expect(read('false', true)).toEqual({ ok: true, value: false });
  expect(read('[1', [64])).toEqual({ ok: false, wrong: 'json' });
  expect(changed({ lr: '0.1', epochs: '30' }, { lr: 0.1, epochs: 20 })).toEqual({ epochs: 30 });
  expect(changed({ lr: 'x' }, { lr: 0.1 })).toBeNull();
});

test('the config that is shown leaves out what has no value', () => {
  expect(configOf(JOB)).toBe('pool: local\npriority: 42\nresources:\n  slots: 1\n  gpus: 0\nretries:\n  max: 0\n  "on":\n    - error\n');
});

test('a line and a column are a place in a text', () => {
  expect(offset('ab\ncd', 2, 2)).toBe(4);
  expect(offset('ab', 1, 1)).toBe(0);
});

test('the best checkpoint is the later one of equals, and a good one', () => {
  const checkpoints = [aCheckpoint('a', 5, { metric: 0.5 }), aCheckpoint('b', 10, { metric: 0.5 }), aCheckpoint('c', 15, { metric: 0.1, state: 'corrupt' }), aCheckpoint('d', 20)];
  const keep = { experiment_best: 0, trial_best: 1, trial_latest: 1 };
  expect(best({ checkpoints, keep, metric: 'loss', mode: 'min' })?.name).toBe('b');
  expect(best({ checkpoints: [], keep, metric: null, mode: 'max' })).toBeNull();
});
