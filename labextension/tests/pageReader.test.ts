import { afterEach, expect, test, vi } from 'vitest';
import { PageReader } from '../src/parts/PageReader';

afterEach(() => vi.useRealTimers());

test('what could not be read is read once more, though nothing else happens', async () => {
  vi.useFakeTimers();
  let asked = 0;
  const reader = new PageReader<number>(async () => {
    asked += 1;
    if (asked === 2) {
      throw new Error('busy');
    }
    const rows = asked === 1 ? [1, 2] : [1, 2, 3];
    return { rows, total: rows.length, next: null };
  }, row => row);
  await reader.now();
  await reader.now();
  expect(reader.read().rows).toEqual([1, 2]);
  expect(reader.read().trouble).not.toBeNull();

  await vi.advanceTimersByTimeAsync(10_000);

  expect(reader.read().rows).toEqual([1, 2, 3]);
  expect(reader.read().trouble).toBeNull();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(3); // once it was read, it is read only where something happens
  reader.dispose();
});
