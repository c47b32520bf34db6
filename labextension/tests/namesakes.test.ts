import { expect, test } from 'vitest';
import type { Job } from '../src/api/jobs';
import { Namesakes } from '../src/model/namesakes';
import { aJob } from './builders';

const run = (id: string, second: number, params: Job['params'], name = 'digits'): Job =>
  aJob({ id, name, params, submitted: `2026-11-21T10:00:${String(second).padStart(2, '0')}Z` });
const known = (...jobs: Job[]): ReadonlyMap<string, Job> => new Map(jobs.map(job => [job.id, job]));

test('what differs is told against the run of that name that was submitted before', () => {
  const jobs = [run('late', 30, { lr: 0.3 }), run('first', 10, { lr: 0.1 }), run('second', 20, { lr: 0.2 }), run('else', 25, { lr: 9 }, 'wine')];
  const namesakes = Namesakes.of(known(...jobs));
  expect(jobs.map(job => namesakes.changes(job))).toEqual([
    [{ name: 'lr', now: 0.3, before: 0.2 }],
    [],
    [{ name: 'lr', now: 0.2, before: 0.1 }],
    []
  ]);
});

test('lists are compared by what is in them', () => {
  const [one, same, other] = [run('a', 1, { layers: [8, 8] }), run('b', 2, { layers: [8, 8] }), run('c', 3, { layers: [8, 4] })];
  const namesakes = Namesakes.of(known(one, same, other));
  expect(namesakes.changes(same)).toEqual([]);
  expect(namesakes.changes(other)).toEqual([{ name: 'layers', now: [8, 4], before: [8, 8] }]);
});

test('news of the same jobs is no reason to look anew, another job is', () => {
  const [a, b, between] = [run('a', 10, { lr: 1 }), run('b', 20, { lr: 2 }), run('c', 15, { lr: 3 })];
  const before = Namesakes.of(known(a, b));
  expect(Namesakes.of(known({ ...a, version: 2 }, b), before)).toBe(before);
  expect(before.changes(b)).toBe(before.changes({ ...b, version: 2 }));
  expect(before.changes(b)).toEqual([{ name: 'lr', now: 2, before: 1 }]);
  expect(Namesakes.of(known(a, b, between), before).changes(b)).toEqual([{ name: 'lr', now: 2, before: 3 }]);
  expect(Namesakes.of(known(b), before).changes(b)).toEqual([]);
});
