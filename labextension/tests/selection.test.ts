import { expect, test } from 'vitest';
import { NOTHING, cleared, every, extended, moved, only, toggled } from '../src/model/selection';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const ids = (selection: { chosen: ReadonlySet<string> }): string => [...selection.chosen].join('');

test('one is chosen, and chosen again it is none', () => {
  const first = only(NOTHING, 'b');
  expect(ids(first)).toBe('b');
  expect(ids(only(first, 'b'))).toBe('');
  expect(ids(only(every(first, IDS), 'b'))).toBe('b');
});

test('a range goes from where it began, in both directions', () => {
  const down = extended(only(NOTHING, 'c'), 'e', IDS);
  expect(ids(down)).toBe('cde');
  expect(ids(extended(down, 'a', IDS))).toBe('abc');
});

test('a range whose beginning is no longer listed begins anew', () => {
  expect(ids(extended(only(NOTHING, 'gone'), 'd', IDS))).toBe('d');
});

test('without a beginning, a range begins at the row with the focus', () => {
  expect(ids(extended(moved(NOTHING, 'b'), 'c', IDS))).toBe('bc');
});

test('single ones come and go, and clearing keeps the place', () => {
  const two = toggled(toggled(only(NOTHING, 'a'), 'd'), 'e');
  expect(ids(two)).toBe('ade');
  expect(ids(toggled(two, 'd'))).toBe('ae');
  expect(cleared(two)).toEqual({ chosen: new Set(), anchor: null, at: 'e' });
});
