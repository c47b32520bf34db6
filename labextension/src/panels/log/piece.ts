/**
 * The part of a log that is at hand: lines between two byte offsets. Pure.
 *
 *     0 ......... start [ line | line | ... | rest ) end ......... size
 *
 * A log may have gigabytes, so it is never held whole: a part opens anywhere, most often at the end,
 * grows at both ends as somebody scrolls, and is cut at the far end once it is long. Offsets come from
 * the server; those of lines between are counted in UTF-8 and are exact but where bytes are broken.
 */
import type { LogChunk } from '../../api/contents';

export interface LogLine {
  /** Offset of its first byte. */
  readonly at: number;
  /** As it was written, with carriage returns and colours. */
  readonly text: string;
}

export interface Part {
  readonly start: number;
  readonly end: number;
  /** Whole lines, and as the last one what has no line break yet, if there is any. */
  readonly lines: readonly LogLine[];
  /** Whether the last line may go on. */
  readonly open: boolean;
  /** Number of the first line in the log; null while nobody has counted. */
  readonly number: number | null;
  /** Changes when lines come or go at the front: a line's place less this stays the same. */
  readonly shift: number;
  readonly size: number;
  /** No more will come. */
  readonly ended: boolean;
}

/** What stands before a part: text from `start` on. */
export interface Before {
  readonly text: string;
  readonly start: number;
  readonly atLine: boolean;
}

/** More lines than this are not held; past it a quarter goes at the far end. */
export const LINES_KEPT = 40_000;

/**
 * Begin with a piece. Its first line is cut unless the piece begins at the log's start or, as `number`
 * says, at a line; then it is left out.
 */
export function opened(chunk: LogChunk, number: number | null = null): Part {
  const atLine = chunk.offset === 0 || number !== null;
  const lost = atLine ? 0 : chunk.text.indexOf('\n') + 1;
  const text = chunk.text.slice(lost);
  const start = chunk.offset + length(chunk.text.slice(0, lost));
  return {
    ...withText(start, text),
    start,
    end: chunk.next,
    number: chunk.offset === 0 ? 1 : number,
    shift: 0,
    size: chunk.size,
    ended: chunk.end
  };
}

/** Put a piece behind. It must begin where the part ends. */
export function longer(part: Part, chunk: LogChunk): Part {
  const tail = part.open ? part.lines[part.lines.length - 1] : undefined;
  const kept = tail ? part.lines.slice(0, -1) : part.lines;
  const more = withText(chunk.offset, chunk.text, tail);
  const next = { ...part, lines: [...kept, ...more.lines], open: more.open, end: chunk.next, size: chunk.size, ended: chunk.end };
  return next.lines.length <= LINES_KEPT ? next : withoutHead(next, Math.ceil(LINES_KEPT / 4));
}

/** Put text before. It must end where the part begins. Its first line is left out unless it is `atLine`: it is cut. */
export function earlier(part: Part, { text, start, atLine }: Before): Part {
  const lost = atLine ? 0 : text.indexOf('\n') + 1;
  const begin = start + length(text.slice(0, lost));
  const lines = withText(begin, text.slice(lost)).lines;
  const next: Part = {
    ...part,
    start: begin,
    lines: [...lines, ...part.lines],
    number: begin === 0 ? 1 : part.number === null ? null : part.number - lines.length,
    shift: part.shift + lines.length
  };
  return next.lines.length <= LINES_KEPT ? next : withoutTail(next, Math.ceil(LINES_KEPT / 4));
}

/** Whether the part reaches the log's present end. */
export function isAtEnd(part: Part): boolean {
  return part.end >= part.size;
}

/** The place among the lines of the byte at that offset; null when it is not at hand. */
export function placeOf(part: Part, offset: number): number | null {
  if (offset < part.start || offset >= part.end) {
    return null;
  }
  let low = 0;
  let high = part.lines.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (part.lines[middle]!.at <= offset) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return part.lines.length === 0 ? null : low;
}

/** Bytes of a text in UTF-8. What could not be decoded is taken for one byte each. */
export function length(text: string): number {
  let bytes = 0;
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    bytes += code < 0x80 || code === 0xfffd ? 1 : code < 0x800 || isSurrogate(code) ? 2 : 3;
  }
  return bytes;
}

/** Half of a pair, of which both take four bytes. */
function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

function withText(offset: number, text: string, tail?: LogLine): Pick<Part, 'lines' | 'open'> {
  const lines: LogLine[] = [];
  let at = tail?.at ?? offset;
  let before = tail?.text ?? '';
  let from = 0;
  let counted = offset;
  for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
    const words = text.slice(from, to);
    lines.push({ at, text: before + words });
    counted += length(words) + 1;
    at = counted;
    before = '';
    from = to + 1;
  }
  const rest = before + text.slice(from);
  return rest === '' ? { lines, open: false } : { lines: [...lines, { at, text: lastState(rest) }], open: true };
}

/** A progress bar redraws one line for hours: what it has overwritten is dropped. */
function lastState(rest: string): string {
  const place = rest.lastIndexOf('\r', rest.length - 2);
  return place < 0 || rest.slice(place + 1).trim() === '' ? rest : rest.slice(place + 1);
}

function withoutHead(part: Part, count: number): Part {
  const lines = part.lines.slice(count);
  return {
    ...part,
    lines,
    start: lines[0]!.at,
    number: part.number === null ? null : part.number + count,
    shift: part.shift - count
  };
}

function withoutTail(part: Part, count: number): Part {
  const kept = part.lines.length - count;
  return { ...part, lines: part.lines.slice(0, kept), end: part.lines[kept]!.at, open: false, ended: false };
}
