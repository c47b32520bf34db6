import { afterEach, expect, test, vi } from 'vitest';
import { xAxis } from '../src/charts/axes';
import { Easing, calmY, logY, wholeX } from '../src/charts/ranges';

afterEach(() => vi.unstubAllGlobals());

test('the right end of a growing curve moves in steps, that of an ended one is its last point', () => {
  expect(wholeX(0, 161, false)).toEqual({ min: 0, max: 161 });
  expect(wholeX(0, 161, true)).toEqual(wholeX(0, 199, true));
  expect(wholeX(0, 161, true).max).toBeGreaterThanOrEqual(161);
  expect(wholeX(7, 7, true)).toEqual({ min: 7, max: 8 });
});

test('y stays as it was while the values fit it well', () => {
  const first = calmY(0, 1, null);
  expect(first.min).toBeLessThan(0);
  expect(first.max).toBeGreaterThan(1);
  expect(calmY(0.1, 1, first)).toBe(first);
  expect(calmY(0, 2, first).max).toBeGreaterThan(2);
  expect(calmY(0, 0.2, first).max).toBeLessThan(0.5);
  expect(calmY(3, 3, null)).toEqual({ min: 2.7, max: 3.3 });
});

test('a log axis holds all values between round ends', () => {
  const { min, max } = logY(0.002, 30);
  expect(min).toBeCloseTo(0.001);
  expect(max).toBeCloseTo(100);
  const narrow = logY(1, 1);
  expect(narrow.max).toBeGreaterThan(narrow.min);
});

test('the way to a new range takes a few frames, and none where motion is not wanted', () => {
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal('requestAnimationFrame', (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  const drawn: number[] = [];
  const easing: Easing = new Easing(() => drawn.push(easing.shown!.max));
  expect(easing.toward({ min: 0, max: 1 })).toEqual({ min: 0, max: 1 });
  expect(easing.toward({ min: 0, max: 2 })).toEqual({ min: 0, max: 1 });
  const began = performance.now();
  for (let at = 50; frames.length > 0; at += 50) {
    frames.shift()!(began + at);
  }
  expect(drawn.length).toBeGreaterThan(1);
  expect(drawn[drawn.length - 1]).toBe(2);
  expect(drawn).toEqual([...drawn].sort((a, b) => a - b));

  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  const still = new Easing(() => expect.unreachable());
  still.toward({ min: 0, max: 1 });
  expect(still.toward({ min: 0, max: 2 })).toEqual({ min: 0, max: 2 });
});

test('places on the axes are said as people say them', () => {
  expect(xAxis('step').spoken(12000)).toBe('12\u2009000');
  expect(xAxis('time').spoken(42)).toBe('42 s');
  expect(xAxis('time').spoken(125)).toBe('2:05 min');
  expect(xAxis('time').spoken(3725)).toBe('1:02:05');
});
