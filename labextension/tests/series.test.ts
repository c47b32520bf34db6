import { expect, test } from 'vitest';
import { drawnAtFirst, grouped, onAxis, restarts, runs, seams, smoothed, wantedPoints } from '../src/model/series';
import type { Attempt, Series } from '../src/api/jobs';
import { anAttempt } from './builders';

const BEGUN = Date.parse('2026-11-21T10:00:00Z') / 1000;

function attempt(number: number, started: string | null, sentence: string | null = null, from: number | null = null): Attempt {
  return anAttempt(number, { state: sentence === null ? 'running' : 'ended', sentence, started, start_step: from });
}

/** Steps one after the other, a second apart; the value is the step. */
function points(...steps: number[]): Series['points'] {
  return steps.map((step, place) => [step, BEGUN + place, step]);
}

test('an axis is the step, the seconds since the job began, or the clock', () => {
  expect(onAxis(points(5, 6), 'step', BEGUN).xs).toEqual([5, 6]);
  expect(onAxis(points(5, 6), 'time', BEGUN).xs).toEqual([0, 1]);
  expect(onAxis(points(5, 6), 'clock', BEGUN).xs).toEqual([BEGUN, BEGUN + 1]);
});

test('what was taken back is apart by the attempt that reported it', () => {
  const [first, second] = [points(11, 12, 13), points(12, 13)];
  const later: Series['points'] = second.map(([step, time, value]) => [step, time + 10, value]);
  expect(runs([...first, ...later], [BEGUN + 5])).toEqual([first, later]);
  expect(runs(points(11, 12), [])).toEqual([points(11, 12)]);
});

test('steps that one attempt reports out of order are put in order', () => {
  const { xs, ys } = onAxis(points(3, 1, 2), 'step', BEGUN);
  expect(xs).toEqual([1, 2, 3]);
  expect(ys).toEqual([1, 2, 3]);
});

test('smoothing starts at the first value, keeps gaps, and is nothing at weight 0', () => {
  const ys = [1, null, 3];
  expect(smoothed(ys, 0)).toBe(ys);
  const [first, gap, second] = smoothed(ys, 0.5);
  expect(first).toBeCloseTo(1);
  expect(gap).toBeNull();
  expect(second).toBeCloseTo((0.25 * 1 + 0.5 * 3) / 0.75);
});

test('a metric and its validation stand in one chart; one that stands alone keeps its name', () => {
  expect(grouped(['val_loss', 'loss', 'train/acc', 'val/acc', 'lr', 'val_f1', 'evaluation'])).toEqual([
    { title: 'loss', names: ['val_loss', 'loss'] },
    { title: 'acc', names: ['train/acc', 'val/acc'] },
    { title: 'lr', names: ['lr'] },
    { title: 'val_f1', names: ['val_f1'] },
    { title: 'evaluation', names: ['evaluation'] }
  ]);
});

test('a seam is where the next attempt begins, with the reason of the one before', () => {
  const attempts = [
    attempt(1, '2026-11-21T10:00:00Z', 'Killed, probably out of memory.'),
    attempt(2, '2026-11-21T10:00:04Z')
  ];
  const resumed = points(0, 1, 2, 3, 2, 3, 4); // without a checkpoint, from wherever it likes
  expect(restarts(attempts)).toEqual([BEGUN + 4]);
  expect(seams(attempts, resumed, 'step', BEGUN)).toEqual([{ x: 2, attempt: 2, from: null, words: 'Killed, probably out of memory.' }]);
  expect(seams(attempts, resumed, 'time', BEGUN)[0]?.x).toBe(4);
  expect(seams(attempts, resumed, 'clock', BEGUN)[0]?.x).toBe(BEGUN + 4);
  expect(seams(attempts, [], 'step', BEGUN)).toEqual([]);
  const [, second] = attempts;
  const from = seams([attempts[0]!, { ...second!, start_step: 10 }], [], 'step', BEGUN);
  expect(from).toMatchObject([{ x: 10, from: 10 }]);
});

test('a zoomed part is asked for more finely, within what the server gives', () => {
  expect(wantedPoints(800, 1)).toBe(800);
  expect(wantedPoints(800, 0.25)).toBe(3200);
  expect(wantedPoints(800, 0)).toBe(20_000);
});

test('at first the telling metrics are drawn, not the epoch, and not hundreds', () => {
  expect(drawnAtFirst(['loss', 'epoch'])).toEqual(['loss']);
  expect(drawnAtFirst(Array.from({ length: 100 }, (_, place) => `m${place}`))).toHaveLength(12);
});
