import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import axe from 'axe-core';
import { act } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/api/jobs';
import { Session } from '../src/model/session';
import { csvRows } from '../src/panels/detail/csv';
import { DetailHost } from '../src/panels/detail/host';
import type { Tab } from '../src/panels/detail/tabs';
import { yaml } from '../src/panels/detail/yaml';
import { aJob, aMetric, anAttempt, changes, queued, snapshot, succeeded } from './builders';
import { withoutCanvas } from './canvas';
import { drawn } from './drawn';
import { aServer, until } from './server';
import type { FakeServer } from './server';

const ID = '3f2a91bcde';
const SPEC = {
  name: 'digits',
  files: [],
  params: { lr: 0.1 },
  environment: { python: '/opt/python', folder: '/home/ada', variables: { LANG: 'C' }, pass_env: ['API_KEY'] },
  resources: { slots: 1, gpus: 0, cpus: 2, memory: null }
};

let server: FakeServer;
let session: Session;
let panel: DetailHost;
const doors = { hasCommand: vi.fn(() => true), execute: vi.fn(() => Promise.resolve()) };

beforeEach(() => {
  withoutCanvas();
  vi.clearAllMocks();
  server = aServer();
  session = new Session(server.settings);
  const trans = nullTranslator.load('jupyter_training');
  panel = new DetailHost({ job: ID, session: () => Promise.resolve(session), trans, doors, editors: null });
  server.routes.set(`GET jobs/${ID}/metrics`, { status: 200, body: { job: ID, series: [] } });
});

afterEach(() => act(() => panel.dispose()));

const find = <T extends HTMLElement>(selector: string): T | null => panel.node.querySelector<T>(selector);
const words = (): string => panel.node.textContent ?? '';

