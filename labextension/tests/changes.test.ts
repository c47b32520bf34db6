import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Session } from '../src/model/session';
import { aJob, changes, snapshot } from './builders';
import { aServer, settle } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  server = aServer();
  session = new Session(server.settings);
});

afterEach(() => vi.useRealTimers());

const last = () => server.sockets[server.sockets.length - 1]!;

test('nobody watches: no stream', () => {
  expect(server.sockets).toHaveLength(0);
});

test('many watchers share one stream, and it closes after the last has left', () => {
  const first = session.watch();
  const second = session.watch();
  expect(server.sockets).toHaveLength(1);
  expect(last().url).toBe('ws://lab.test/user/ada/jupyter-training/api/v1/changes');
  first.dispose();
  vi.advanceTimersByTime(10_000);
  expect(last().closed).toBe(false);
  second.dispose();
  vi.advanceTimersByTime(10_000);
  expect(last().closed).toBe(true);
  expect(session.state.link.kind).toBe('idle');
});

test('after a loss it goes on from the last change it has seen, waiting longer each time', async () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  last().say(changes(9, [aJob({ version: 2 })]));
  server.answer = 'unreachable';
  last().drop();
  await settle();
  expect(session.state.link).toMatchObject({ kind: 'lost', trouble: { code: 'unreachable' } });
  expect(session.state.jobs.size).toBe(1);

  vi.advanceTimersByTime(700);
  expect(server.sockets).toHaveLength(2);
  expect(last().url).toMatch(/changes\?after=9$/);
  last().drop();
  await settle();
  vi.advanceTimersByTime(700);
  expect(server.sockets).toHaveLength(2); // now it waits a second at least 3/4 of it
  vi.advanceTimersByTime(700);
  expect(server.sockets).toHaveLength(3);

  last().say(changes(12, [aJob({ version: 3 })]));
  expect(session.state.link.kind).toBe('live');
});

async function lostAndOpenAgain(store: string): Promise<void> {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  server.answer = 'unreachable';
  last().drop();
  await settle();
  expect(session.state.link.kind).toBe('lost');
  vi.advanceTimersByTime(700);
  server.answer = { status: 200, body: { store } };
  last().onopen?.();
  await settle();
}

test('a stream that goes on with nothing new is live', async () => {
  await lostAndOpenAgain('store0001');
  expect(session.state.link.kind).toBe('live');
  expect(server.sockets).toHaveLength(2);
});

test('when another store answers, it begins anew: its numbers mean other things', async () => {
  await lostAndOpenAgain('store0002');
  expect(server.sockets).toHaveLength(3);
  expect(last().url).toMatch(/changes$/);
  last().say(snapshot(4, [], 'store0002'));
  expect(session.state.store).toBe('store0002');
});

test('changes of another store are not taken for ours', () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  last().say(changes(9, [aJob({ id: 'z' })], 'store0002'));
  expect(server.sockets).toHaveLength(2);
  expect(session.state.jobs.has('z')).toBe(false);
});

test('resync begins anew with a snapshot', () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  last().say({ type: 'resync', store: 'store0001', n: 90, changes: [], jobs: [], counts: {} });
  expect(server.sockets).toHaveLength(2);
  expect(last().url).toMatch(/changes$/);
});

test('a socket that is no longer ours is not listened to', () => {
  session.watch();
  const old = last();
  session.refresh();
  old.say(snapshot(1, [aJob()]));
  expect(session.state.known).toBe(false);
});

test('a server without the extension is named, with what to do', async () => {
  server.answer = { status: 404, body: {} };
  session.watch();
  last().drop();
  await settle();
  expect(session.state.link).toMatchObject({ kind: 'lost', trouble: { code: 'no_extension' } });
});

test('a token goes into the address only where the server wants it there', () => {
  const withToken = new Session({ ...server.settings, token: 'abc', appendToken: true });
  withToken.watch();
  expect(last().url).toMatch(/\?token=abc$/);
});

test("a refusal is thrown with the server's sentence, and the answers of the others are kept", async () => {
  const stopped = aJob({ id: 'b', desired: 'cancel', phase: 'stopping', version: 5 });
  const problem = { type: '', title: '', status: 409, code: 'illegal_verb', detail: 'It has ended.', hint: null, errors: [] };
  server.answer = {
    status: 200,
    body: { results: [{ id: 'a', ok: false, job: null, problem }, { id: 'b', ok: true, job: stopped, problem: null }] }
  };
  await expect(session.act('cancel', ['a', 'b'])).rejects.toThrow('It has ended.');
  expect(session.state.jobs.get('b')?.phase).toBe('stopping');
  expect(server.requests[0]).toEqual({ method: 'POST', path: 'verbs', body: { verb: 'cancel', jobs: ['a', 'b'] } });
});
