/** Verbs on one job and on many: what is asked before, what is sent, and what is said after. */
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { summary, wish, wished } from '../src/commands/wish';
import type { ItemResult, Job } from '../src/api/jobs';
import { Session } from '../src/model/session';
import { Actions } from '../src/parts/Actions';
import { RoomProvider } from '../src/parts/room';
import { Quiet, attemptWords } from '../src/parts/Standing';
import { aJob, anAttempt, snapshot, succeeded } from './builders';
import { drawn } from './drawn';
import { aServer, until } from './server';
import type { FakeServer } from './server';

const trans = nullTranslator.load('jupyter_training');
let server: FakeServer;
let session: Session;
let root: Root;
let place: HTMLElement;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  Notification.dismiss();
  server = aServer();
  session = new Session(server.settings);
  place = document.createElement('div');
  document.body.append(place);
  root = createRoot(place);
});

afterEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  act(() => root.unmount());
  document.body.textContent = '';
  vi.useRealTimers();
});

function answers(...results: Partial<ItemResult>[]): void {
  server.routes.set('POST verbs', { status: 200, body: { results: results.map(one => ({ job: null, problem: null, ...one })) } });
}

function refused(id: string, code: string, detail: string): Partial<ItemResult> {
  return { id, ok: false, problem: { type: '', title: '', status: 409, code, detail, hint: null, errors: [] } };
}

const bodies = (): unknown[] => server.requests.filter(one => one.path === 'verbs').map(one => one.body);
const said = (): string[] => Notification.manager.notifications.map(one => one.message);
const button = (words: string): HTMLButtonElement | undefined =>
  [...document.querySelectorAll('button')].find(one => one.textContent?.trim() === words);

async function draw(job: Job, what = <Actions job={job} />): Promise<void> {
  await act(async () => root.render(<RoomProvider value={{ session, trans }}>{what}</RoomProvider>));
}

/** From here on dialogues draw when they like. */
function freely(): void {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
}

/** Take the dialogue's offer, or leave it. */
async function dialog(words: string): Promise<string> {
  let body = '';
  await until(() => {
    body = document.querySelector('.jp-Dialog')?.textContent ?? '';
    expect(body).not.toBe('');
    expect(button(words)).toBeDefined();
  });
  button(words)?.click();
  return body;
}

test('a button stands for each verb that the server names, and for no other', async () => {
  await draw(aJob());
  expect(place.textContent).toBe('StopPause');
  await draw(aJob({ state: 'paused', phase: 'paused', verbs: ['cancel', 'kill', 'activate'] }));
  expect(place.textContent).toBe('ActivateStop');
  await draw(succeeded({ phase: 'failed', state: 'failed', verbs: ['retry', 'archive', 'delete'] }));
  expect(place.textContent).toBe('Retry');
  await draw(succeeded());
  expect(place.textContent).toBe('');
});

test('a pause that has no checkpoint says so, and offers to do without', async () => {
  answers(refused('3f2a91bcde', 'no_checkpoint', 'digits has written no checkpoint, so it can not be paused.'));
  await draw(aJob());
  await act(async () => button('Pause')?.click());
  await drawn(() => expect(place.querySelector('[role=alert]')?.textContent).toContain('written no checkpoint'));
  answers({ id: '3f2a91bcde', ok: true, job: aJob({ desired: 'pause', phase: 'pausing', version: 2 }) });
  await act(async () => button('Pause and discard')?.click());
  await until(() => expect(bodies()).toHaveLength(2));
  expect(bodies()[1]).toEqual({ verb: 'pause', jobs: ['3f2a91bcde'], discard: true });
});

test('what is asked shows at once, before the server has said anything', async () => {
  session.take([aJob({ id: 'a' })]);
  answers({ id: 'a', ok: true, job: aJob({ id: 'a', desired: 'cancel', version: 2 }) });
  const asking = session.ask('cancel', ['a']);
  expect(session.state.asked.get('a')).toBe('cancel');
  await asking;
  expect(session.state.asked.size).toBe(0);
  server.routes.set('POST verbs', 'unreachable');
  await expect(session.ask('kill', ['a'])).rejects.toThrow('does not answer');
  expect(session.state.asked.size).toBe(0);
});

