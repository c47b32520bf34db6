import { expect, test } from 'vitest';
import type { Job, Pool } from '../src/api/jobs';
import { reduce } from '../src/model/reduce';
import { searches, sections } from '../src/model/select';
import { EMPTY } from '../src/model/state';
import type { State } from '../src/model/state';
import { items } from '../src/panels/sidebar/items';
import { ordersOf } from '../src/model/queue';
import { aJob, aPool, queued, snapshot, succeeded } from './builders';

const stateOf = (jobs: Job[], counts: Record<string, number>): State =>
  reduce(EMPTY, { type: 'message', message: { ...snapshot(1, jobs), counts } });

/** Rows in short: a heading with its count, a job with its place, the place where a list goes on. */
function rows(state: State, pools: Pool[] = [], folded: string[] = [], found: { more: boolean } | null = null): string[] {
  const lists = sections(state);
  return items({ lists, searches: searches(state), state, pools, orders: ordersOf(lists), folded: new Set(folded), found }).map(row => {
    switch (row.kind) {
      case 'heading':
        return `${row.key} ${row.count}${row.more ? '+' : ''}`;
      case 'job':
        return row.place === null ? row.key : `${row.place}. ${row.key}`;
      case 'pool':
      case 'search':
        return row.key;
      case 'more':
        return `... ${row.list}`;
    }
  });
}

test('each pool has a queue of its own, and a row says how many stand before it', () => {
  const jobs = [aJob({ id: 'r' }), queued({ id: 'a' }), queued({ id: 'g', pool: 'gpu' }), queued({ id: 'b' }), succeeded({ id: 'z' })];
  expect(rows(stateOf(jobs, { running: 1, queued: 3, succeeded: 1 }))).toEqual([
    'running 1',
    'r',
    'queue:gpu 1',
    '0. g',
    'queue:local 2',
    '0. a',
    '1. b',
    'recent 1',
    'z'
  ]);
});

test('what runs stands in the order too, and moves that are not answered yet are shown', () => {
  const jobs = [aJob({ id: 'r', position: '1' }), queued({ id: 'a', position: '2' }), queued({ id: 'b', position: '3' })];
  const state = stateOf(jobs, { running: 1, queued: 2 });
  expect(rows(state)).toEqual(['running 1', 'r', 'queue:local 2', '1. a', '2. b']);
  const lists = sections(state);
  const pending = [{ jobs: ['b'], move: { ahead_of: 'r' }, takes: null }];
  const shown = items({ lists, searches: searches(state), state, pools: [], orders: ordersOf(lists, pending), folded: new Set(), found: null });
  expect(shown.flatMap(row => (row.kind === 'job' ? [`${row.place} ${row.key}`] : []))).toEqual(['null r', '0 b', '2 a']);
});

test('where slots are shared fairly there is no place', () => {
  const state = stateOf([queued({ id: 'a' })], { queued: 1 });
  expect(rows(state, [aPool('local', { policy: 'fair_share' })])).toEqual(['queue:local 1', 'a', 'pools 1', 'pool:local']);
});

test('a paused job waits without a place', () => {
  const jobs = [queued({ id: 'a', state: 'paused', phase: 'paused' }), queued({ id: 'b' })];
  expect(rows(stateOf(jobs, { queued: 1, paused: 1 }))).toEqual(['queue:local 2', 'a', '0. b']);
});

test('lists that the first picture cuts go on, and say how many there are', () => {
  const state = stateOf([queued({ id: 'a' }), succeeded({ id: 'z' })], { queued: 300, succeeded: 9000, failed: 100 });
  expect(rows(state)).toEqual(['queue:local 1+', '0. a', '... queue', 'recent 9100', 'z', '... recent']);
  expect(rows(state, [aPool('local', { queued: 300 })])).toEqual(['queue:local 300', '0. a', '... queue', 'pools 1', 'pool:local', 'recent 9100', 'z', '... recent']);
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
