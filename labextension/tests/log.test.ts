import { expect, test } from 'vitest';
import { marked, plainText, runs } from '../src/panels/log/ansi';
import { LINES_KEPT, earlier, isAtEnd, length, longer, opened, placeOf } from '../src/panels/log/piece';
import type { Part } from '../src/panels/log/piece';
import { LogReader, lineStart } from '../src/panels/log/reader';
import { neighbour, toMark } from '../src/panels/log/useSearch';
import type { LogChunk, LogPlace } from '../src/api/contents';
import { until } from './server';

const coder = new TextEncoder();

/** A log that answers as the server does; a hole's bytes are gone and read as one line. */
class ALog {
  bytes: Uint8Array;
  ended = true;
  hole: [number, number] | null = null;
  readonly asked: LogPlace[] = [];

  constructor(text: string) {
    this.bytes = coder.encode(text);
  }

  add(text: string): void {
    this.bytes = new Uint8Array([...this.bytes, ...coder.encode(text)]);
  }

  readonly read = (place: LogPlace): Promise<LogChunk> => {
    this.asked.push(place);
    const size = this.bytes.length;
    const offset = place.tail !== undefined ? Math.max(0, size - place.tail) : Math.min(place.offset ?? 0, size);
    const end = Math.min(size, offset + (place.tail ?? place.limit ?? 65536));
    const [from, to] = this.hole ?? [Infinity, Infinity];
    const inside = from <= offset && offset < to;
    const next = inside ? to : offset < from ? Math.min(end, from) : end;
    const text = inside ? '\n[ 1 MB left out here ]\n' : new TextDecoder().decode(this.bytes.subarray(offset, next));
    return Promise.resolve({ attempt: 1, text, offset, next, size, end: this.ended && next >= size });
  };
}

function words(part: Part | null): string[] {
  return (part?.lines ?? []).map(line => line.text);
}

const chunk = (text: string, offset: number, size = 1000): LogChunk => ({
  attempt: 1,
  text,
  offset,
  next: offset + length(text),
  size,
  end: false
});

test('a part that opens in the middle leaves its cut first line out, and knows where the rest begins', () => {
  const part = opened(chunk('ut\nä 1\nline 2\nli', 100));
  expect(words(part)).toEqual(['ä 1', 'line 2', 'li']);
  expect(part.start).toBe(103);
  expect(part.lines.map(line => line.at)).toEqual([103, 108, 115]);
  expect(part.number).toBeNull();
});

test('more text goes on where the last line stopped', () => {
  const part = longer(opened(chunk('one\ntw', 0)), chunk('o\nthree\n', 6));
  expect(words(part)).toEqual(['one', 'two', 'three']);
  expect(part.lines.map(line => line.at)).toEqual([0, 4, 8]);
  expect(part.open).toBe(false);
  expect(part.number).toBe(1);
});

test('of a progress bar the last state is held, however often it is redrawn', () => {
  let part = opened(chunk('start\n', 0, 1e6));
  for (let step = 0; step < 500; step += 1) {
    part = longer(part, chunk(`\rstep ${step}`, part.end, 1e6));
  }
  expect(part.lines).toHaveLength(2);
  expect(part.lines[1]!.text.length).toBeLessThan(40);
  expect(plainText(part.lines[1]!.text)).toBe('step 499');
  expect(part.lines[1]!.at).toBe(6);
});

test('lines that come before keep the place of those that are shown', () => {
  const part = opened(chunk('cut\nfive\nsix\n', 50));
  const more = earlier(part, { text: 'cut\nthree\ncut\n', start: 40, atLine: false });
  expect(words(more)).toEqual(['three', 'cut', 'five', 'six']);
  expect(more.shift).toBe(2);
  expect(more.start).toBe(44);
  expect(placeOf(more, 54)).toBe(2);
  expect(placeOf(more, 60)).toBe(3);
  expect(placeOf(more, 10)).toBeNull();
});

test('a part that has become long is cut at the far end', () => {
  const many = 'x\n'.repeat(LINES_KEPT);
  let part = opened(chunk(many, 0, 1e6));
  part = longer(part, chunk('last\n', part.end, 1e6));
  expect(part.lines.length).toBeLessThan(LINES_KEPT);
  expect(part.lines[part.lines.length - 1]!.text).toBe('last');
  expect(part.number).toBe(LINES_KEPT / 4 + 1);
  expect(part.start).toBe(part.lines[0]!.at);

  const back = earlier(opened(chunk(many, 1e5, 1e6), 9), { text: 'first\n', start: 99_994, atLine: true });
  expect(back.lines[0]!.text).toBe('first');
  expect(back.lines.length).toBeLessThan(LINES_KEPT);
  expect(isAtEnd(back)).toBe(false);
});

