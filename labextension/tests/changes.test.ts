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
  await settle();
  expect(server.sockets).toHaveLength(1); // no socket while nobody answers
  server.answer = { status: 200, body: { store: 'store0001' } };
  vi.advanceTimersByTime(700);
  expect(server.requests).toHaveLength(2); // now it waits a second, at least 3/4 of it
  vi.advanceTimersByTime(700);
  await settle();
  expect(server.sockets).toHaveLength(2);
  expect(last().url).toMatch(/changes\?after=9$/);

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
  server.answer = { status: 200, body: { store } };
  vi.advanceTimersByTime(700);
  await settle();
  last().onopen?.();
  await settle();
}

test('a stream that goes on with nothing new is live', async () => {
  await lostAndOpenAgain('store0001');
  expect(session.state.link.kind).toBe('live');
  expect(server.sockets).toHaveLength(2);
});

/** Let time go by as it does: what is asked for meanwhile is answered. */
async function pass(ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 50) {
    vi.advanceTimersByTime(50);
    await settle();
  }
}

const probes = (): number => server.requests.filter(one => one.path === 'info').length;

test.each([0, 0.5, 1])('a page that was live is back within two seconds, however long the server was away (jitter %d)', async jitter => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(jitter);
  session.watch();
  last().say(snapshot(4, [aJob()]));
  server.answer = 'unreachable';
  last().drop();
  for (const away of [700, 5000, 60_000, 300_000]) {
    server.answer = 'unreachable';
    const [before, opened] = [probes(), server.sockets.length];
    await pass(away);
    expect(session.state.link).toMatchObject({ kind: 'lost', trouble: { code: 'unreachable' } }); // which all views say
    expect(server.sockets).toHaveLength(opened);
    expect(probes() - before).toBeLessThanOrEqual(2 + away / 1000); // it does not hammer
    server.answer = { status: 200, body: { store: 'store0001' } };
    await pass(2000);
    expect(server.sockets).toHaveLength(opened + 1);
    last().onopen?.();
    await settle();
    expect(session.state.link.kind).toBe('live');
    server.answer = 'unreachable';
    last().drop();
    await settle();
  }
  random.mockRestore();
});

test('a server that stays away is asked less and less, and at once when somebody comes back to the page', async () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  server.answer = 'unreachable';
  last().drop();
  await pass(15 * 60_000);
  const before = probes();
  await pass(60_000);
  expect(probes() - before).toBeLessThanOrEqual(3);
  server.answer = { status: 200, body: { store: 'store0001' } };
  window.dispatchEvent(new Event('focus'));
  await settle();
  expect(server.sockets).toHaveLength(2);
});

test('a server that answers and takes no socket is not hammered', async () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  server.answer = { status: 200, body: { store: 'store0001' } };
  for (let second = 0; second < 120; second += 1) {
    last().drop();
    await pass(1000);
  }
  expect(server.sockets.length).toBeLessThan(12);
});

test('a server that gives no answer at all is asked again', async () => {
  session.watch();
  last().say(snapshot(4, [aJob()]));
  const { settings } = server;
  const answers = settings.fetch;
  Object.assign(settings, {
    fetch: (input: Request) => new Promise((_, no) => input.signal.addEventListener('abort', () => no(new Error('aborted'))))
  });
  last().drop();
  await pass(4500);
  expect(session.state.link).toMatchObject({ kind: 'lost', trouble: { code: 'unreachable' } });
  Object.assign(settings, { fetch: answers });
  server.answer = { status: 200, body: { store: 'store0001' } };
  await pass(6000); // the question under way is given up first
  expect(server.sockets).toHaveLength(2);
});

test('a page that was never live does not wait in haste', async () => {
  session.watch();
  server.answer = { status: 404, body: {} };
  last().drop();
  await pass(5 * 60_000);
  expect(probes()).toBeLessThan(18);
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
  last().say({ type: 'resync', store: 'store0001', n: 90, changes: [], jobs: [], counts: {}, experiments: [] });
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
