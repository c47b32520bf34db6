/** Jobs and messages as a server would send them, with only what a test is about spelled out. */
import type { Experiment, Trial } from '../src/api/experiments';
import type { Attempt, ChangeMessage, Job, Metric, Pool } from '../src/api/jobs';
import type { QueuePage, QueueRow } from '../src/api/queue';

export const STORE = 'store0001';

export function aJob(over: Partial<Job> = {}): Job {
  const id = over.id ?? '3f2a91bcde';
  return {
    id,
    store: STORE,
    name: 'digits',
    state: 'running',
    phase: 'running',
    desired: 'run',
    reason: null,
    sentence: 'Running.',
    experiment: null,
    trial: null,
    queue: 'local',
    pool: 'local',
    priority: 42,
    user: 'ada',
    notebook: null,
    submitted: '2026-11-21T10:00:00Z',
    started: '2026-11-21T10:00:01Z',
    ended: null,
    params: {},
    tags: {},
    metrics: {},
    source: null,
    progress: null,
    eta: null,
    machine: {},
    seen: null,
    figure: null,
    data: [],
    entry: { kind: 'script', shown_as: null },
    attempts: [],
    run_id: null,
    artifacts: null,
    spec: null,
    spec_hash: 'abc',
    version: 1,
    archived: false,
    verbs: ['cancel', 'kill', 'pause'],
    parent: null,
    children: null,
    checkpoint: null,
    retries: { used: 0, max: 0 },
    overrides: {},
    quiet_after: null,
    warning: null,
    notice: null,
    position: '',
    weight: 1,
    max_slots: null,
    preemptible: 'auto',
    waiting_since: null,
    after: [],
    start: null,
    start_note: null,
    service: null,
    ...over
  };
}

export function anAttempt(number: number, over: Partial<Attempt> = {}): Attempt {
  return {
    number,
    state: 'ended',
    seen: 'gone',
    reason: null,
    sentence: null,
    exit_code: null,
    signal: null,
    started: '2026-11-21T10:00:01Z',
    ended: null,
    peak_memory: null,
    start_step: null,
    stage: null,
    devices: [],
    ...over
  };
}

export function succeeded(over: Partial<Job> = {}): Job {
  return aJob({
    state: 'succeeded',
    phase: 'succeeded',
    reason: 'completed',
    sentence: 'Succeeded in 12 s.',
    ended: '2026-11-21T10:00:13Z',
    verbs: ['archive', 'delete'],
    ...over
  });
}

export function queued(over: Partial<Job> = {}): Job {
  return aJob({ state: 'queued', phase: 'queued', started: null, sentence: 'Waits: about to start.', ...over });
}

export function aMetric(last: number | null, over: Partial<Metric> = {}): Metric {
  return {
    last,
    last_step: 3,
    last_time: 1_795_000_000,
    low: 0.1,
    low_step: 2,
    high: 0.9,
    high_step: 1,
    count: 4,
    source: 'report',
    ...over
  };
}

export function snapshot(n: number, jobs: Job[], store = STORE, experiments: Experiment[] = []): ChangeMessage {
  return { type: 'snapshot', store, n, changes: [], jobs, counts: countsOf(jobs), experiments };
}

export function changes(n: number, jobs: Job[], store = STORE, experiments: Experiment[] = []): ChangeMessage {
  const lines = jobs.map(job => ({ n, kind: 'state', job: job.id }));
  return { type: 'changes', store, n, changes: lines, jobs, counts: countsOf(jobs), experiments };
}

function countsOf(jobs: Job[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const job of jobs) {
    counts[job.state] = (counts[job.state] ?? 0) + 1;
  }
  return counts;
}

export function aPool(name: string, over: Partial<Pool> = {}): Pool {
  return {
    name,
    backend: 'local',
    slots: 2,
    used: 2,
    queued: 0,
    running: 0,
    policy: 'priority',
    devices: [],
    free_devices: [],
    cpus: null,
    memory: null,
    preemption: false,
    victim: 'last',
    aging: null,
    is_default: name === 'local',
    is_found: name === 'local',
    options: {},
    remark: null,
    note: null,
    ...over
  };
}