test('of a selection those that it fits are asked, each refusal has its sentence, and the rest is counted', async () => {
  session.take([
    aJob({ id: 'a', name: 'one' }),
    aJob({ id: 'b', name: 'two' }),
    succeeded({ id: 'c', name: 'three' })
  ]);
  answers({ id: 'a', ok: true, job: aJob({ id: 'a', version: 2 }) }, refused('b', 'illegal_verb', 'two is stopping and can not be stopped.'));
  await wish(session, trans, 'cancel', ['a', 'b', 'c']);
  expect(bodies()).toEqual([{ verb: 'cancel', jobs: ['a', 'b'] }]);
  expect(said()).toEqual(['1 is asked to stop. 1 was refused. two · b: two is stopping and can not be stopped. 1 was left as it is.']);
});

test('many refusals are counted in the summary, and listed where one asks', async () => {
  freely();
  session.take(['a', 'b', 'c', 'd'].map(id => aJob({ id, name: `job-${id}` })));
  answers(...['a', 'b', 'c', 'd'].map(id => refused(id, 'illegal_verb', `${id} is not to be had.`)));
  const outcome = await wished(session, trans, 'pause', ['a', 'b', 'c', 'd']);
  expect(summary(trans, outcome!)).toBe('4 were refused.');
  await wish(session, trans, 'pause', ['a', 'b', 'c', 'd']);
  const [{ options }] = Notification.manager.notifications as unknown as [{ options: { actions: Notification.IAction[] } }];
  options.actions[0]?.callback(new MouseEvent('click'));
  const body = await dialog('Close');
  expect(body).toContain('job-d · d');
  expect(body).toContain('d is not to be had.');
});

test('a retry that needs values asks for them, and is sent with them', async () => {
  session.take([aJob({ id: 'a', name: 'one', verbs: ['retry'] })]);
  const lacking = refused('a', 'invalid_spec', 'The job a (one) needs the values of A_KEY once more.');
  const entry = { detail: 'A_KEY', key: 'environment.pass_env', line: null, column: null, hint: null };
  answers({ ...lacking, problem: { ...lacking.problem!, errors: [entry] } });
  freely();
  const done = wish(session, trans, 'retry', ['a']);
  await until(() => expect(document.querySelector('.jp-Dialog input[type=password]')).not.toBeNull());
  const field = document.querySelector<HTMLInputElement>('.jp-Dialog input')!;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, 'a-value');
  field.dispatchEvent(new Event('input', { bubbles: true }));
  answers({ id: 'a', ok: true, job: aJob({ id: 'a', version: 2 }) });
  await dialog('Retry');
  await done;
  expect(bodies()[1]).toEqual({ verb: 'retry', jobs: ['a'], secrets: { A_KEY: 'a-value' } });
  expect(said()).toEqual([]);
});

test('a deletion says what goes, of how many, and is not sent when it is left', async () => {
  freely();
  const checkpoint = { step: 10, created: '2026-11-21T10:00:05Z', count: 2 };
  session.take([succeeded({ id: 'a', name: 'one', checkpoint }), succeeded({ id: 'b', name: 'two', checkpoint })]);
  const left = wished(session, trans, 'delete', ['a', 'b']);
  const body = await dialog('Cancel');
  expect(await left).toBeNull();
  expect(body).toContain('Delete 2 trainings?');
  expect(body).toContain('the records of 2 trainings');
  expect(body).toContain('4 checkpoints');
  expect(body).toContain('Their runs lie in MLflow’s trash then');
  expect(body).toContain('logs');
  expect(bodies()).toEqual([]);

  answers({ id: 'a', ok: true }, { id: 'b', ok: true });
  const done = wished(session, trans, 'delete', ['a', 'b']);
  await dialog('Delete');
  expect((await done)?.done).toEqual(['a', 'b']);
  expect(session.state.jobs.size).toBe(0);
  expect([...session.state.missing]).toEqual(['a', 'b']);
});