/** Attach it as the main area does, and let the server say how the job stands. */
async function shown(job: Job, tab: Tab = 'overview'): Promise<void> {
  const whole = { ...job, spec: job.spec ?? SPEC };
  server.routes.set(`GET jobs/${ID}`, { status: 200, body: whole });
  panel.tab = tab;
  await act(async () => {
    Widget.attach(panel, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
  await act(async () => server.sockets[0]!.say(snapshot(1, [job])));
  await drawn(() => expect(session.state.jobs.get(ID)?.spec).not.toBeNull());
  await drawn(() => expect(find('[role=tabpanel]')?.childElementCount).toBeGreaterThan(0));
}

async function press(key: string): Promise<void> {
  await act(async () => {
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  });
}

test('hidden, it draws nothing and opens no stream; hidden again, it draws nothing any more', async () => {
  panel.hide();
  Widget.attach(panel, document.body);
  await new Promise(resolve => setTimeout(resolve, 50)); // nothing to wait for: it must not happen
  expect(panel.node.childElementCount).toBe(0);
  expect(server.sockets).toHaveLength(0);
  await act(async () => {
    panel.show();
    await until(() => expect(server.sockets).toHaveLength(1));
  });
  await act(async () => server.sockets[0]!.say(snapshot(1, [aJob({ spec: SPEC })])));
  expect(find('h2')?.textContent).toBe('digits');
  await act(async () => panel.hide());
  expect(panel.node.childElementCount).toBe(0);
});

test('the head says state, name, time and how far it is, and offers to stop and to clone', async () => {
  await shown(aJob({ progress: { done: 13, total: 40, unit: 'epoch', text: '' }, eta: { low: 360, high: 480 } }));
  expect(panel.title.label).toBe('digits');
  expect(words()).toContain('running');
  expect(words()).toContain('about 6–8 min left');
  expect(find('[role=progressbar]')?.getAttribute('aria-label')).toContain('epoch 13 / 40');
  const buttons = [...panel.node.querySelectorAll('.jp-Training-detailHead button')];
  await act(async () => buttons.find(one => one.textContent === 'Clone')?.dispatchEvent(new MouseEvent('click', { bubbles: true })));
  expect(doors.execute).toHaveBeenCalledWith('jupyter-training:clone', { job: ID });
});

test('what is worth a warning stands in the head', async () => {
  await shown(succeeded({ id: ID, notice: 'Its checkpoints are kept on this machine only.', spec: SPEC }));
  expect(find('.jp-Training-detailHead .jp-Training-hangs')?.textContent).toBe('Its checkpoints are kept on this machine only.');
});

test('tabs are gone through by arrows, and keep the one that was chosen while hidden', async () => {
  await shown(aJob({ params: { lr: 0.1 } }));
  await act(async () => panel.activate());
  await act(async () => find('[role=tab][aria-selected=true]')?.focus());
  await press('ArrowRight');
  expect((document.activeElement as HTMLElement).textContent).toBe('Log');
  await press('End');
  expect(panel.tab).toBe('record');
  await press('ArrowRight');
  expect(panel.tab).toBe('overview');
  expect(panel.node.querySelectorAll('[role=tab][tabindex="0"]')).toHaveLength(1);
  await act(async () => {
    panel.tab = 'parameters';
  });
  await act(async () => panel.hide());
  await act(async () => panel.show());
  await drawn(() => expect(find('[role=tab][aria-selected=true]')?.textContent).toBe('Parameters'));
});

test('a failed job shows first why, before its curves', async () => {
  const text = 'before\nTraceback (most recent call last):\n  File "cell [3]", line 2\nZeroDivisionError: division by zero\n';
  const size = text.length;
  server.routes.set(`GET jobs/${ID}/logs`, { status: 200, body: { attempt: 1, offset: 0, next: size, size, end: true, text } });
  const attempts = [{ number: 1 }] as unknown as Job['attempts'];
  await shown(succeeded({ phase: 'failed', state: 'failed', sentence: 'Failed: ZeroDivisionError.', attempts }));
  await drawn(() => expect(find('.jp-Training-traceback')?.textContent).toContain('File "cell [3]", line 2'));
});

test('the table of metrics says last and best values and chooses what is drawn', async () => {
  await shown(aJob({ metrics: { loss: aMetric(0.131), val_accuracy: aMetric(0.9, { high: 0.964, high_step: 11 }), lr: aMetric(0.01) } }));
  await drawn(() => expect(panel.node.querySelectorAll('figure')).toHaveLength(3));
  const row = [...panel.node.querySelectorAll('tr')].find(one => one.textContent?.includes('val_accuracy'));
  expect(row?.textContent).toContain('0.964 ↑');
  expect(row?.textContent).toContain('11');
  await act(async () => row?.querySelector('input')?.click());
  expect([...panel.node.querySelectorAll('figcaption')].map(one => one.textContent)).not.toContain('val_accuracy–');
  expect(panel.node.querySelectorAll('figure')).toHaveLength(2);
});

test('a curve says its course in words, and its keys zoom and show all again', async () => {
  const points = [0, 1, 2, 3, 4].map(step => [step, 1_795_000_000 + step, 1 - step / 10]);
  const series = [{ name: 'loss', source: 'report', count: 5, sampled: false, points }];
  server.routes.set(`GET jobs/${ID}/metrics`, { status: 200, body: { job: ID, series } });
  await shown(succeeded({ metrics: { loss: aMetric(0.6, { count: 5 }) } }));
  await drawn(() => expect(find('.jp-Training-plot')?.getAttribute('aria-label')).toContain('1 → 0.6'));
  const whole = [...panel.node.querySelectorAll('button')].find(one => one.textContent === 'Show all');
  expect(whole?.disabled).toBe(true);
  await act(async () => find('.jp-Training-plot')?.focus());
  await press('+');
  expect(whole?.disabled).toBe(false);
  await drawn(() => expect(server.requests.filter(one => one.path.includes('points=')).at(-1)?.path).toContain('points=1600'));
  await press('Escape');
  expect(whole?.disabled).toBe(true);
});

test('curves are asked for again as the job goes on, and not while it is hidden', async () => {
  const asked = (): number => server.requests.filter(one => one.path.includes('/metrics')).length;
  await shown(aJob({ metrics: { loss: aMetric(0.5) } }));
  await drawn(() => expect(asked()).toBe(1));
  await act(async () => server.sockets[0]!.say(changes(2, [aJob({ metrics: { loss: aMetric(0.4, { count: 5 }) }, version: 2 })])));
  await drawn(() => expect(asked()).toBe(2));
  await act(async () => panel.hide());
  await act(async () => server.sockets[0]!.say(changes(3, [aJob({ metrics: { loss: aMetric(0.3, { count: 6 }) }, version: 3 })])));
  await new Promise(resolve => setTimeout(resolve, 600)); // longer than its pause: it must not happen
  expect(asked()).toBe(2);
});

test('parameters, and all that was asked for as YAML, without the variables that are elsewhere', async () => {
  await shown(aJob({ params: { lr: 0.1, layers: [64, 32] } }), 'parameters');
  expect(words()).toContain('[64,32]');
  expect(find('pre')?.textContent).toContain('python: /opt/python');
});

test('each attempt says when it began and how it ended, and leads to its log', async () => {
  const ended = {
    number: 1,
    state: 'ended' as const,
    seen: 'gone' as const,
    reason: 'out_of_memory' as const,
    sentence: 'Killed, probably out of memory.',
    exit_code: null,
    signal: 9,
    started: '2026-11-21T10:00:00Z',
    ended: '2026-11-21T10:05:00Z',
    peak_memory: 15_900_000_000,
    start_step: 30,
    devices: [],
    stage: null
  };
  await shown(aJob({ attempts: [ended] }), 'attempts');
  expect(words()).toContain('Killed, probably out of memory.');
  expect(words()).toContain('5 min');
  expect(words()).toContain('15.9 GB');
  expect(words()).toContain('signal 9');
  expect(words()).toContain('30');
  await act(async () => find<HTMLButtonElement>('[role=tabpanel] button')?.click());
  expect(doors.execute).toHaveBeenCalledWith('jupyter-training:log', { job: ID, attempt: 1 });
});

test('where it comes from and what came of it is one line of links', async () => {
  const parent = { job: 'old0000001', name: 'old', relation: 'continue', checkpoint: 'c', step: 1200 } as const;
  const children = [
    { job: 'kid0000001', name: 'kid', relation: 'fork', checkpoint: null, step: null },
    { job: 'dead000001', name: null, relation: 'continue', checkpoint: 'c', step: 5 }
  ] as const;
  const attempts = [anAttempt(1), anAttempt(2, { start_step: 10 }), anAttempt(3, { start_step: 25 })];
  await shown(aJob({ parent, children: [...children], attempts }), 'overview');
  await drawn(() => expect(find('[aria-label=Lineage]')).not.toBeNull());
  expect(find('[aria-label=Lineage]')?.textContent).toBe(
    'continued from step 1\u2009200 of old · old000 · resumed at steps 10, 25 · fork: kid · kid000 · continues from step 5 in dead00 (deleted)'
  );
  await act(async () => find<HTMLButtonElement>('[aria-label=Lineage] button')?.click());
  expect(doors.execute).toHaveBeenCalledWith('jupyter-training:detail', { job: 'old0000001' });
});

test('what an extension changed stands beside what it was', async () => {
  await shown(aJob({ params: { lr: 0.5, new: 1 }, overrides: { lr: 0.5, new: 1 } }), 'parameters');
  await drawn(() => expect(words()).toContain('before it was extended: 0.1'));
  expect(words()).toContain('given when it was extended');
});

test('checkpoints: the best is marked, good ones are continued from, and what has gone says so', async () => {
  const one = { attempt: 1, created: '2026-11-21T10:00:05Z', size: 2048, files: 2, kind: 'torch', place: null, seconds: 0.2 };
  const list = [
    { ...one, name: 'c20', step: 20, metric: 0.3, state: 'kept' },
    { ...one, name: 'c10', step: 10, metric: 0.2, state: 'kept', place: 's3://bucket/c10' },
    { ...one, name: 'c5', step: 5, metric: 0.1, state: 'corrupt', attempt: 0 }
  ];
  const keep = { experiment_best: 0, trial_best: 1, trial_latest: 2 };
  server.routes.set(`GET jobs/${ID}/checkpoints`, { status: 200, body: { checkpoints: list, keep, metric: 'val_loss', mode: 'min' } });
  await shown(aJob(), 'checkpoints');
  await drawn(() => expect(find('table')).not.toBeNull());
  const rows = [...panel.node.querySelectorAll('tbody tr')].map(row => row.textContent ?? '');
  expect(rows[0]).not.toContain('best');
  expect(rows[1]).toContain('↓ 0.2 best');
  expect(rows[1]).toContain('s3://bucket/c10');
  expect(rows[2]).toContain('damaged');
  expect(words()).toContain('These are kept: the newest 2, the best one by val_loss.');
  expect(words()).toContain('While it may go on, its two newest stay in any case.');
  const buttons = [...panel.node.querySelectorAll<HTMLButtonElement>('tbody button')];
  expect(buttons.map(button => button.getAttribute('aria-label'))).toEqual(['Continue from step 20', 'Continue from step 10']);
  await act(async () => buttons[1]?.click());
  expect(doors.execute).toHaveBeenCalledWith('jupyter-training:continue', { job: ID, checkpoint: 'c10' });
});

test('the environment names variables without their values, and shows the code that is run first', async () => {
  const files = [
    { path: 'a.py', size: 3, text: 'a=1' },
    { path: 'main.py', size: 9, text: 'import a' },
    { path: 'x.bin', size: 9, text: null }
  ];
  server.routes.set(`GET jobs/${ID}/code`, { status: 200, body: { entry: 'main.py', files } });
  await shown(aJob(), 'environment');
  await drawn(() => expect(find('pre')?.textContent).toBe('import a'));
  expect(words()).toContain('LANG');
  expect(words()).toContain('API_KEY');
  expect(words()).toContain('2 cores');
});

test('a folder that was sent along is listed below the code', async () => {
  const listed = [
    { path: 'data/a.csv', size: 1200, target: null },
    { path: 'newest', size: 0, target: 'data/a.csv' }
  ];
  const context = { files: 3, size: 5000, listed };
  const files = [{ path: 'main.py', size: 9, text: 'import a' }];
  server.routes.set(`GET jobs/${ID}/code`, { status: 200, body: { entry: 'main.py', files, context } });
  await shown(aJob({ spec: { ...SPEC, environment: {}, context: { files: 3, size: 5000, sha256: 'x' } } }), 'environment');
  await drawn(() => expect(words()).toContain('Folder sent along3 files · 5 kB'));
  expect(words()).toContain('data/a.csv1.2 kB');
  expect(words()).toContain('newest → data/a.csvlink');
  expect(words()).toContain('and 1 more file');
  expect(words()).toContain('at first with what was sent along');
});

test('artifacts are listed with their sizes, and a table is shown as one', async () => {
  const file = { id: 'f1', name: 'scores.csv', size: 11, type: 'text/csv', modified: '2026-11-21T10:00:00Z' };
  server.routes.set(`GET jobs/${ID}/artifacts`, { status: 200, body: { artifacts: [file] } });
  await shown(succeeded(), 'artifacts');
  await drawn(() => expect(words()).toContain('scores.csv'));
  expect(find<HTMLAnchorElement>('a[download]')?.href).toBe(`http://lab.test/user/ada/jupyter-training/api/v1/jobs/${ID}/artifacts/f1`);
  await act(async () => find<HTMLButtonElement>('.jp-Training-file')?.click());
  await drawn(() => expect(find('.jp-Training-preview table')).not.toBeNull());
});

test('the record is the run in MLflow, behind this server', async () => {
  server.routes.set('GET info', { status: 200, body: { store: 'x', tracking: 'embedded' } });
  await shown(succeeded({ run_id: 'abc123' }), 'record');
  expect(find<HTMLAnchorElement>('a')?.href).toBe('http://lab.test/user/ada/jupyter-training/api/v1/record/#/runs/abc123');
});

test('a job that waits says why, and what will be there', async () => {
  await shown(queued(), 'attempts');
  expect(words()).toContain('Waits: about to start.');
  expect(words()).toContain('It has not been started yet.');
});

test('a job that the store does not have is said to be missing', async () => {
  const problem = { type: '', title: '', status: 404, code: 'unknown_job', detail: 'No such job.', hint: null, errors: [] };
  server.routes.set(`GET jobs/${ID}`, { status: 404, body: problem });
  await act(async () => {
    Widget.attach(panel, document.body);
    await until(() => expect(server.sockets).toHaveLength(1));
  });
  await act(async () => server.sockets[0]!.say(snapshot(1, [])));
  await drawn(() => expect(words()).toContain(`The store has no training ${ID}`));
});

test.each<Tab>(['overview', 'parameters', 'attempts', 'record'])('axe finds nothing in %s', async tab => {
  await shown(aJob({ metrics: { loss: aMetric(0.1) }, params: { lr: 0.1 }, run_id: 'abc' }), tab);
  const { violations } = await axe.run(panel.node, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(one => one.id)).toEqual([]);
});

test('JSON is written as YAML reads it back', () => {
  const given = { name: 'a b', list: [1, { x: 'yes', y: null }], none: {}, text: 'a: b', deep: { n: 0.1 } };
  expect(yaml(given).trim()).toBe(
    ['name: a b', 'list:', '  - 1', '  - x: "yes"', '    "y": null', 'none: {}', 'text: "a: b"', 'deep:', '  "n": 0.1'].join('\n')
  );
});

test('rows of CSV: quotes, line breaks within them, an unfinished last line', () => {
  expect(csvRows('a,"b ""x""\n2"\r\n1,', ',', 9)).toEqual([
    ['a', 'b "x"\n2'],
    ['1', '']
  ]);
  expect(csvRows('1\n2\n3\n', ',', 1)).toHaveLength(2);
});
