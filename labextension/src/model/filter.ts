/**
 * The filter box's language, read here too: what is on the page is narrowed at once and follows the
 * stream, while the server, which has the last word and says what is wrong with a text, looks through
 * everything. The grammar is that of `core/filter.py`.
 */
import type { Experiment } from '../api/experiments';
import type { Job } from '../api/jobs';

/** What a filter looks at. */
export type Filtered = Pick<Job, 'id' | 'name' | 'user' | 'pool' | 'notebook' | 'archived' | 'tags' | 'params'> & {
  readonly state: string;
  readonly metrics: Readonly<Record<string, Pick<Job['metrics'][string], 'last'>>>;
};

type Fits = (job: Filtered) => boolean;

/** A search as a filter looks at it: its figure is the best one. */
export function asFiltered(search: Experiment): Filtered {
  const { best, constants, metrics } = search;
  const [metric] = metrics;
  return { ...search, tags: {}, params: { ...constants, ...best?.config }, metrics: best !== null && metric !== undefined ? { [metric]: { last: best.value } } : {} };
}

const STATES: readonly string[] = ['queued', 'running', 'paused', 'succeeded', 'failed', 'canceled'];

const MARKS: readonly string[] = ['archived'];

const TERM =
  /(-(?=\S))?(?:(is|state|tag|name|user|pool|notebook):((?:"[^"]*"|[^\s",]+)(?:,(?:"[^"]*"|[^\s",]+))*)|("[^"]*"|[^\s":<>=!]+)(?:(>=|<=|!=|==|>|<|=)("[^"]*"|[^\s"]+))?)(?=\s|$)/iy;

/** Whether a job fits the text; null for a text that says nothing that is understood. */
export function parse(text: string): Fits | null {
  const terms: { fits: Fits; negated: boolean; word: string | null }[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) {
      at += 1;
    }
    if (at >= text.length) {
      break;
    }
    TERM.lastIndex = at;
    const found = TERM.exec(text);
    if (found === null) {
      return null;
    }
    at = TERM.lastIndex;
    const [, minus, word, values, name, sign, value] = found;
    const negated = minus !== undefined;
    if (word !== undefined && values !== undefined) {
      const wanted = (values.match(/"[^"]*"|[^",]+/g) ?? []).map(bare);
      const known = word.toLowerCase() === 'state' ? STATES : word.toLowerCase() === 'is' ? MARKS : null;
      if (known !== null && !wanted.every(one => known.includes(one.toLowerCase()))) {
        return null;
      }
      const fits = field(word.toLowerCase(), wanted);
      const before = terms[terms.length - 1];
      if (before?.word === word.toLowerCase() && before.negated === negated && before.word !== 'tag') {
        const earlier = before.fits;
        before.fits = job => earlier(job) || fits(job);
      } else {
        terms.push({ fits, negated, word: word.toLowerCase() });
      }
    } else if (name !== undefined && sign !== undefined && value !== undefined) {
      terms.push({ fits: comparison(bare(name), sign, value), negated, word: null });
    } else if (name !== undefined) {
      const part = bare(name).toLowerCase();
      terms.push({ fits: job => job.name.toLowerCase().includes(part) || job.id.includes(part), negated, word: null });
    }
  }
  // What was put away is found by those who ask for it.
  const everywhere = terms.some(term => term.word === 'is');
  return job => (everywhere || !job.archived) && terms.every(({ fits, negated }) => fits(job) !== negated);
}

function field(word: string, values: readonly string[]): Fits {
  const any = (found: readonly string[]): boolean => values.some(value => found.some(one => like(one, value)));
  switch (word) {
    case 'is':
      return job => job.archived;
    case 'state':
      return job => values.some(value => value.toLowerCase() === job.state);
    case 'tag':
      return job =>
        values.some(value => {
          const [name = '', ...rest] = value.split('=');
          return Object.entries(job.tags).some(
            ([tag, given]) => like(tag, name) && (rest.length === 0 || like(given, rest.join('=')))
          );
        });
    case 'notebook':
      return job => job.notebook !== null && any(ends(job.notebook));
    case 'user':
      return job => any([job.user]);
    case 'pool':
      return job => any([job.pool]);
    default:
      return job => any([job.name]);
  }
}

function comparison(name: string, sign: string, written: string): Fits {
  const value = bare(written);
  const number = written.startsWith('"') || value.trim() === '' ? NaN : Number(value);
  return job => {
    const found: unknown = job.metrics[name]?.last ?? job.params[name];
    if (found === undefined || found === null) {
      return false;
    }
    const other = typeof found === 'string' ? found : JSON.stringify(found);
    const equal = Number.isFinite(number) ? found === number : other.toLowerCase() === value.toLowerCase();
    switch (sign) {
      case '=':
      case '==':
        return equal;
      case '!=':
        return !equal;
      default:
        return typeof found === 'number' && ordered(found, sign, number);
    }
  };
}

function ordered(found: number, sign: string, number: number): boolean {
  return sign === '>' ? found > number : sign === '>=' ? found >= number : sign === '<' ? found < number : found <= number;
}

/** Whether a value is the pattern, in which `*` and `?` stand for any characters. */
function like(found: string, pattern: string): boolean {
  if (!/[*?[]/.test(pattern)) {
    return found === pattern;
  }
  const signs = pattern.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.').replace(/\[!/g, '[^');
  try {
    return found === pattern || new RegExp(`^${signs}$`, 's').test(found);
  } catch {
    return found === pattern;
  }
}

/** The path and each of its ends, with and without the notebook's ending; with a slash in front, the whole path alone. */
function ends(path: string): string[] {
  return [path, path.replace(/\.ipynb$/, '')].flatMap(whole => {
    const parts = whole.split('/');
    return [`/${whole.replace(/^\//, '')}`, ...parts.map((_, start) => parts.slice(start).join('/'))];
  });
}

function bare(piece: string): string {
  return piece.startsWith('"') ? piece.slice(1, -1) : piece;
}