export function aRow(job: string, over: Partial<QueueRow> = {}): QueueRow {
  return {
    ahead: 0,
    job,
    type: 'job',
    name: job,
    experiment: null,
    priority: 42,
    aged: null,
    weight: 1,
    submitted: '2026-11-21T10:00:00Z',
    waiting_since: '2026-11-21T10:00:00Z',
    slots: 1,
    acquired: 0,
    gpus: 0,
    devices: [],
    state: 'queued',
    phase: 'queued',
    user: 'ada',
    sentence: 'Waits: 1 of 1 slots is used by a.',
    start: null,
    start_note: 'no history yet',
    verbs: ['cancel', 'pause'],
    version: 1,
    ...over
  };
}

export function aPage(rows: readonly QueueRow[], over: Partial<Pool> = {}): QueuePage {
  return { pool: aPool('local', over), rows: rows.map((row, ahead) => ({ ...row, ahead })), total: rows.length, next: null };
}

/** A search of two axes, in its fourth of twelve trials. */
export function anExperiment(over: Partial<Experiment> = {}): Experiment {
  return {
    id: '7c1e2d3f4a',
    store: STORE,
    name: 'sweep',
    state: 'running',
    phase: 'running',
    desired: 'run',
    sentence: '4 of 12 trials started; 2 run.',
    notes: [],
    searcher: 'asha',
    searcher_note: null,
    metrics: ['val_accuracy'],
    modes: ['max'],
    space: [
      { name: 'lr', kind: 'float', expression: 'loguniform(1e-4, 1e-1)', words: '0.0001 to 0.1, log scale', size: null, when: null },
      { name: 'batch', kind: 'choice', expression: 'choice(32, 64)', words: '32 or 64', size: 2, when: null }
    ],
    constants: { epochs: 9 },
    workers: 2,
    seed: 0,
    stop: {
      max_time: null,
      max_trials_started: 12,
      max_trials_completed: null,
      max_trials_finished: null,
      max_cost: null,
      max_failures: null,
      target: null,
      plateau: null
    },
    resource: 'report',
    max_resource: 9,
    counts: { running: 2, completed: 1, stopped: 1 },
    trials: 4,
    total: 12,
    best: { trial: 2, job: 'trial2', value: 0.941, resource: 5, config: { lr: 0.0123, batch: 64 }, clone_of: null },
    pareto: [],
    curve: [
      [1, 0.5],
      [3, 0.8],
      [7, 0.941]
    ],
    pool: 'local',
    priority: 42,
    weight: 1,
    user: 'ada',
    notebook: null,
    submitted: '2026-11-21T10:00:00Z',
    started: '2026-11-21T10:00:01Z',
    ended: null,
    paused_since: null,
    paused_seconds: 0,
    tag: 1795255200,
    run_id: null,
    archived: false,
    verbs: ['pause', 'cancel', 'kill', 'extend'],
    version: 1,
    error: null,
    updater: null,
    spec: null,
    ...over
  };
}

export function endedExperiment(over: Partial<Experiment> = {}): Experiment {
  return anExperiment({
    state: 'succeeded',
    phase: 'succeeded',
    sentence: 'Succeeded after 12 trials; best val_accuracy 0.941 in trial 2.',
    counts: { completed: 10, stopped: 1, failed: 1 },
    trials: 12,
    ended: '2026-11-21T10:22:01Z',
    verbs: ['extend', 'retry_failed', 'archive', 'delete'],
    ...over
  });
}

export function aTrial(number: number, over: Partial<Trial> = {}): Trial {
  return {
    number,
    job: `trial${number}`,
    config: { lr: 0.001 * (number + 1), batch: number % 2 ? 64 : 32 },
    state: 'running',
    sentence: 'Running.',
    clone_of: null,
    resource: 3,
    values: { val_accuracy: 0.5 + number / 100 },
    best: 0.5 + number / 100,
    best_at: 3,
    started: '2026-11-21T10:00:01Z',
    ended: null,
    run_id: null,
    ...over
  };
}
