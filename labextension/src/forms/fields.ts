/** What a person typed into a script's form, as values or as what is wrong with it. Pure. */
import type { ScriptParameter } from '../api/scripts';

/** A field as it stands in the form: a text, a check mark, or nothing where it was left as it is. */
export type Given = string | boolean | null;

export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly wrong: Wrong };

/** Why a field is refused; the words are the view's. */
export type Wrong = 'missing' | 'whole' | 'number' | 'choice';

const WHOLE = /^[+-]?\d+$/;

/** A field's first state: the default, as it would be typed. */
export function atFirst(parameter: ScriptParameter): Given {
  const { default: value, type } = parameter;
  if (type === 'bool') {
    return value === true;
  }
  if (value === null || value === undefined) {
    return null;
  }
  return Array.isArray(value) ? value.map(typed).join(' ') : typed(value);
}

/** The value that the script would get. An empty field is the script's own default; `undefined` is not sent. */
export function checked(parameter: ScriptParameter, given: Given): Checked {
  const { type, required, choices } = parameter;
  if (typeof given === 'boolean') {
    return given === (parameter.default === true) ? fine(undefined) : fine(given);
  }
  const words = (given ?? '').trim();
  if (words === '') {
    return required ? refused('missing') : fine(undefined);
  }
  if (given === atFirst(parameter)) {
    return fine(undefined);
  }
  switch (type) {
    case 'int':
      return WHOLE.test(words) && Number.isSafeInteger(Number(words)) ? fine(Number(words)) : refused('whole');
    case 'float':
      return isNumber(words) ? fine(Number(words)) : refused('number');
    case 'choice': {
      const choice = choices?.find(one => typed(one) === words);
      return choice === undefined ? refused('choice') : fine(choice);
    }
    case 'list':
      return fine(words.split(/\s+/).map(one => (isNumber(one) ? Number(one) : one)));
    case 'bool':
    case 'str':
      return fine(given);
  }
}

/** A value as somebody would type it. */
export function typed(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isNumber(words: string): boolean {
  return words !== '' && Number.isFinite(Number(words)) && !/^[+-]?0[xob]/i.test(words);
}

function fine(value: unknown): Checked {
  return { ok: true, value };
}

function refused(wrong: Wrong): Checked {
  return { ok: false, wrong };
}

export interface Words {
  readonly params: Record<string, unknown>;
  readonly args: string[];
}

/**
 * Values as the script's command line has them. What is written `--name value` goes as a parameter, so that
 * it is shown and recorded as one; the rest has no other way than a word: by position, flags, several values.
 */
export function words(given: readonly (readonly [ScriptParameter, unknown])[], notes: readonly string[]): Words {
  const params: Record<string, unknown> = {};
  const args: string[] = [];
  const byPlace: string[] = [];
  for (const [parameter, value] of given) {
    if (value === undefined) {
      continue;
    }
    const flag = parameter.flags.find(one => one.startsWith('--')) ?? parameter.flags[0];
    const several = Array.isArray(value) ? value.map(typed) : [typed(value)];
    if (flag === undefined) {
      byPlace.push(...several);
    } else if (parameter.type === 'bool') {
      args.push(...switched(flag, value === true, parameter.default === true, takesText(flag, notes)));
    } else if (parameter.type === 'list' || !PARAMETER.test(flag)) {
      args.push(flag, ...several);
    } else {
      params[flag.slice(2)] = value;
    }
  }
  return { params, args: byPlace.length === 0 ? args : [...byPlace, ...args] };
}

const PARAMETER = /^--[A-Za-z_][A-Za-z0-9_.-]*$/;
const NEGATIVE = /^--(?:no|not|without|disable|skip|off)[-_]/;

/** `--flag`, or `--no-flag` for one that is on and has no negative name of its own. */
function switched(flag: string, on: boolean, before: boolean, takesText: boolean): string[] {
  if (takesText) {
    return [flag, on ? 'True' : ''];
  }
  return before && !on && !NEGATIVE.test(flag) ? [flag.replace(/^--/, '--no-')] : [flag];
}

/** Such an argument reads any text for true, as the server has noted. */
function takesText(flag: string, notes: readonly string[]): boolean {
  return notes.some(note => note.includes(`${flag}: type=bool`));
}
