import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/api/jobs';
import { sections } from '../src/model/select';
import { Session } from '../src/model/session';
import { aJob, changes, queued, snapshot, succeeded } from './builders';
import { aServer, settle } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let visibility: DocumentVisibilityState;

beforeEach(() => {
  vi.useFakeTimers();
  visibility = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility);
  server = aServer();
  session = new Session(server.settings);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const last = (): FakeServer['sockets'][number] => server.sockets[server.sockets.length - 1]!;
const look = (now: DocumentVisibilityState): void => {
  visibility = now;
  document.dispatchEvent(new Event('visibilitychange'));
};
const at = (seconds: number): string => new Date(1.8e12 + 1000 * seconds).toISOString();
const ended = (id: string, seconds: number, over: Partial<Job> = {}): Job =>
  succeeded({ id, submitted: at(seconds), ended: at(seconds + 1), ...over });
const page = (jobs: Job[], next: string | null): void => {
  server.routes.set('GET jobs', { status: 200, body: { jobs, next, counts: {} } });
};
const recent = (): string => sections(session.state).recent.map(job => job.id).join(' ');

test('a burst of messages is told at once and then once a frame', () => {
  const told = vi.fn();
  session.watch();
  session.subscribe(told);
  for (let n = 1; n <= 100; n += 1) {
    last().say(n === 1 ? snapshot(1, [aJob()]) : changes(n, [aJob({ version: n })]));
  }
  expect(told).toHaveBeenCalledTimes(1);
  expect(session.state.jobs.get('3f2a91bcde')?.version).toBe(100);
  vi.advanceTimersByTime(100);
  expect(told).toHaveBeenCalledTimes(2);
  last().say(changes(101, [aJob({ version: 101 })]));
  expect(told).toHaveBeenCalledTimes(3);
});

test('a hidden page listens to nothing, and goes on from its cursor when it is looked at', () => {
  session.watch();
  last().say(snapshot(7, [aJob()]));
  look('hidden');
  vi.advanceTimersByTime(1000);
  look('visible'); // only a glance away
  vi.advanceTimersByTime(10_000);
  expect(server.sockets).toHaveLength(1);
  look('hidden');
  vi.advanceTimersByTime(10_000);
  expect(last().closed).toBe(true);
  session.watch(); // whatever is drawn meanwhile
  expect(server.sockets).toHaveLength(1);
  look('visible');
  expect(server.sockets).toHaveLength(2);
  expect(last().url).toMatch(/\?after=7$/);
});

test('after a sleep it asks again from its cursor, since the old socket may be dead without a word', () => {
  session.watch();
  last().say(snapshot(7, [aJob()]));
  vi.advanceTimersByTime(60_000);
  expect(server.sockets).toHaveLength(1);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(10_000);
  expect(server.sockets).toHaveLength(2);
  expect(server.sockets[0]?.closed).toBe(true);
  expect(last().url).toMatch(/\?after=7$/);
});

test('the list of ended jobs goes on page by page, and shows nothing behind a gap', async () => {
  session.watch();
  const first = { ...snapshot(1, [ended('c', 30), ended('b', 20)]), counts: { succeeded: 5 } };
  last().say(first);
  session.take([ended('lone', 1)]); // a card has asked for an old one
  expect(recent()).toBe('c b');
  page([ended('c', 30), ended('b', 20), ended('a', 10)], 'page2');
  await session.further('recent');
  expect(recent()).toBe('c b a');
  page([ended('x', 5), ended('lone', 1)], null);
  await session.further('recent');
  expect(recent()).toBe('c b a x lone');
  expect(server.requests.map(one => one.path.split('&').slice(3).join('&'))).toEqual(['limit=400', 'after=page2&limit=200']);
  await session.further('recent');
  expect(server.requests).toHaveLength(2);
});

test('a page that was asked for before a new snapshot is not put behind it', async () => {
  session.watch();
  last().say({ ...snapshot(1, [ended('c', 30)]), counts: { succeeded: 5 } });
  page([ended('c', 30), ended('b', 20)], 'page2');
  await session.further('recent');
  page([ended('a', 10)], null);
  const late = session.further('recent');
  last().say({ ...snapshot(9, [ended('d', 40)]), counts: { succeeded: 6 } });
  await late;
  await settle();
  expect(recent()).toBe('d');
});

test('what waits beyond the first picture is paged in the order in which it starts', async () => {
  session.watch();
  const waits = (id: string, seconds: number): Job => queued({ id, submitted: at(seconds) });
  last().say({ ...snapshot(1, [waits('a', 1), waits('b', 2)]), counts: { queued: 4 } });
  last().say(changes(2, [waits('d', 4)])); // a change to one that is further back
  const queue = (): string => sections(session.state).queued.map(job => job.id).join(' ');
  expect(queue()).toBe('a b');
  page([waits('a', 1), waits('b', 2), waits('c', 3), waits('d', 4)], null);
  await session.further('queue');
  expect(queue()).toBe('a b c d');
  expect(server.requests[0]?.path).toContain('sort=queue');
});

test('a list in which nothing changed is the same list', () => {
  session.watch();
  last().say(snapshot(1, [aJob({ id: 'a' }), ended('b', 2), ended('c', 3)]));
  const before = sections(session.state);
  last().say(changes(2, [aJob({ id: 'a', version: 2 })]));
  const after = sections(session.state, before);
  expect(after.recent).toBe(before.recent);
  expect(after.running[0]?.version).toBe(2);
});
