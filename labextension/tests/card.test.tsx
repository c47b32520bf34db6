import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Session } from '../src/model/session';
import { CLONE_COMMAND, LOG_COMMAND } from '../src/renderers/job/doors';
import { JobOutput } from '../src/renderers/job/host';
import { readReference } from '../src/renderers/job/reference';
import { JOB_MIME } from '../src/tokens';
import { STORE, aJob, aMetric, changes, queued, snapshot, succeeded } from './builders';
import { aServer, settle } from './server';
import type { FakeServer } from './server';

let server: FakeServer;
let session: Session;
let output: JobOutput;
let doors: Set<string>;
const opened: [string, unknown][] = [];
const menu = vi.fn();
const stages = new Set<Stage>();

/** Says what is on screen: jsdom has no layout of its own. */
class Stage {
  constructor(private readonly tell: (entries: { isIntersecting: boolean }[]) => void) {
    stages.add(this);
  }
  observe(): void {
    this.show(true);
  }
  disconnect(): void {
    stages.delete(this);
  }
  show(isIntersecting: boolean): void {
    this.tell([{ isIntersecting }]);
  }
}

beforeEach(() => {
  vi.stubGlobal('IntersectionObserver', Stage);
  server = aServer();
  server.routes.set('GET jobs/3f2a91bcde/logs', { status: 200, body: chunk('') });
  server.routes.set('GET jobs/3f2a91bcde/metrics', { status: 200, body: { job: '3f2a91bcde', series: [] } });
  session = new Session(server.settings);
  doors = new Set([LOG_COMMAND, CLONE_COMMAND]);
  opened.length = 0;
  output = anOutput();
});

/** `patience`: so long what was saved waits unseen for the live card, in ms. */
function anOutput(patience?: number): JobOutput {
  const { sanitizer } = new RenderMimeRegistry();
  const its = { hasCommand: (id: string) => doors.has(id), execute: (id: string, args: unknown) => Promise.resolve(opened.push([id, args])), menu };
  return new JobOutput(() => Promise.resolve(session), nullTranslator.load('jupyter_training'), sanitizer, its, patience);
}

afterEach(() => {
  act(() => output.dispose());
  vi.unstubAllGlobals();
});

const chunk = (text: string): object => ({ attempt: 1, text, offset: 0, next: text.length, size: text.length, end: false });
const find = (selector: string): HTMLElement | null => output.node.querySelector(selector);
const asked = (path: string): number => server.requests.filter(one => one.path.startsWith(path)).length;

async function drawn(store = STORE, job = '3f2a91bcde'): Promise<void> {
  const data = {
    [JOB_MIME]: { store, job },
    'text/html': '<b>saved words</b><script>window.bad = 1</script>',
    'text/plain': 'saved'
  };
  await import('../src/renderers/job/mount');
  await act(async () => {
    await output.renderModel({ data } as never);
    Widget.attach(output, document.body);
    await settle();
  });
  await comes(() => expect(server.sockets).toHaveLength(1));
}

/** Wait until it holds, drawing what there is to draw in between. */
function comes(expected: () => void): Promise<void> {
  const look = async (): Promise<void> => {
    await act(settle);
    expected();
  };
  return vi.waitFor(look, { timeout: 10_000, interval: 10 });
}

async function says(message: ReturnType<typeof snapshot>): Promise<void> {
  await act(async () => {
    server.sockets[0]!.say(message);
    await frame();
  });
}

/** Whether a person sees what the notebook saved. */
const seesSaved = (): boolean => {
  const words = find('b');
  return words?.textContent === 'saved words' && words.isConnected && getComputedStyle(words).visibility !== 'hidden';
};

/** The session tells of what follows a change in the next frame. */
const frame = (): Promise<unknown> => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));

test('until the server has answered, it shows what the notebook saved, without its scripts', async () => {
  await drawn();
  await comes(() => expect(seesSaved()).toBe(true));
  expect(output.node.querySelector('script')).toBeNull();
});

const LONG_MS = 600_000;