test('several without a checkpoint are named before they are paused all the same', async () => {
  freely();
  session.take([aJob({ id: 'a', name: 'one' }), aJob({ id: 'b', name: 'two' })]);
  answers({ id: 'a', ok: true }, refused('b', 'no_checkpoint', 'two has written no checkpoint.'));
  const done = wished(session, trans, 'pause', ['a', 'b']);
  await until(() => expect(document.querySelector('.jp-Dialog')).not.toBeNull());
  answers({ id: 'b', ok: true });
  expect(await dialog('Pause and Discard')).toContain('two has written no checkpoint');
  expect((await done)?.done).toEqual(['a', 'b']);
  expect(bodies()[1]).toEqual({ verb: 'pause', jobs: ['b'], discard: true });
});

test('those that are let run instead are no refusals', async () => {
  freely();
  session.take([aJob({ id: 'a', name: 'one' }), aJob({ id: 'b', name: 'two' })]);
  answers({ id: 'a', ok: true }, refused('b', 'no_checkpoint', 'two has written no checkpoint.'));
  const done = wished(session, trans, 'pause', ['a', 'b']);
  await dialog('Let It Run');
  expect(summary(trans, (await done)!)).toBe('1 is asked to pause. 1 was left as it is.');
});

test('an archived one can be had back from the message', async () => {
  session.take([succeeded({ id: 'a' })]);
  answers({ id: 'a', ok: true, job: succeeded({ id: 'a', archived: true, verbs: ['unarchive', 'delete'], version: 2 }) });
  await wish(session, trans, 'archive', ['a']);
  expect(said()).toEqual(['1 is archived; the filter is:archived finds it.']);
  const [{ options }] = Notification.manager.notifications as unknown as [{ options: { actions: Notification.IAction[] } }];
  options.actions[0]?.callback(new MouseEvent('click'));
  await until(() => expect(bodies()).toHaveLength(2));
  expect(bodies()[1]).toEqual({ verb: 'unarchive', jobs: ['a'] });
});

test('a deleted job leaves the page when the stream says so', () => {
  const state = session.watch();
  server.sockets[0]?.say(snapshot(1, [succeeded({ id: 'a' })]));
  server.sockets[0]?.say({ type: 'changes', store: 'store0001', n: 2, changes: [{ n: 2, kind: 'gone', job: 'a' }], jobs: [], counts: {}, experiments: [] });
  expect(session.state.jobs.has('a')).toBe(false);
  expect(session.state.missing.has('a')).toBe(true);
  state.dispose();
});

test('which attempt it is, of how many, and from where', () => {
  const [first, second, third] = [anAttempt(1), anAttempt(2, { start_step: 10 }), anAttempt(3, { start_step: 20 })];
  expect(attemptWords(trans, aJob({ attempts: [first] }))).toBeNull();
  expect(attemptWords(trans, aJob({ attempts: [first], retries: { used: 0, max: 5 } }))).toBe('attempt 1 of 6');
  expect(attemptWords(trans, aJob({ attempts: [first, second], retries: { used: 1, max: 5 } }))).toBe('attempt 2 of 6, from step 10');
  expect(attemptWords(trans, aJob({ attempts: [first, second] }))).toBe('attempt 2, from step 10');
  expect(attemptWords(trans, aJob({ attempts: [first, second, third], retries: { used: 1, max: 5 } }))).toBe(
    'attempt 3, from step 20; 1 of 5 retries used'
  );
});

test('a job that has gone quiet is asked for once more before it is said', async () => {
  const seen = new Date(Date.now() - 42 * 60_000).toISOString();
  const job = aJob({ id: 'a', seen, quiet_after: 1800 });
  server.routes.set('GET jobs/a', { status: 200, body: { ...job, warning: 'No report and no log line for 42 min.' } });
  await draw(job, <Quiet job={job} />);
  await drawn(() => expect(place.textContent).toContain('No report and no log line for 42 min. It may hang.'));
  expect(server.requests.map(one => one.path)).toEqual(['jobs/a']);

  await draw(job, <Quiet job={{ ...job, seen: new Date().toISOString() }} />);
  expect(place.textContent).toBe('');
  const again = anAttempt(2, { state: 'running', started: new Date().toISOString() });
  await draw(job, <Quiet job={{ ...job, attempts: [anAttempt(1), again] }} />);
  expect(place.textContent).toBe('');
  await draw(job, <Quiet job={{ ...job, quiet_after: null }} />);
  expect(place.textContent).toBe('');
});
