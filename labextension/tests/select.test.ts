import { expect, test } from 'vitest';
import { allows, best, childrenOf, leading, lowerIsBetter, ranked, sections, share } from '../src/model/select';
import { EMPTY } from '../src/model/state';
import { aJob, aMetric, queued, succeeded } from './builders';

test('each job is in one section, in its order', () => {
  const jobs = [
    succeeded({ id: 'old', ended: '2026-11-21T09:00:00Z' }),
    queued({ id: 'later' }),
    succeeded({ id: 'new', ended: '2026-11-21T11:00:00Z' }),
    aJob({ id: 'second', started: '2026-11-21T10:00:09Z' }),
    queued({ id: 'urgent', priority: 1, submitted: '2026-11-21T10:30:00Z' }),
    aJob({ id: 'first', started: '2026-11-21T10:00:01Z' })
  ];
  const found = sections({ ...EMPTY, jobs: new Map(jobs.map(job => [job.id, job])) });
  expect(found.running.map(job => job.id)).toEqual(['first', 'second']);
  expect(found.queued.map(job => job.id)).toEqual(['urgent', 'later']);
  expect(found.recent.map(job => job.id)).toEqual(['new', 'old']);
});

test('what is validated leads, and the epoch never does', () => {
  const metrics = { epoch: aMetric(3), loss: aMetric(0.3), accuracy: aMetric(0.9), val_loss: aMetric(0.4) };
  expect(ranked(metrics)).toEqual(['val_loss', 'accuracy', 'loss', 'epoch']);
  expect(leading(aJob({ metrics }))?.name).toBe('val_loss');
  expect(leading(aJob())).toBeNull();
});

test('a name says which way is better, or nothing', () => {
  expect(lowerIsBetter('val_loss')).toBe(true);
  expect(lowerIsBetter('test/accuracy')).toBe(false);
  expect(lowerIsBetter('temperature')).toBeNull();
  expect(best('loss', aMetric(0.5))).toEqual({ value: 0.1, step: 2, lower: true });
  expect(best('val_acc', aMetric(0.5))).toEqual({ value: 0.9, step: 1, lower: false });
  expect(best('temperature', aMetric(0.5))).toBeNull();
});

test('progress without a total has no share, and one past its total is whole', () => {
  const progress = { done: 60, total: 40, unit: 'epoch', text: '' };
  expect(share(aJob({ progress }))).toBe(1);
  expect(share(aJob({ progress: { ...progress, total: null } }))).toBeNull();
  expect(share(aJob())).toBeNull();
});

test('the server names the verbs; what a new training may come of is a matter of what the job has', () => {
  const checkpoint = { step: 10, created: '2026-11-21T10:00:05Z', count: 2 };
  expect(allows(aJob(), 'pause')).toBe(true);
  expect(allows(aJob({ verbs: [] }), 'pause')).toBe(false);
  expect(allows(succeeded(), 'fork')).toBe(true);
  expect(allows(succeeded({ archived: true }), 'fork')).toBe(false);
  expect(allows(succeeded(), 'continue')).toBe(false);
  expect(allows(aJob({ checkpoint }), 'continue')).toBe(true);
  expect(allows(aJob({ checkpoint }), 'extend')).toBe(false);
  expect(allows(succeeded({ checkpoint }), 'extend')).toBe(true);
  expect(allows(aJob({ state: 'paused', phase: 'paused', checkpoint }), 'extend')).toBe(true);
});

test('children that the page has heard of are named beside those that the server has', () => {
  const child = { job: 'kid0000001', name: 'kid', relation: 'fork', checkpoint: null, step: null } as const;
  const job = succeeded({ id: 'old0000001', children: [child] });
  const parent = { job: 'old0000001', name: 'old', relation: 'continue', checkpoint: 'c', step: 10 } as const;
  const news = aJob({ id: 'new0000001', name: 'new', parent });
  const state = { ...EMPTY, jobs: new Map([job, news].map(one => [one.id, one])) };
  expect(childrenOf(state, job).map(one => [one.name, one.relation, one.step])).toEqual([
    ['kid', 'fork', null],
    ['new', 'continue', 10]
  ]);
  expect(childrenOf({ ...state, missing: new Set(['kid0000001']) }, job).map(one => one.name)).toEqual(['new']);
});

test('what was put away is in no section', () => {
  const state = { ...EMPTY, known: true, jobs: new Map([['a', succeeded({ id: 'a', archived: true })]]) };
  expect(sections(state).recent).toEqual([]);
});