test('a log of any length opens at its end, scrolls back to its start, and misses no line', async () => {
  const all = Array.from({ length: 40_000 }, (_, line) => `line ${line} ä€😀`);
  const log = new ALog(`${all.join('\n')}\n`);
  const reader = new LogReader(log.read);
  await reader.toEnd();
  expect(log.asked).toHaveLength(1);
  expect(words(reader.shown().part).at(-1)).toBe(all.at(-1));
  while (reader.shown().part!.start > 0) {
    await reader.before();
  }
  expect(words(reader.shown().part).slice(0, 1000)).toEqual(all.slice(0, 1000));
  expect(reader.shown().part!.number).toBe(1);
  while (!isAtEnd(reader.shown().part!)) {
    await reader.after();
  }
  expect(words(reader.shown().part).slice(-1000)).toEqual(all.slice(-1000));
  reader.stop();
});

test('what is written is followed, until it is stopped', async () => {
  const log = new ALog('one\n');
  log.ended = false;
  const reader = new LogReader(log.read);
  await reader.toEnd();
  log.add('two\n');
  await until(() => expect(words(reader.shown().part)).toEqual(['one', 'two']));
  reader.stop();
  const asked = log.asked.length;
  log.add('three\n');
  await until(() => expect(log.asked).toHaveLength(asked));
  await reader.resume();
  await until(() => expect(words(reader.shown().part)).toEqual(['one', 'two', 'three']));
  log.ended = true;
  await until(() => expect(reader.shown().part!.ended).toBe(true));
  reader.stop();
});

test('scrolling back goes over a hole in one step, however large it is', async () => {
  const log = new ALog(`head\n${'x'.repeat(2_000_000)}\n${'tail line\n'.repeat(30_000)}`);
  log.hole = [5, 2_000_006];
  const reader = new LogReader(log.read);
  await reader.toEnd();
  for (let step = 0; step < 6 && reader.shown().part!.start > 0; step += 1) {
    await reader.before();
  }
  const shown = words(reader.shown().part);
  expect(shown.slice(0, 3)).toEqual(['head', '[ 1 MB left out here ]', 'tail line']);
  reader.stop();
});

test('a failure is said, and what was shown stays', async () => {
  const log = new ALog('one\n'.repeat(200_000));
  const reader = new LogReader(log.read);
  await reader.toEnd();
  const before = reader.shown().part;
  Object.assign(log, { bytes: null });
  await reader.before();
  expect(reader.shown().trouble).not.toBeNull();
  expect(reader.shown().part).toBe(before);
  reader.stop();
});

test('a line is found by its number: strides in which the server counts, then the piece that has it', async () => {
  const log = new ALog(Array.from({ length: 5000 }, (_, line) => `line ${line + 1}\n`).join(''));
  const skip = async (offset: number, line: number) => {
    const found = await log.read({ offset, limit: 16_384 });
    const count = found.text.split('\n').length - 1;
    const whole = offset + length(found.text.slice(0, found.text.lastIndexOf('\n') + 1));
    return whole >= found.size ? { next: null, next_line: null } : { next: whole, next_line: line + count };
  };
  const at = await lineStart(4321, skip, offset => log.read({ offset, limit: 4096 }), () => undefined);
  expect((await log.read({ offset: at!, limit: 10 })).text).toBe('line 4321\n');
  expect(await lineStart(1, skip, offset => log.read({ offset }), () => undefined)).toBe(0);
  expect(await lineStart(5001, skip, offset => log.read({ offset }), () => undefined)).toBeNull();
});

test('colours become classes, and nothing in a line is markup', () => {
  expect(runs('a \x1b[1;31mred <b>\x1b[0m z')).toEqual([
    { text: 'a ', style: '', colour: null },
    { text: 'red <b>', style: 'jp-mod-bold jp-Training-ansi-red', colour: null },
    { text: ' z', style: '', colour: null }
  ]);
  expect(runs('\x1b[38;2;255;0;16mx')[0]).toEqual({ text: 'x', style: '', colour: '#ff0010' });
  expect(runs('\x1b[38;5;196mx')[0]!.colour).toBe('#ff0000');
  expect(runs('\x1b[38;2;9;url(x);1mx')[0]!.colour).toBeNull();
  expect(runs('\x1b[2K\x1b]0;title\x07x')).toEqual([{ text: 'x', style: '', colour: null }]);
  expect(runs('x'.repeat(50_000)).map(run => run.text.length)).toEqual([10_000, 2]);
});

test('a match is marked across colours', () => {
  const line = marked(runs('one t\x1b[31mwo th\x1b[0mree'), toMark('TWO', false));
  expect(line.map(run => [run.text, run.style])).toEqual([
    ['one ', ''],
    ['t', 'jp-Training-match'],
    ['wo', 'jp-Training-ansi-red jp-Training-match'],
    [' th', 'jp-Training-ansi-red'],
    ['ree', '']
  ]);
  expect(toMark('(', true)).toBeNull();
  expect(toMark('a.c', false)!.test('abc')).toBe(false);
});

test('matches are gone through in a ring', () => {
  const matches = [10, 20, 30].map(offset => ({ offset, line: 1, text: '' }));
  expect(neighbour(matches, 10, false)?.offset).toBe(20);
  expect(neighbour(matches, 30, false)?.offset).toBe(10);
  expect(neighbour(matches, 10, true)?.offset).toBe(30);
  expect(neighbour([], 0, false)).toBeNull();
});
