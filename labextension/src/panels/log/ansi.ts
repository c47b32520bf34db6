/** A line that was written to a terminal, as runs of text with their colours. Pure; nothing of it is markup. */

export interface Run {
  readonly text: string;
  /** Class names, or ''. */
  readonly style: string;
  /** A colour of its own (256 or 24 bit), as CSS. */
  readonly colour: string | null;
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const SEQUENCE = /\x1b(?:\[([0-9;:]*)([ -/]*[@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;
const LONGEST = 10_000;

/** What is left of a line after its carriage returns: the last state that has something on it. */
export function shownState(line: string): string {
  if (!line.includes('\r')) {
    return line;
  }
  const states = line.split('\r');
  for (let place = states.length - 1; place > 0; place -= 1) {
    if (states[place]!.trim() !== '') {
      return states[place]!;
    }
  }
  return states[0]!;
}

export function plainText(line: string): string {
  return shownState(line).replace(SEQUENCE, '').replace(CONTROL, '\ufffd');
}

export function runs(line: string): Run[] {
  const text = shownState(line);
  const found: Run[] = [];
  let state: State = PLAIN;
  let from = 0;
  let room = LONGEST;
  const add = (to: number): void => {
    const words = text.slice(from, to).replace(CONTROL, '\ufffd').slice(0, room);
    room -= words.length;
    if (words !== '') {
      found.push({ text: words, ...styled(state) });
    }
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') {
      state = after(state, match[1] ?? '');
    }
  }
  add(text.length);
  if (room === 0 && text.length > LONGEST) {
    found.push({ text: ' …', style: '', colour: null });
  }
  return found;
}

/** The runs cut where a match begins or ends; matches have the class of a match. */
export function marked(line: readonly Run[], wanted: RegExp | null): Run[] {
  if (wanted === null) {
    return [...line];
  }
  const text = line.map(run => run.text).join('');
  const places: [number, number][] = [];
  for (const match of text.matchAll(wanted)) {
    if (match[0] !== '') {
      places.push([match.index, match.index + match[0].length]);
    }
  }
  const found: Run[] = [];
  let start = 0;
  for (const run of line) {
    const end = start + run.text.length;
    let at = start;
    for (const [from, to] of places) {
      if (to <= at || from >= end) {
        continue;
      }
      if (from > at) {
        found.push({ ...run, text: text.slice(at, from) });
      }
      at = Math.max(at, from);
      const until = Math.min(to, end);
      found.push({ ...run, text: text.slice(at, until), style: `${run.style} jp-Training-match`.trim() });
      at = until;
    }
    if (at < end) {
      found.push({ ...run, text: text.slice(at, end) });
    }
    start = end;
  }
  return found;
}

interface State {
  readonly bold: boolean;
  readonly faint: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly colour: string | null; // a name, or CSS that begins with #
}

const PLAIN: State = { bold: false, faint: false, italic: false, underline: false, colour: null };

function after(state: State, codes: string): State {
  const numbers = codes === '' ? [0] : codes.split(/[;:]/).map(Number);
  let next = state;
  for (let place = 0; place < numbers.length; place += 1) {
    const code = numbers[place]!;
    if (code === 0) {
      next = PLAIN;
    } else if (code === 1) {
      next = { ...next, bold: true };
    } else if (code === 2) {
      next = { ...next, faint: true };
    } else if (code === 3) {
      next = { ...next, italic: true };
    } else if (code === 4) {
      next = { ...next, underline: true };
    } else if (code === 22) {
      next = { ...next, bold: false, faint: false };
    } else if (code === 23) {
      next = { ...next, italic: false };
    } else if (code === 24) {
      next = { ...next, underline: false };
    } else if (code >= 30 && code <= 37) {
      next = { ...next, colour: NAMES[code - 30]! };
    } else if (code >= 90 && code <= 97) {
      next = { ...next, colour: NAMES[code - 90]! };
    } else if (code === 39) {
      next = { ...next, colour: null };
    } else if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers, place + 1);
      next = code === 38 ? { ...next, colour } : next;
      place += used;
    }
    // Backgrounds are left out: on somebody's theme they make text that can't be read.
  }
  return next;
}

/** A colour of the 256, or of 24 bits; and how many numbers it took. */
function extended(numbers: readonly number[], place: number): [string | null, number] {
  if (numbers[place] === 5) {
    return [ofTable(numbers[place + 1] ?? 0), 2];
  }
  if (numbers[place] === 2) {
    return [hex(numbers.slice(place + 1, place + 4)), 4];
  }
  return [null, 0];
}

function ofTable(number: number): string | null {
  if (number < 16) {
    return NAMES[number % 8]!;
  }
  if (number < 232) {
    const cube = number - 16;
    const level = (of: number): number => (of === 0 ? 0 : 55 + 40 * of);
    return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
  }
  const grey = 8 + 10 * (number - 232);
  return hex([grey, grey, grey]);
}

function hex(parts: readonly number[]): string | null {
  const whole = parts.length === 3 && parts.every(part => Number.isInteger(part) && part >= 0 && part <= 255);
  return whole ? `#${parts.map(part => part.toString(16).padStart(2, '0')).join('')}` : null;
}

function styled(state: State): Pick<Run, 'style' | 'colour'> {
  const names: string[] = [];
  if (state.bold) {
    names.push('jp-mod-bold');
  }
  if (state.faint) {
    names.push('jp-Training-faint');
  }
  if (state.italic) {
    names.push('jp-mod-italic');
  }
  if (state.underline) {
    names.push('jp-mod-underline');
  }
  const own = state.colour?.startsWith('#') === true;
  if (state.colour !== null && !own) {
    names.push(`jp-Training-ansi-${state.colour}`);
  }
  return { style: names.join(' '), colour: own ? state.colour : null };
}
