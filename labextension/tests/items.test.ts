import { expect, test } from 'vitest';
import type { Job, Pool } from '../src/api/jobs';
import { reduce } from '../src/model/reduce';
import { sections } from '../src/model/select';
import { EMPTY } from '../src/model/state';
import type { State } from '../src/model/state';
import { items } from '../src/panels/sidebar/items';
import { aJob, queued, snapshot, succeeded } from './builders';

const stateOf = (jobs: Job[], counts: Record<string, number>): State =>
  reduce(EMPTY, { type: 'message', message: { ...snapshot(1, jobs), counts } });
const aPool = (name: string, over: Partial<Pool> = {}): Pool => ({
  name,
  backend: 'local',
  slots: 2,
  used: 2,
  queued: 0,
  policy: 'priority',
  ...over
});

/** Rows in short: a heading with its count, a job with its place, the place where a list goes on. */
function rows(state: State, pools: Pool[] = [], folded: string[] = [], found: { more: boolean } | null = null): string[] {
  return items({ lists: sections(state), state, pools, folded: new Set(folded), found }).map(row => {
    switch (row.kind) {
      case 'heading':
        return `${row.key} ${row.count}${row.more ? '+' : ''}`;
      case 'job':
        return row.place === null ? row.key : `${row.place}. ${row.key}`;
      case 'more':
        return `... ${row.list}`;
    }
  });
}

test('each pool has a queue of its own, with places from one', () => {
  const jobs = [aJob({ id: 'r' }), queued({ id: 'a' }), queued({ id: 'g', pool: 'gpu' }), queued({ id: 'b' }), succeeded({ id: 'z' })];
  expect(rows(stateOf(jobs, { running: 1, queued: 3, succeeded: 1 }))).toEqual([
    'running 1',
    'r',
    'queue:gpu 1',
    '1. g',
    'queue:local 2',
    '1. a',
    '2. b',
    'recent 1',
    'z'
  ]);
});

test('a paused job waits without a place', () => {
  const jobs = [queued({ id: 'a', state: 'paused', phase: 'paused' }), queued({ id: 'b' })];
  expect(rows(stateOf(jobs, { queued: 1, paused: 1 }))).toEqual(['queue:local 2', 'a', '1. b']);
});

test('lists that the first picture cuts go on, and say how many there are', () => {
  const state = stateOf([queued({ id: 'a' }), succeeded({ id: 'z' })], { queued: 300, succeeded: 9000, failed: 100 });
  expect(rows(state)).toEqual(['queue:local 1+', '1. a', '... queue', 'recent 9100', 'z', '... recent']);
  expect(rows(state, [aPool('local', { queued: 300 })])).toEqual(['queue:local 300', '1. a', '... queue', 'recent 9100', 'z', '... recent']);
});

test('a folded section is its heading alone, and asks for nothing', () => {
  const state = stateOf([queued({ id: 'a' }), succeeded({ id: 'z' })], { queued: 300, succeeded: 9000 });
  expect(rows(state, [], ['queue:local', 'recent'])).toEqual(['queue:local 1+', 'recent 9000']);
});

test('a filtered list counts what was found', () => {
  const state = stateOf([succeeded({ id: 'z' })], { succeeded: 9000 });
  expect(rows(state, [], [], { more: false })).toEqual(['recent 1', 'z']);
  expect(rows(state, [], [], { more: true })).toEqual(['recent 1', 'z', '... found']);
});
