/** Jobs and messages as a server would send them, with only what a test is about spelled out. */
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

export function snapshot(n: number, jobs: Job[], store = STORE): ChangeMessage {
  return { type: 'snapshot', store, n, changes: [], jobs, counts: countsOf(jobs) };
}

export function changes(n: number, jobs: Job[], store = STORE): ChangeMessage {
  const lines = jobs.map(job => ({ n, kind: 'state', job: job.id }));
  return { type: 'changes', store, n, changes: lines, jobs, counts: countsOf(jobs) };
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
