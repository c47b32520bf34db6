/** A job's parameters as a person edits them: each is a text, read again as what it was. Pure. */
import { typed } from './fields';

export type Params = Readonly<Record<string, unknown>>;

export type Read = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly wrong: 'number' | 'json' };

/** The value that a text means in the place of another value. */
export function read(text: string, before: unknown): Read {
  const words = text.trim();
  if (typeof before === 'string') {
    return { ok: true, value: text };
  }
  if (typeof before === 'number') {
    const number = Number(words);
    return words !== '' && Number.isFinite(number) ? { ok: true, value: number } : { ok: false, wrong: 'number' };
  }
  try {
    return { ok: true, value: JSON.parse(words) as unknown };
  } catch {
    return { ok: false, wrong: 'json' };
  }
}

/** The texts that differ from what they were, as values; null while one can't be read. */
export function changed(texts: Readonly<Record<string, string>>, before: Params): Params | null {
  const found: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(texts)) {
    if (text === typed(before[name])) {
      continue;
    }
    const value = read(text, before[name]);
    if (!value.ok) {
      return null;
    }
    found[name] = value.value;
  }
  return found;
}
