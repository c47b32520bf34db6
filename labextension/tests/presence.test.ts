import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/api/jobs';
import { Session } from '../src/model/session';
import { attend } from '../src/presence/attend';
import { RunningTrainings } from '../src/presence/running';
import { StatusItem } from '../src/presence/status';
import { CommandIds } from '../src/tokens';
import { aJob, anExperiment, changes, queued, snapshot, succeeded, endedExperiment } from './builders';
import { aServer, settle, until } from './server';
import type { FakeServer } from './server';

const trans = nullTranslator.load('jupyter_training');
let server: FakeServer;
let session: Session;
let commands: CommandRegistry;
let status: StatusItem;
let running: RunningTrainings;
let presence: IDisposable;
let chosen: { notifications: string; statusBar: boolean };
const note = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  Notification.dismiss();
  server = aServer();
  server.routes.set('GET info', { status: 200, body: { store: 'store0001', user: 'ada' } });
  session = new Session(server.settings);
  commands = new CommandRegistry();
  status = new StatusItem(trans, () => undefined);
  running = new RunningTrainings({ commands }, { session: () => Promise.resolve(session), known: () => session, whenLoaded: then => then(session), trans });
  chosen = { notifications: 'all', statusBar: true };
  const settings = {
    get: (name: keyof typeof chosen) => ({ composite: chosen[name] }),
    changed: new Signal({})
  } as unknown as Parameters<typeof attend>[0]['settings'];
  presence = attend({ app: { commands }, session, trans, settings, status, running, hasBar: true, note });
});

afterEach(() => {
  presence.dispose();
  vi.useRealTimers();
});

const said = (): string[] => Notification.manager.notifications.map(one => `${one.type}: ${one.message}`);
const failed = (over: Partial<Job>): Job => succeeded({ state: 'failed', phase: 'failed', sentence: 'ValueError: no.', ...over });
const socket = (): (typeof server.sockets)[number] => server.sockets[server.sockets.length - 1]!;

test('the status bar counts what runs and waits, and is empty when nothing does', () => {
  socket().say({ ...snapshot(1, [aJob({ id: 'a' })]), counts: { running: 1, queued: 3, succeeded: 9 } });
  expect(status.node.textContent).toBe('Training: 1 running, 3 queued');
  expect(status.isActive).toBe(true);
  socket().say({ ...changes(2, [succeeded({ id: 'a', version: 2 })]), counts: { succeeded: 10 } });
  return until(() => expect(status.isActive).toBe(false));
});

test('it listens while something is unfinished, and no longer', () => {
  vi.useFakeTimers();
  socket().say(snapshot(1, [aJob({ id: 'a' })]));
  vi.advanceTimersByTime(60_000);
  expect(socket().closed).toBe(false);
  expect(note).toHaveBeenLastCalledWith(true);
  socket().say(changes(2, [succeeded({ id: 'a', version: 2 })]));
  vi.advanceTimersByTime(60_000);
  expect(socket().closed).toBe(true);
  expect(note).toHaveBeenLastCalledWith(false);
});

test('with neither count nor notifications nothing is listened to', () => {
  vi.useFakeTimers();
  chosen = { notifications: 'none', statusBar: false };
  socket().say(snapshot(1, [aJob({ id: 'a' })]));
  vi.advanceTimersByTime(60_000);
  expect(socket().closed).toBe(true);
  expect(status.isActive).toBe(false);
});

test('the end of a job that was seen unfinished is said, with what can be done; of others it is not', async () => {
  const log = vi.fn();
  commands.addCommand(CommandIds.log, { describedBy: { args: {} }, execute: args => log(args) as unknown });
  socket().say(snapshot(1, [aJob({ id: 'abcdefghij', name: 'mine' }), aJob({ id: 'b', user: 'bob' }), failed({ id: 'old' })]));
  socket().say(
    changes(2, [
      failed({ id: 'abcdefghij', name: 'mine', version: 2 }),
      failed({ id: 'b', user: 'bob', version: 2 }),
      succeeded({ id: 'never-seen' })
    ])
  );
  await until(() => expect(said()).toEqual(['error: mine · abcdef: ValueError: no.']));
  const actions = Notification.manager.notifications[0]?.options.actions ?? [];
  expect(actions.map(one => one.label)).toEqual(['Log']);
  actions[0]?.callback(new MouseEvent('click'));
  expect(log).toHaveBeenCalledWith({ job: 'abcdefghij' });
});

test('only failures, or nothing, where the settings say so; a stop by hand is no news', async () => {
  chosen = { ...chosen, notifications: 'failures' };
  socket().say(snapshot(1, [aJob({ id: 'a' }), aJob({ id: 'b' }), aJob({ id: 'c' })]));
  socket().say(
    changes(2, [
      succeeded({ id: 'a', version: 2 }),
      failed({ id: 'b', name: 'bad', version: 2 }),
      succeeded({ id: 'c', version: 2, state: 'canceled', phase: 'canceled' })
    ])
  );
  await until(() => expect(said()).toEqual(['error: bad · b: ValueError: no.']));
});

test('many ends at once are one line', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  socket().say(snapshot(1, ids.map(id => aJob({ id }))));
  socket().say(changes(2, ids.map(id => (id === 'd' ? failed({ id, version: 2 }) : succeeded({ id, version: 2 })))));
  await until(() => expect(said()).toEqual(['warning: 4 trainings have ended: 3 succeeded, 1 failed.']));
});

test("JupyterLab's running panel lists what runs, and its Stop asks the server", async () => {
  const stop = vi.fn();
  const changed = vi.fn();
  running.runningChanged.connect(changed);
  commands.addCommand(CommandIds.stop, { describedBy: { args: {} }, execute: args => stop(args) as unknown });
  socket().say(snapshot(1, [aJob({ id: 'a', name: 'digits' }), queued({ id: 'b' })]));
  expect(running.running().map(item => item.label())).toEqual(['digits']);
  expect(changed).toHaveBeenCalledTimes(1);
  running.running()[0]?.shutdown?.();
  running.shutdownAll();
  await settle();
  expect(stop.mock.calls).toEqual([[{ job: 'a' }], [{ jobs: ['a'] }]]);
});

test('a search counts as one that runs, ends with its sentence, and its trials end without a word', async () => {
  socket().say({ ...snapshot(1, [], undefined, [anExperiment()]), counts: {} });
  expect(status.node.textContent).toBe('Training: 1 running');
  expect(running.running().map(one => one.label())).toEqual(['sweep']);
  session.take([aJob({ id: 'trial2', experiment: '7c1e2d3f4a', trial: 2 })]); // somebody looks at it
  const ended = succeeded({ id: 'trial2', experiment: '7c1e2d3f4a', trial: 2, version: 2 });
  socket().say(changes(2, [ended], undefined, [endedExperiment({ version: 2 })]));
  await until(() => expect(said()).toEqual(['success: sweep · 7c1e2d: Succeeded after 12 trials; best val_accuracy 0.941 in trial 2.']));
  expect(status.isActive).toBe(false);
});
