import type { INotebookTracker } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Session } from '../src/model/session';
import { KernelWatch } from '../src/panels/sidebar/kernel';
import { aServer, settle } from './server';
import type { FakeServer } from './server';

/** A kernel as far as it matters here: what it runs, and what it knows. */
class FakeKernel {
  constructor(
    readonly id: string,
    public knows: 'absent' | 'unloaded' | 'ready',
    readonly language = 'python'
  ) {}

  readonly status = 'idle';
  readonly ran: string[] = [];
  asked = 0;
  refuses: { ename: string; evalue: string } | null = null;

  get spec(): Promise<{ language: string }> {
    return Promise.resolve({ language: this.language });
  }

  requestExecute(content: { code: string; silent: boolean; user_expressions?: object }): { done: Promise<{ content: object }> } {
    expect(content.silent).toBe(true);
    if (content.user_expressions === undefined) {
      this.ran.push(content.code);
      if (this.refuses) {
        return { done: Promise.resolve({ content: { status: 'error', ...this.refuses } }) };
      }
      this.knows = 'ready';
      return { done: Promise.resolve({ content: { status: 'ok' } }) };
    }
    this.asked += 1;
    const said = (yes: boolean): object => ({ status: 'ok', data: { 'text/plain': yes ? 'True' : 'False' } });
    const answer = { loaded: said(this.knows === 'ready'), there: said(this.knows !== 'absent') };
    return { done: Promise.resolve({ content: { status: 'ok', user_expressions: answer } }) };
  }
}

const trans = nullTranslator.load('jupyter_training');
let server: FakeServer;
let session: Session;
let watch: KernelWatch;
let kernel: FakeKernel;
const changed = vi.fn();
const context = {
  statusChanged: new Signal<object, string>({}),
  kernelChanged: new Signal<object, object>({}),
  iopubMessage: new Signal<object, { header: { msg_type: string } }>({}),
  ready: Promise.resolve(),
  get session() {
    return { kernel };
  }
};

beforeEach(() => {
  changed.mockClear();
  server = aServer();
  session = new Session(server.settings);
});

afterEach(() => watch.dispose());

async function watched(first: FakeKernel): Promise<void> {
  kernel = first;
  const tracker = { currentWidget: { sessionContext: context }, currentChanged: new Signal<object, object>({}) };
  watch = new KernelWatch(tracker as unknown as INotebookTracker, changed);
  await settle();
}

test('an idle kernel is asked once, silently', async () => {
  await watched(new FakeKernel('k1', 'absent'));
  expect(watch.knows).toBe('absent');
  context.statusChanged.emit('busy');
  context.statusChanged.emit('idle');
  await settle();
  expect(kernel.asked).toBe(1);
});

test('after a cell that may have loaded it, it is asked again', async () => {
  await watched(new FakeKernel('k1', 'unloaded'));
  kernel.knows = 'ready';
  context.iopubMessage.emit({ header: { msg_type: 'execute_input' } });
  context.statusChanged.emit('idle');
  await settle();
  expect(watch.knows).toBe('ready');
});

test('a restart takes it away', async () => {
  await watched(new FakeKernel('k1', 'ready'));
  context.statusChanged.emit('restarting');
  expect(watch.knows).toBe('unasked');
  kernel.knows = 'unloaded';
  context.statusChanged.emit('idle');
  await settle();
  expect(watch.knows).toBe('unloaded');
});

test("a kernel without our package is lent the server's", async () => {
  server.routes.set('GET light', { status: 200, body: { path: '/srv/it "is"/here', python: '', version: '' } });
  await watched(new FakeKernel('k1', 'absent'));
  await watch.teach(session, trans);
  expect(kernel.ran).toEqual(['import sys\nsys.path.append("/srv/it \\"is\\"/here")\n%load_ext jupyter_training']);
  expect(watch.knows).toBe('ready');
});

test('where the package is, it is only loaded', async () => {
  await watched(new FakeKernel('k1', 'unloaded'));
  await watch.teach(session, trans);
  expect(kernel.ran).toEqual(['%load_ext jupyter_training']);
  expect(server.requests).toEqual([]);
});

test('what the kernel says against it is said', async () => {
  await watched(new FakeKernel('k1', 'unloaded'));
  kernel.refuses = { ename: 'ModuleNotFoundError', evalue: "No module named 'x'" };
  await expect(watch.teach(session, trans)).rejects.toThrow("The kernel could not load it: ModuleNotFoundError: No module named 'x'.");
});

test('a kernel of another language is left alone', async () => {
  await watched(new FakeKernel('k1', 'absent', 'R'));
  expect(watch.knows).toBe('other');
  expect(kernel.asked).toBe(0);
});
