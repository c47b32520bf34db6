import { expect, test } from 'vitest';
import { grown, withNewest } from '../src/renderers/job/useCurve';
import { ending, lastLine } from '../src/renderers/job/lines';
import { left } from '../src/renderers/job/words';
import { nullTranslator } from '@jupyterlab/translation';
import { aMetric } from './builders';

const held = { attempts: 1, former: [], key: 'k', count: 3, points: [[0, 0, 1], [1, 1, 0.5], [2, 2, 0.4]] as [number, number, number][], appended: 0 }; // prettier-ignore

test('a series that grew by one has its newest point at the end at once', () => {
  const found = grown(held, aMetric(0.3, { count: 4, last_step: 3, last_time: 7 }));
  expect(found?.points[3]).toEqual([3, 7, 0.3]);
  expect(found?.count).toBe(4);
});

test.each([
  ['by two', held, aMetric(0.3, { count: 5, last_step: 4 })],
  ['backwards', held, aMetric(0.3, { count: 4, last_step: 1 })],
  ['for too long without being asked for', { ...held, appended: 600 }, aMetric(0.3, { count: 4, last_step: 3 })]
])('a series that grew %s is asked for', (_, before, metric) => {
  expect(grown(before, metric)).toBeNull();
});

test('a progress bar is its last state, and colours are gone', () => {
  expect(lastLine('\u001b[32m 10%\r 20%\u001b[0m\n\n')).toBe('20%');
});

test('the traceback is the last one, with those that led to it', () => {
  const one = 'Traceback (most recent call last):\n  File "a", line 1\nKeyError: 1\n';
  const found = ending(`before\n${one}between\n${one}\nDuring handling of the above exception, another exception occurred:\n\n${one}`);
  expect(found.before[found.before.length - 1]).toBe('between');
  expect(found.traceback.filter(line => line === 'KeyError: 1')).toHaveLength(2);
});

test.each([
  [0, 0.6, 'a moment left'],
  [3.2, 7.1, 'about 3–8 s left'],
  [21, 34, 'about 20–35 s left'],
  [360, 485, 'about 6–8 min left'],
  [6000, 9000, 'about 1.5–2.5 h left']
])('what is left is as coarse as a guess: %d to %d', (low, high, words) => {
  expect(left(nullTranslator.load('jupyter_training'), { low, high })).toBe(words);
});

test('where points between are missing, the newest is drawn and not held', () => {
  const metric = aMetric(0.1, { count: 9, last_step: 8, last_time: 13 });
  expect(withNewest(held, metric)).toEqual([...held.points, [8, 13, 0.1]]);
  expect(withNewest(held, aMetric(0.4, { count: 3, last_step: 2, last_time: 2 }))).toBe(held.points);
  expect(held.points).toHaveLength(3);
});
