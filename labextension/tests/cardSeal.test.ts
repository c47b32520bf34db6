/** The saved output is told the end of its job: once, after the kernel had its chance, and no other output. */
import type { IDisposable } from '@lumino/disposable';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Session } from '../src/model/session';
import { ending } from '../src/renderers/job/lines';
import { sealAtEnd } from '../src/renderers/job/seal';
import { still } from '../src/renderers/job/still';
import { JOB_MIME } from '../src/tokens';
import { STORE, aJob, aMetric, changes, snapshot, succeeded } from './builders';
import { aServer, settle, until } from './server';
import type { FakeServer } from './server';

const PATIENCE_MS = 40;
const ID = '3f2a91bcde';

/** An output as a notebook has it; counts how often it was changed. */
class Output {
  changes = 0;
  metadata = {};
  data: Record<string, unknown> = {
    'text/plain': 'digits · 3f2a91 running',
    'text/html': '<b>running</b>',
    [JOB_MIME]: { store: STORE, job: ID }
  };
  setData(options: { data?: Record<string, unknown> }): void {
    this.changes += 1;
    this.data = options.data ?? this.data;
  }
}

let server: FakeServer;
let session: Session;
let output: Output;
let watching: IDisposable;
let sealing: IDisposable;

beforeEach(async () => {
  server = aServer();
  session = new Session(server.settings);
  output = new Output();
  const series = [{ name: 'loss', source: 'report', count: 2, sampled: false, points: [[0, 0, 1], [1, 1, 0.5]] }]; // prettier-ignore
  server.routes.set(`GET jobs/${ID}/metrics`, { status: 200, body: { job: ID, series } });
  watching = session.watch();
  sealing = sealAtEnd(session, { store: STORE, job: ID }, () => output as never, PATIENCE_MS);
  await until(() => expect(server.sockets).toHaveLength(1));
});

afterEach(() => {
  sealing.dispose();
  watching.dispose();
});

const ended = (): void => server.sockets[0]!.say(snapshot(2, [succeeded({ metrics: { loss: aMetric(0.5) } })]));
const past = (): Promise<unknown> => new Promise(resolve => setTimeout(resolve, 3 * PATIENCE_MS));

test('one that is tried again is told its new end', async () => {
  ended();
  await until(() => expect(output.changes).toBe(1));
  server.sockets[0]!.say(changes(3, [aJob({ version: 2 })]));
  const failed = succeeded({ version: 3, state: 'failed', phase: 'failed', sentence: 'Failed: no.' });
  server.sockets[0]!.say(changes(4, [failed]));
  await until(() => expect(output.changes).toBe(2));
  expect(output.data['text/plain']).toContain('failed');
});

test('nothing is written while the job runs', async () => {
  server.sockets[0]!.say(snapshot(1, [aJob()]));
  await past();
  expect(output.changes).toBe(0);
  expect(server.requests).toEqual([]);
});

test('at the end the text and the HTML say it, and the ids stay', async () => {
  ended();
  await until(() => expect(output.changes).toBe(1));
  expect(output.data['text/plain']).toContain('digits · 3f2a91 succeeded   in 12 s; best loss 0.1 at step 2.');
  expect(output.data['text/html']).toContain('<img alt="loss: 2 points from 1 to 0.5"');
  expect(output.data[JOB_MIME]).toEqual({ store: STORE, job: ID });
});

test('it is written once, whatever is said of the job later', async () => {
  ended();
  await until(() => expect(output.changes).toBe(1));
  server.sockets[0]!.say(snapshot(3, [succeeded({ version: 9 })]));
  await past();
  expect(output.changes).toBe(1);
});

test('what the kernel has written meanwhile stays', async () => {
  ended();
  const done = session.state.jobs.get(ID)!;
  output.data = { ...output.data, 'text/plain': still(done, new Map(), ending('')).text };
  await past();
  expect(output.changes).toBe(0);
});

test('what was saved of an earlier attempt that ended so gives way to the newer end', async () => {
  output.data = { ...output.data, 'text/plain': 'digits · 3f2a91 failed   ValueError: old.   %train logs 3f2a91' };
  server.sockets[0]!.say(snapshot(2, [succeeded({ state: 'failed', phase: 'failed', sentence: 'Failed: ValueError: new.' })]));
  await until(() => expect(output.changes).toBe(1));
  expect(output.data['text/plain']).toContain('ValueError: new.');
});

test('an output that has become another job’s is left alone', async () => {
  ended();
  output.data = { ...output.data, [JOB_MIME]: { store: STORE, job: 'another1' } };
  await past();
  expect(output.changes).toBe(0);
});

test('a job of another store ends without a word', async () => {
  server.sockets[0]!.say(snapshot(2, [succeeded()], 'elsewhere1'));
  await past();
  expect(output.changes).toBe(0);
});

test('an output that is gone is not written', async () => {
  ended();
  sealing.dispose();
  await past();
  await vi.waitFor(settle);
  expect(output.changes).toBe(0);
});
