import { expect, test } from 'vitest';
import { after, dropAt, ordersOf, stepBy, stepOf } from '../src/model/queue';
import type { Drop, Placed } from '../src/model/queue';
import { starts } from '../src/model/select';
import { aJob, queued } from './builders';

/** `a30 b42`: names with their priorities. */
const line = (words: string): Placed[] =>
  words.split(' ').map(word => ({ id: word[0] ?? '', name: word[0] ?? '', priority: Number(word.slice(1)) }));
const words = (rows: readonly Placed[]): string => rows.map(row => `${row.id}${row.priority}`).join(' ');
const dropped = (rows: string, ids: string, gap: number): Drop | null => dropAt(line(rows), [...ids], gap);
const then = (rows: string, drop: Drop | null): string => (drop === null ? 'nothing' : words(after(line(rows), drop)));

test('a job that is moved up goes before the one it comes to, and down behind it', () => {
  expect(dropped('a42 b42 c42', 'c', 0)).toEqual({ jobs: ['c'], move: { ahead_of: 'a' }, takes: null });
  expect(dropped('a42 b42 c42', 'a', 3)).toEqual({ jobs: ['a'], move: { behind_of: 'c' }, takes: null });
  expect(then('a42 b42 c42', dropped('a42 b42 c42', 'c', 0))).toBe('c42 a42 b42');
  expect(then('a42 b42 c42', dropped('a42 b42 c42', 'a', 2))).toBe('b42 a42 c42');
});

test('between two priorities it keeps its own, if one of the two is its own', () => {
  expect(dropped('a30 b42 c42', 'c', 1)).toEqual({ jobs: ['c'], move: { ahead_of: 'b' }, takes: null });
  expect(dropped('a42 b42 c50', 'a', 2)).toEqual({ jobs: ['a'], move: { behind_of: 'b' }, takes: null });
});

test('next to jobs of another priority alone it takes that one', () => {
  expect(dropped('a30 b42 c42', 'c', 0)).toEqual({ jobs: ['c'], move: { ahead_of: 'a' }, takes: 30 });
  expect(then('a30 b42 c42', dropped('a30 b42 c42', 'c', 0))).toBe('c30 a30 b42');
  expect(dropped('a30 b50 c50', 'a', 3)).toEqual({ jobs: ['a'], move: { behind_of: 'c' }, takes: 50 });
  expect(dropped('a30 b40 c50', 'c', 1)).toEqual({ jobs: ['c'], move: { ahead_of: 'b' }, takes: 40 });
});

test('where it stands already nothing is asked for', () => {
  for (const gap of [1, 2]) {
    expect(dropped('a42 b42 c42', 'b', gap)).toBeNull();
  }
  expect(dropped('a42', 'a', 0)).toBeNull();
  expect(dropped('a42 b42', 'x', 0)).toBeNull();
});

test('several keep the order that they have', () => {
  const drop = dropped('a42 b42 c42 d42', 'db', 0);
  expect(drop).toEqual({ jobs: ['b', 'd'], move: { ahead_of: 'a' }, takes: null });
  expect(then('a42 b42 c42 d42', drop)).toBe('b42 d42 a42 c42');
});

test('keys go one place on, or to an end of the own priority', () => {
  const rows = 'a30 b42 c42 d42 e50';
  const step = (id: string, way: 'up' | 'down' | 'top' | 'bottom'): string => then(rows, stepOf(line(rows), id, way));
  expect(step('d', 'up')).toBe('a30 b42 d42 c42 e50');
  expect(step('b', 'down')).toBe('a30 c42 b42 d42 e50');
  expect(step('d', 'top')).toBe('a30 d42 b42 c42 e50');
  expect(step('b', 'bottom')).toBe('a30 c42 d42 b42 e50');
  expect(step('b', 'top')).toBe('nothing');
  expect(step('d', 'bottom')).toBe('nothing');
  expect(step('a', 'up')).toBe('nothing');
  expect(step('e', 'down')).toBe('nothing');
  // At the edge of its priority one place more is another priority.
  expect(step('b', 'up')).toBe('b30 a30 c42 d42 e50');
  expect(step('d', 'down')).toBe('a30 b42 c42 e50 d50');
});

test('the keys are those with Alt alone', () => {
  const keys = { altKey: true, ctrlKey: false, metaKey: false, shiftKey: false };
  expect(stepBy({ ...keys, key: 'ArrowUp' })).toBe('up');
  expect(stepBy({ ...keys, key: 'End' })).toBe('bottom');
  expect(stepBy({ ...keys, key: 'ArrowUp', altKey: false })).toBeNull();
  expect(stepBy({ ...keys, key: 'ArrowUp', shiftKey: true })).toBeNull();
});

test('a pool serves by priority, then by place, and paused jobs have none', () => {
  const jobs = {
    running: [aJob({ id: 'r', position: '05' })],
    queued: [
      queued({ id: 'a', position: '1', submitted: '2026-11-21T11:00:00Z' }),
      queued({ id: 'b', position: '03' }),
      queued({ id: 'c', priority: 7, position: '9' }),
      queued({ id: 'p', state: 'paused', phase: 'paused' }),
      queued({ id: 'g', pool: 'gpu' })
    ]
  };
  const ids = (pool: string): string[] => (ordersOf(jobs).get(pool) ?? []).map(one => one.id);
  expect(ids('local')).toEqual(['c', 'b', 'r', 'a']);
  expect(ids('gpu')).toEqual(['g']);
  expect(starts(queued({ position: '0000000000000025' }), queued({ position: '000000000000002505' }))).toBeLessThan(0);
});
