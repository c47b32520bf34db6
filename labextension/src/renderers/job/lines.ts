/** What a program wrote to its terminal, as lines that can be read; the same rules as the kernel's. */

const ESCAPE = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

const TRACEBACK = 'Traceback (most recent call last):';
const CHAINED = /^(?:During handling of|The above exception was)/;

export interface Ending {
  /** The last traceback, from its first line to its exception's; empty when there is none. */
  readonly traceback: readonly string[];
  /** What was written before it. */
  readonly before: readonly string[];
}

/** Lines without escape sequences; one that a progress bar redrew shows its last state. */
export function collapsed(text: string): string[] {
  return text
    .replace(ESCAPE, '')
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map(line => {
      const states = line.split('\r').filter(state => state.trim() !== '');
      return (states[states.length - 1] ?? '').replace(CONTROL, '\ufffd');
    });
}

/** The newest line with something on it; empty when there is none. */
export function lastLine(text: string): string {
  return (
    collapsed(text)
      .reverse()
      .find(line => line.trim() !== '')
      ?.trim() ?? ''
  );
}

/** The last traceback of a log, with those that it was raised from, and what came before. */
export function ending(text: string): Ending {
  const lines = collapsed(text).map(line => line.trimEnd());
  while (lines.length > 0 && lines[lines.length - 1] === '') {
    lines.pop();
  }
  const starts = lines.flatMap((line, number) => (line.startsWith(TRACEBACK) ? [number] : []));
  let first = starts.pop();
  if (first === undefined) {
    return { traceback: [], before: lines };
  }
  for (let earlier = starts.pop(); earlier !== undefined; earlier = starts.pop()) {
    const between = lines.slice(earlier, first).filter(line => line.trim() !== '');
    if (!CHAINED.test(between[between.length - 1] ?? '')) {
      break;
    }
    first = earlier;
  }
  return { traceback: lines.slice(first), before: lines.slice(0, first) };
}