test('what the notebook saved does not flash by before the live card', async () => {
  output = anOutput(LONG_MS);
  const flashes: boolean[] = [];
  const watch = new MutationObserver(() => flashes.push(seesSaved()));
  watch.observe(output.node, { attributes: true, childList: true, subtree: true });
  await drawn();
  expect(find('b')?.textContent).toBe('saved words'); // it keeps its place
  expect(seesSaved()).toBe(false);
  await says(snapshot(1, [succeeded()]));
  await comes(() => expect(find('article')).not.toBeNull());
  watch.disconnect();
  expect(flashes).toContain(false);
  expect(flashes).not.toContain(true);
});

test('a server that says no is no reason to wait', async () => {
  output = anOutput(LONG_MS);
  await drawn();
  server.answer = 'unreachable';
  await act(async () => server.sockets[0]!.drop());
  await comes(() => expect(session.state.link.kind).toBe('lost'));
  await comes(() => expect(seesSaved()).toBe(true));
  expect(find('.jp-Training-stale [role=status]')?.textContent).not.toBe('');
});

test('where the live card’s code does not come, what the notebook saved does', async () => {
  output.dispose();
  output = new JobOutput(
    () => new Promise<Session>(() => undefined),
    nullTranslator.load('jupyter_training'),
    new RenderMimeRegistry().sanitizer,
    null,
    50
  );
  const data = { [JOB_MIME]: { store: STORE, job: '3f2a91bcde' }, 'text/html': '<b>saved words</b>' };
  await output.renderModel({ data } as never);
  Widget.attach(output, document.body);
  expect(seesSaved()).toBe(false);
  await comes(() => expect(seesSaved()).toBe(true));
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
  const buttons = [...output.node.querySelectorAll('.jp-Training-button')].map(one => one.textContent);
  expect(buttons).toEqual(['Stop', 'Pause', 'Clone']);
});

test('an ended job says how it ended and cannot be stopped', async () => {
  await drawn();
  await says(snapshot(1, [succeeded({ phase: 'failed', state: 'failed', sentence: 'Failed: ValueError.' })]));
  expect(output.node.textContent).toContain('Failed: ValueError.');
  expect(output.node.textContent).not.toContain('Stop');
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
  await comes(() => expect(session.state.missing.size).toBe(1));
  await says(snapshot(1, []));
  expect(output.node.textContent).toContain('no longer has it');
});

