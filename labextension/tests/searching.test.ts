import { expect, test } from 'vitest';
import { asFiltered, parse } from '../src/model/filter';
import { reduce } from '../src/model/reduce';
import type { Event } from '../src/model/reduce';
import { bests, dots, highlights, steps } from '../src/model/searching';
import { courseOf, searches, sections } from '../src/model/select';
import { EMPTY } from '../src/model/state';
import type { State } from '../src/model/state';
import { aJob, aTrial, anExperiment, changes, endedExperiment, snapshot, succeeded } from './builders';

const after = (...events: Event[]): State => events.reduce(reduce, EMPTY);
const heard = (message: ReturnType<typeof snapshot>): Event => ({ type: 'message', message });
const trialJob = aJob({ id: 'trial0', name: 'sweep-0', experiment: '7c1e2d3f4a', trial: 0 });
const ids = (some: readonly { readonly id: string }[]): string[] => some.map(one => one.id);

test('a search is known by the stream, and never goes back to an earlier version', () => {
  const state = after(
    heard(snapshot(1, [], undefined, [anExperiment()])),
    heard(changes(2, [], undefined, [anExperiment({ trials: 5, version: 3 })])),
    { type: 'experiments', experiments: [anExperiment({ trials: 4, version: 2 })] }
  );
  expect(state.experiments.get('7c1e2d3f4a')?.trials).toBe(5);
});

test('what a single answer told of a search stays', () => {
  const state = after(
    { type: 'experiments', experiments: [anExperiment({ spec: { name: 'sweep' } })] },
    heard(changes(2, [], undefined, [anExperiment({ version: 2 })]))
  );
  expect(state.experiments.get('7c1e2d3f4a')?.spec).toEqual({ name: 'sweep' });
});

test('trials by the thousand are not kept, but for those that somebody looks at; in no list are they', () => {
  const many = Array.from({ length: 1000 }, (_, number) => ({ ...trialJob, id: `trial${number}`, trial: number }));
  const flooded = after(heard(snapshot(1, [aJob({ id: 'own' })])), heard(changes(2, many)));
  expect([...flooded.jobs.keys()]).toEqual(['own']);
  const looked = after(heard(snapshot(1, [])), { type: 'jobs', jobs: [trialJob] }, heard(changes(2, [{ ...trialJob, version: 2 }])));
  expect(looked.jobs.get('trial0')?.version).toBe(2);
  expect(sections(looked).running).toEqual([]);
});

test('a snapshot drops a search that it would name if it were still there', () => {
  const state = after(heard(snapshot(1, [], undefined, [anExperiment({ id: 'a' }), endedExperiment({ id: 'b' })])), heard(snapshot(5, [])));
  expect([...state.experiments.keys()]).toEqual([]);
});

test('a deleted search is missing from then on', () => {
  const gone = { ...changes(2, []), changes: [{ n: 2, kind: 'gone', job: '7c1e2d3f4a' }] };
  const state = after(heard(snapshot(1, [], undefined, [anExperiment()])), heard(gone));
  expect(state.experiments.size).toBe(0);
  expect(state.missing.has('7c1e2d3f4a')).toBe(true);
});

test('older searches are asked for while the first picture was full', () => {
  const twenty = Array.from({ length: 20 }, (_, place) => endedExperiment({ id: `e${place}` }));
  const full = after(heard(snapshot(1, [], undefined, twenty)));
  expect(full.olderExperiments).toEqual({ next: null });
  const read = reduce(full, { type: 'older', experiments: [endedExperiment({ id: 'oldest' })], next: null });
  expect(read.olderExperiments).toBeNull();
  expect(read.experiments.size).toBe(21);
  expect(after(heard(snapshot(1, [], undefined, twenty.slice(1)))).olderExperiments).toBeNull();
});

test('those that go on are apart from the others, and archived ones in no list', () => {
  const state = after(
    heard(
      snapshot(1, [], undefined, [
        anExperiment({ id: 'going' }),
        anExperiment({ id: 'paused', state: 'paused', phase: 'paused', submitted: '2026-11-21T11:00:00Z' }),
        endedExperiment({ id: 'ended' }),
        endedExperiment({ id: 'away', archived: true })
      ])
    )
  );
  const found = searches(state);
  expect([ids(found.running), ids(found.rest)]).toEqual([['going'], ['paused', 'ended']]);
});

test('the filter looks at searches too: at name, state, and best value', () => {
  const fits = (text: string): boolean => parse(text)!(asFiltered(anExperiment()));
  expect(['swe', 'state:running', 'val_accuracy>0.9', 'epochs=9', 'user:ada'].map(fits)).toEqual([true, true, true, true, true]);
  expect(['falling', 'state:failed', 'val_accuracy>0.95', 'tag:x'].map(fits)).toEqual([false, false, false, false]);
});

test('the best so far stands until something better comes, each place once', () => {
  const { xs, ys } = steps([
    [0, 0.5],
    [4, 0.8]
  ]);
  expect(ys).toEqual([0.5, 0.5, 0.8]);
  expect(xs.map(Math.round)).toEqual([0, 4, 4]);
  expect(xs[1]).toBeLessThan(4); // a chart takes one of two points at one place
});

test('a sparkline of the best has its steps where they were', () => {
  const course = courseOf(anExperiment({ curve: [[0, 1], [9, 2], [10, 3]] }), 11); // prettier-ignore
  expect(course).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
  expect(courseOf(anExperiment({ curve: [[3, 1]] }))).toEqual([]); // prettier-ignore
});

test('the best trial has the first colour, then those that are chosen, as many as there are', () => {
  expect(highlights(7, [3, 7, 5], 8)).toEqual([
    { trial: 7, colour: 1 },
    { trial: 3, colour: 2 },
    { trial: 5, colour: 3 }
  ]);
  expect(highlights(null, [3], 8)).toEqual([{ trial: 3, colour: 2 }]);
  expect(highlights(0, [1, 2, 3], 2)).toHaveLength(2);
});

test('the cloud has who reported both metrics, and those of the front though they have not been read', () => {
  const search = anExperiment({
    metrics: ['a', 'b'],
    modes: ['max', 'min'],
    pareto: [{ trial: 9, job: 'trial9', values: { a: 1, b: 0.1 }, config: {} }]
  });
  const trials = [aTrial(0, { values: { a: 0.5, b: 0.5 } }), aTrial(1, { values: { a: 0.5, b: null } }), aTrial(2, { values: { a: 0.5 } })];
  expect(dots(search, trials, 'a', 'b')).toEqual([
    { trial: 0, job: 'trial0', x: 0.5, y: 0.5, isFront: false },
    { trial: 9, job: 'trial9', x: 1, y: 0.1, isFront: true }
  ]);
});

test('ended trials that somebody looked at do not fill the list of what ended', () => {
  const state = after(heard(snapshot(1, [])), { type: 'jobs', jobs: [succeeded({ id: 't', experiment: 'e', trial: 1 })] });
  expect(sections(state).recent).toEqual([]);
});

test('each of several metrics has its best', () => {
  const pareto = [
    { trial: 4, job: 'a', values: { acc: 0.9, size: 9 }, config: {} },
    { trial: 2, job: 'b', values: { acc: 0.5, size: 3 }, config: {} }
  ];
  const first = { trial: 4, job: 'a', value: 0.9 };
  expect(bests({ metrics: ['acc', 'size'], modes: ['max', 'min'], pareto }, first)).toEqual([first, { trial: 2, job: 'b', value: 3 }]);
  expect(bests({ metrics: ['acc', 'size'], modes: ['max', 'min'], pareto: [] }, first)).toEqual([first]);
});
