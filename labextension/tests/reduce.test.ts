import { expect, test } from 'vitest';
import { Trouble } from '../src/api/http';
import { ENDED_KEPT, TRAIL_LENGTH, reduce } from '../src/model/reduce';
import type { Event } from '../src/model/reduce';
import { EMPTY } from '../src/model/state';
import type { State } from '../src/model/state';
import { STORE, aJob, aMetric, changes, queued, snapshot, succeeded } from './builders';

const after = (...events: Event[]): State => events.reduce(reduce, EMPTY);
const heard = (message: ReturnType<typeof snapshot>): Event => ({ type: 'message', message });

test('a snapshot makes the list known, also when it is empty', () => {
  const state = after(heard(snapshot(7, [])));
  expect(state.known).toBe(true);
  expect(state.store).toBe(STORE);
  expect(state.link.kind).toBe('live');
  expect(state.jobs.size).toBe(0);
});

test('a job never goes back to an earlier version', () => {
  const state = after(
    heard(snapshot(1, [succeeded({ version: 5 })])),
    { type: 'jobs', jobs: [aJob({ version: 4 })] } // an answer that was slower than the stream
  );
  expect(state.jobs.get('3f2a91bcde')?.phase).toBe('succeeded');
});

test('lists do not take away what a single answer told', () => {
  const state = after(
    { type: 'jobs', jobs: [aJob({ version: 2, spec: { launcher: 'plain' } })] },
    heard(changes(3, [aJob({ version: 3 })]))
  );
  expect(state.jobs.get('3f2a91bcde')?.spec).toEqual({ launcher: 'plain' });
});

test('a new snapshot drops what it would name if it were still there', () => {
  const state = after(
    heard(snapshot(1, [aJob({ id: 'a' }), queued({ id: 'b' }), succeeded({ id: 'c' })])),
    heard(snapshot(9, [aJob({ id: 'a' })]))
  );
  expect([...state.jobs.keys()]).toEqual(['a']);
});

test('a new snapshot drops no ended job of which it does not speak', () => {
  const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
  const older = succeeded({ id: 'older', submitted: at(0) });
  const deleted = succeeded({ id: 'deleted', submitted: at(5) });
  const first = [older, deleted, succeeded({ id: 'trial', submitted: at(5), experiment: 'e' }), succeeded({ id: 'away', submitted: at(5), archived: true })];
  const page = Array.from({ length: 50 }, (_, index) => succeeded({ id: `new-${index}`, submitted: at(3 + (index % 9)) }));
  const state = after(heard(snapshot(1, [])), { type: 'jobs', jobs: first }, heard({ ...snapshot(9, page), counts: { succeeded: 60 } }));
  expect([...state.jobs.keys()].filter(id => !id.startsWith('new-'))).toEqual(['older', 'trial', 'away']);
});

test('another store begins with nothing of the old one', () => {
  const state = after(heard(snapshot(1, [aJob({ id: 'a' })])), heard(snapshot(1, [aJob({ id: 'z' })], 'store0002')));
  expect(state.store).toBe('store0002');
  expect([...state.jobs.keys()]).toEqual(['z']);
});

test('a loss keeps the rows, its first moment, and its reason while it is tried again', () => {
  const trouble = new Trouble('The Jupyter server does not answer.');
  const state = after(
    heard(snapshot(1, [aJob()])),
    { type: 'lost', trouble, now: 1000 },
    { type: 'connecting' },
    { type: 'lost', trouble, now: 9000 }
  );
  expect(state.jobs.size).toBe(1);
  expect(state.link).toEqual({ kind: 'lost', trouble, since: 1000 });
});

test('a missing job is remembered until it comes', () => {
  const missing = after({ type: 'missing', id: '3f2a91bcde' });
  expect(missing.missing.has('3f2a91bcde')).toBe(true);
  expect(reduce(missing, { type: 'jobs', jobs: [aJob()] }).missing.size).toBe(0);
});

test('a trail grows with each new point and stays short', () => {
  const at = (step: number): Event => {
    const job = aJob({ version: step, metrics: { loss: aMetric(1 / step, { count: step }) } });
    return heard(changes(step, [job, job])); // the same news twice is one point
  };
  const three = after(at(1), at(2), at(3));
  expect(three.trails.get('3f2a91bcde')?.values).toEqual([1, 1 / 2, 1 / 3]);
  const many = after(...Array.from({ length: 300 }, (_, index) => at(index + 1)));
  const values = many.trails.get('3f2a91bcde')?.values ?? [];
  expect(values.length).toBeLessThanOrEqual(TRAIL_LENGTH);
  expect(values[values.length - 1]).toBe(1 / 300);
});

test('a fetched past does not undo what came meanwhile', () => {
  const state = after(
    heard(snapshot(1, [aJob({ metrics: { loss: aMetric(0.5, { count: 9 }) } })])),
    { type: 'trail', id: '3f2a91bcde', trail: { metric: 'loss', count: 8, values: [1] } },
    { type: 'trail', id: '3f2a91bcde', trail: { metric: 'loss', count: 9, values: [0.9, 0.5] } }
  );
  expect(state.trails.get('3f2a91bcde')?.values).toEqual([0.9, 0.5]);
});

test('only so many ended jobs are kept, the newest, and every active one', () => {
  const many = Array.from({ length: ENDED_KEPT + 20 }, (_, index) =>
    succeeded({ id: `j${index}`, ended: new Date(1.8e12 + 1000 * index).toISOString() })
  );
  const state = after(heard(snapshot(1, [aJob({ id: 'live' }), ...many])));
  expect(state.jobs.size).toBe(ENDED_KEPT + 1);
  expect(state.jobs.has('live')).toBe(true);
  expect(state.jobs.has('j0')).toBe(false);
  expect(state.jobs.has(`j${ENDED_KEPT + 19}`)).toBe(true);
});