test('an older job, not in the snapshot, is fetched', async () => {
  server.answer = { status: 200, body: succeeded() };
  await drawn();
  await says(snapshot(1, []));
  await comes(() => expect(session.state.jobs.size).toBe(1));
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

const ran = [{ number: 1, peak_memory: 412e6 }] as never;

test('a running job says how long it still needs and what it uses', async () => {
  await drawn();
  await says(snapshot(1, [aJob({ eta: { low: 350, high: 470 }, machine: { memory: 412e6, cpu: 1.9 } })]));
  expect(find('.jp-Training-lasted')?.textContent).toContain('about 5–8 min left');
  expect(find('.jp-Training-machine')?.textContent).toBe('CPU 1.9 coresmemory 412 MB');
});

test.each([
  [0, null, 'CPU 0 cores'],
  [0.002, null, 'CPU <0.01 cores'],
  [0.996, null, 'CPU 1 core'],
  [1.8765, 2, 'CPU 1.88 of 2 cores'],
  [0.5, 1, 'CPU 0.5 of 1 core']
])('the use of %s of %s cores has its words', async (cpu, cpus, words) => {
  await drawn();
  await says(snapshot(1, [aJob({ machine: { cpu }, spec: { resources: { cpus } } })]));
  expect(find('.jp-Training-gauge')?.textContent).toBe(words);
});

test('the use of a GPU and the peak of memory have their words', async () => {
  await drawn();
  await says(snapshot(1, [aJob({ machine: { gpu0_util: 87.4, gpu0_memory: 4.1e9 } })]));
  const gauges = (): (string | null)[] => [...output.node.querySelectorAll('.jp-Training-gauge')].map(one => one.textContent);
  expect(gauges()).toEqual(['GPU 0 memory 4.1 GB', 'GPU 0 87% busy']);
  await says(changes(2, [succeeded({ attempts: ran, version: 2 })]));
  expect(gauges()).toEqual(['peak memory 412 MB']);
});

test('how long an ended job took is said in the words of its sentence', async () => {
  await drawn();
  await says(snapshot(1, [succeeded({ sentence: 'Succeeded in 7.5 s.', ended: '2026-11-21T10:00:08.549Z' })]));
  expect(find('.jp-Training-lasted')?.textContent).toBe('7.5 s');
  await says(changes(2, [succeeded({ phase: 'failed', state: 'failed', sentence: 'Failed: it.', ended: '2026-11-21T10:00:08.500Z', version: 2 })]));
  expect(find('.jp-Training-lasted')?.textContent).toBe('7.5 s');
});

test('the newest line of the log stands under it and leads to the log', async () => {
  server.routes.set('GET jobs/3f2a91bcde/logs', { status: 200, body: chunk('one\nepoch 1\repoch 2\n') });
  await drawn();
  await says(snapshot(1, [aJob({ attempts: ran })]));
  await comes(() => expect(find('.jp-Training-logLine')?.textContent).toBe('epoch 2'));
  await act(async () => find('.jp-Training-logLine')?.click());
  expect(opened).toEqual([[LOG_COMMAND, { job: '3f2a91bcde' }]]);
});

test('a job that says nothing for long is said to be quiet, one that prints is not', async () => {
  const before = new Date(Date.now() - 300_000).toISOString();
  await drawn();
  await says(snapshot(1, [aJob({ attempts: ran, seen: before })]));
  expect(find('.jp-Training-quiet')?.textContent).toBe('no word for 5 min');
  server.routes.set('GET jobs/3f2a91bcde/logs', { status: 200, body: chunk('a line\n') });
  await comes(() => expect(find('.jp-Training-logLine')?.textContent).toBe('a line'));
  expect(find('.jp-Training-quiet')).toBeNull();
});

test('without the other rooms, the log opens in a page of its own and nothing offers a clone', async () => {
  doors.clear();
  await drawn();
  await says(snapshot(1, [aJob({ attempts: ran })]));
  const link = find('a.jp-Training-button');
  expect(link?.textContent).toBe('Log');
  expect(link?.getAttribute('href')).toContain('/jupyter-training/api/v1/jobs/3f2a91bcde/logs?tail=');
  expect(output.node.textContent).not.toContain('Clone');
});

test('while it is being stopped, it offers to kill', async () => {
  await drawn();
  await says(snapshot(1, [aJob({ phase: 'stopping', desired: 'cancel', verbs: ['kill'], sentence: 'Stopping; it may finish.' })]));
  expect(find('.jp-Training-button')?.textContent).toBe('Kill');
  expect(output.node.textContent).toContain('Stopping; it may finish.');
});

test('a waiting job says why and offers to cancel', async () => {
  await drawn();
  await says(snapshot(1, [queued({ sentence: 'Waits: 2 of 2 slots are used by mnist-big.' })]));
  expect(output.node.textContent).toContain('Waits: 2 of 2 slots are used by mnist-big.');
  expect(find('.jp-Training-button')?.textContent).toBe('Cancel');
});

test('a success says what it came to', async () => {
  await drawn();
  const metrics = { val_accuracy: aMetric(0.962, { high: 0.964, high_step: 11, count: 1 }) };
  await says(snapshot(1, [succeeded({ metrics, progress: { done: 40, total: 40, unit: 'epoch', text: '' } })]));
  expect(find('.jp-Training-sentence')?.textContent).toBe('Succeeded in 12 s; best val_accuracy 0.964 at epoch 11.');
  expect(find('[role=progressbar]')).toBeNull();
});

test('checkpoints that could not be copied are warned of, running or ended', async () => {
  const notice = 'Its checkpoints are kept on this machine only: they could not be copied to s3://nobucket/x.';
  await drawn();
  await says(snapshot(1, [aJob({ notice, warning: notice })]));
  expect(find('.jp-Training-hangs')?.textContent).toBe(notice);
  expect(find('.jp-Training-hangs svg')).not.toBeNull();
  await says(changes(2, [succeeded({ notice, warning: notice, version: 2 })]));
  expect(find('.jp-Training-hangs')?.textContent).toBe(notice);
  await says(changes(3, [succeeded({ version: 3 })]));
  expect(find('.jp-Training-hangs')).toBeNull();
});

test('a card has the menu of its job, running or ended', async () => {
  await drawn();
  await says(snapshot(1, [aJob()]));
  expect(find('[aria-haspopup=menu]')?.getAttribute('aria-label')).toBe('More for digits');
  await says(changes(2, [succeeded({ version: 2 })]));
  await act(async () => find('[aria-haspopup=menu]')?.click());
  expect(menu).toHaveBeenCalledWith('3f2a91bcde', find('[aria-haspopup=menu]'), true, expect.any(Function));
});

test('a failure shows the traceback and three lines from before it', async () => {
  const log = 'a\nb\nc\nd\nTraceback (most recent call last):\n  File "cell [3]", line 2\n    1/0\nZeroDivisionError: division by zero\n';
  server.routes.set('GET jobs/3f2a91bcde/logs', { status: 200, body: chunk(log) });
  await drawn();
  await says(snapshot(1, [succeeded({ phase: 'failed', state: 'failed', sentence: 'Failed: ZeroDivisionError.', attempts: ran })]));
  await comes(() => expect(find('.jp-Training-traceback')?.textContent).toContain('File "cell [3]", line 2'));
  expect(find('.jp-Training-lastLines')?.textContent).toBe('b\nc\nd');
  expect(output.node.textContent).toContain('Fix and train again');
});

test('the figure is fetched once, and again when there is a newer one', async () => {
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:figure', revokeObjectURL: () => undefined }));
  const figure = { id: 'f1', name: 'figures/0001.png', size: 9, type: 'image/png', modified: 'then' };
  await drawn();
  await says(snapshot(1, [aJob({ figure })]));
  await comes(() => expect(find('img')?.getAttribute('alt')).toBe('Latest figure of digits: figures/0001.png'));
  await says(changes(2, [aJob({ figure, version: 2 })]));
  expect(asked('jobs/3f2a91bcde/artifacts/f1?inline=true')).toBe(1);
  await says(changes(3, [aJob({ figure: { ...figure, id: 'f2' }, version: 3 })]));
  await comes(() => expect(asked('jobs/3f2a91bcde/artifacts/f2?inline=true')).toBe(1));
});

test('off the screen it draws nothing anew, asks for nothing and lets the stream go', async () => {
  await drawn();
  await says(snapshot(1, [aJob({ attempts: ran, metrics: { loss: aMetric(0.5) } })]));
  await act(async () => stages.forEach(one => one.show(false)));
  const before = server.requests.length;
  await says(changes(2, [aJob({ attempts: ran, version: 2, metrics: { loss: aMetric(0.25, { count: 9 }) } })]));
  expect(find('.jp-Training-metric b')?.textContent).toBe('0.5');
  expect(server.requests.length).toBe(before);
  await comes(() => expect(server.sockets[0]!.closed).toBe(true));
  await act(async () => stages.forEach(one => one.show(true)));
  expect(find('.jp-Training-metric b')?.textContent).toBe('0.25');
});

test('a lost connection is told with its age and a way to try again', async () => {
  await drawn();
  await says(snapshot(1, [aJob()]));
  server.answer = 'unreachable';
  await act(async () => server.sockets[0]!.drop());
  await comes(() => expect(session.state.link.kind).toBe('lost'));
  expect(find('.jp-Training-stale')?.textContent).toContain('last seen');
  expect(find('.jp-Training-stale')?.textContent).toContain('reconnecting');
  const before = server.sockets.length;
  await act(async () => find('.jp-Training-stale button')?.click());
  expect(server.sockets.length).toBe(before + 1);
});

test('only a change of state is announced', async () => {
  await drawn();
  await says(snapshot(1, [aJob({ metrics: { loss: aMetric(0.5, { count: 1 }) } })]));
  const live = [...output.node.querySelectorAll('[aria-live], [role=status], [role=alert]')];
  expect(live.map(one => one.textContent)).toEqual(['running']);
});

test.each([null, 'text', {}, { store: 'a' }, { store: 'a', job: '../etc' }, { store: 'a', job: 7 }])(
  '%j is no reference to a job',
  data => {
    expect(readReference(data)).toBeNull();
  }
);
