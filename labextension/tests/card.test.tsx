import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Session } from '../src/model/session';
import { JobOutput } from '../src/renderers/job/host';
import { readReference } from '../src/renderers/job/reference';
import { JOB_MIME } from '../src/tokens';
import { STORE, aJob, aMetric, snapshot, succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let output: JobOutput;

beforeEach(() => {
  server = aServer();
  session = new Session(server.settings);
  const { sanitizer } = new RenderMimeRegistry();
  output = new JobOutput(() => Promise.resolve(session), nullTranslator.load('jupyter_training'), sanitizer);
});

afterEach(() => act(() => output.dispose()));

async function drawn(store = STORE, job = '3f2a91bcde'): Promise<void> {
  const data = {
    [JOB_MIME]: { store, job },
    'text/html': '<b>saved words</b><script>window.bad = 1</script>',
    'text/plain': 'saved'
  };
  await act(async () => {
    await output.renderModel({ data } as never);
    Widget.attach(output, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
}

async function says(message: ReturnType<typeof snapshot>): Promise<void> {
  await act(async () => server.sockets[0]!.say(message));
}

test('until the server has answered, it shows what the notebook saved, without its scripts', async () => {
  await drawn();
  expect(output.node.querySelector('b')?.textContent).toBe('saved words');
  expect(output.node.querySelector('script')).toBeNull();
});

test('it becomes the live card: phase, name, figures, progress, and a way to stop', async () => {
  await drawn();
  const metrics = { loss: aMetric(0.131, { count: 1 }) };
  await says(snapshot(1, [aJob({ metrics, progress: { done: 13, total: 40, unit: 'epoch', text: '' } })]));
  const words = output.node.textContent ?? '';
  expect(words).toContain('running');
  expect(words).toContain('digits');
  expect(words).toContain('loss 0.131 ↓ best 0.1 at 2');
  expect(words).toContain('epoch 13 / 40');
  expect(output.node.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('33');
  expect(output.node.querySelector('.jp-Training-button')?.textContent).toBe('Stop');
});

test('an ended job says how it ended and cannot be stopped', async () => {
  await drawn();
  await says(snapshot(1, [succeeded({ phase: 'failed', state: 'failed', sentence: 'Failed: ValueError.' })]));
  expect(output.node.textContent).toContain('Failed: ValueError.');
  expect(output.node.querySelector('.jp-Training-button')).toBeNull();
});

test('a job of another store stays as saved, and both stores are named', async () => {
  await drawn('elsewhere1');
  await says(snapshot(1, [aJob()]));
  expect(output.node.textContent).toContain('saved words');
  expect(output.node.textContent).toContain('elsewher');
  expect(output.node.textContent).toContain('store000');
  expect(server.requests).toHaveLength(0);
});

test('a job that the store no longer has is asked for once', async () => {
  const problem = { type: '', title: '', status: 404, code: 'unknown_job', detail: 'No such job.', hint: null, errors: [] };
  server.answer = { status: 404, body: problem };
  await drawn();
  await says(snapshot(1, []));
  await act(() => until(() => expect(session.state.missing.size).toBe(1)));
  await says(snapshot(1, []));
  expect(output.node.textContent).toContain('no longer has the job');
});

test('an older job, not in the snapshot, is fetched', async () => {
  server.answer = { status: 200, body: succeeded() };
  await drawn();
  await says(snapshot(1, []));
  await act(() => until(() => expect(session.state.jobs.size).toBe(1)));
  expect(server.requests.map(one => one.path)).toEqual(['jobs/3f2a91bcde']);
  expect(output.node.textContent).toContain('succeeded');
});

test('the same output rendered again goes on as it is', async () => {
  await drawn();
  await says(snapshot(1, [aJob()]));
  const card = output.node.querySelector('article');
  await act(() => output.renderModel({ data: { [JOB_MIME]: { store: STORE, job: '3f2a91bcde' } } } as never));
  expect(output.node.querySelector('article')).toBe(card);
});

test.each([null, 'text', {}, { store: 'a' }, { store: 'a', job: '../etc' }, { store: 'a', job: 7 }])(
  '%j is no reference to a job',
  data => {
    expect(readReference(data)).toBeNull();
  }
);
