import { expect, test } from 'vitest';
import { ago, between, figure, short, span, spanRange, value, wholeSpan } from '../src/model/wording';

test.each([
  [null, '–'],
  [Number.NaN, '–'],
  [0, '0'],
  [40, '40'],
  [60000, '60\u2009000'],
  [0.96234, '0.962'],
  [0.5, '0.5'],
  [123.456, '123'],
  [12345.6, '12\u2009300'],
  [0.00012, '1.2e-4'],
  [-0.00012, '-1.2e-4'],
  [3.5e12 + 0.5, '3.5e12']
])('the number %s is written %s', (number, words) => {
  expect(figure(number)).toBe(words);
});

test.each([
  [0.42, '0.4 s'],
  [7.5, '7.5 s'],
  [9.99, '10 s'],
  [18.2, '18 s'],
  [119, '1 min'],
  [2 * 3600 + 600, '2 h 10 m'],
  [75 * 3600, '3 d']
])('a span of %s seconds is written %s', (seconds, words) => {
  expect(span(seconds)).toBe(words);
});

test.each([
  [0.2, '0 s'],
  [8.4, '8 s'],
  [59.7, '1 min'],
  [2 * 3600 + 600, '2 h 10 m']
])('a span of %s seconds that still grows is written %s', (seconds, words) => {
  expect(wholeSpan(seconds)).toBe(words);
});

test.each([
  [8.4, '8 s'],
  [14 * 60, '14 min'],
  [2 * 3600 + 600, '2 h'],
  [75 * 3600, '3 d']
])('%s seconds ago is written %s', (seconds, words) => {
  expect(ago(seconds)).toBe(words);
});

test.each([
  [4.2, 8.9, '4–9 s'],
  [360, 480, '6–8 min'],
  [400, 410, '6–7 min'],
  [0, 20, '20 s'],
  [0, 0.2, '1 s'],
  [3600, 3 * 3600, '1–3 h'],
  [30, 5 * 86400, '5 d']
])('between %s and %s seconds are written %s', (low, high, words) => {
  expect(spanRange(low, high)).toBe(words);
});

test('time runs to now while there is no end', () => {
  const start = '2026-11-21T10:00:00Z';
  expect(between(start, null, Date.parse(start) + 5000)).toBe(5);
  expect(between(start, '2026-11-21T10:00:02Z', Date.parse(start) + 5000)).toBe(2);
  expect(between(null, null, 0)).toBeNull();
});

test('a long parameter is cut and a short id typed', () => {
  expect(value('x'.repeat(40))).toHaveLength(22);
  expect(value([1, 2])).toBe('[1,2]');
  expect(short('3f2a91bcde')).toBe('3f2a91');
});
