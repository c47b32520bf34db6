/** A dialogue that stays until what it sends is taken. */
import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Trouble } from '../src/api/http';
import { askForm } from '../src/forms/FormDialog';
import type { FormOptions } from '../src/forms/FormDialog';
import { until } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogue draws when it likes

interface Draft {
  readonly word: string;
}

const trans = nullTranslator.load('jupyter_training');
let opener: HTMLButtonElement;
let sent: [string, string][];
let answers: ((word: string) => Promise<string>)[];

beforeEach(() => {
  sent = [];
  answers = [];
  opener = document.body.appendChild(document.createElement('button'));
  opener.focus();
});

afterEach(() => document.body.replaceChildren());

function ask(over: Partial<FormOptions<Draft, string>> = {}): Promise<string | null> {
  return askForm<Draft, string>({
    title: trans.__('Say it'),
    ok: 'Say',
    draft: { word: '' },
    body: ({ draft, change, tried }) => (
      <input value={draft.word} aria-invalid={tried && draft.word === ''} onChange={event => change({ word: event.target.value })} />
    ),
    validate: ({ word }) => word !== '',
    send: (draft, key) => {
      sent.push([draft.word, key]);
      return (answers.shift() ?? (() => Promise.resolve('said')))(draft.word);
    },
    trans,
    ...over
  });
}

const input = (): HTMLInputElement => document.querySelector<HTMLInputElement>('.jp-Training-form input')!;
const button = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-accept')!;
const opened = (): Promise<void> => until(() => expect(document.activeElement).toBe(input()));

function type(word: string): void {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input(), word); // React has a setter of its own
  input().dispatchEvent(new Event('input', { bubbles: true }));
}

function press(key: string): void {
  input().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

test('Enter sends, and the focus goes back where it was', async () => {
  const said = ask();
  await opened();
  type('hello');
  press('Enter');
  expect(await said).toBe('said');
  expect(sent.map(([word]) => word)).toEqual(['hello']);
  await until(() => expect(document.activeElement).toBe(opener));
});

test('Escape leaves, and sends nothing', async () => {
  const said = ask();
  await opened();
  type('hello');
  press('Escape');
  expect(await said).toBeNull();
  expect(sent).toEqual([]);
  await until(() => expect(document.activeElement).toBe(opener));
});

test('what is wrong is not sent; its field has the focus and says so', async () => {
  const said = ask();
  await opened();
  expect(input().getAttribute('aria-invalid')).toBe('false');
  button().focus();
  button().click();
  await until(() => expect(input().getAttribute('aria-invalid')).toBe('true'));
  await until(() => expect(document.activeElement).toBe(input()));
  expect(sent).toEqual([]);
  press('Escape');
  await said;
});

test('a refusal is said in the dialogue and loses nothing typed; sent again unchanged, it is the same wish', async () => {
  const refused = (): Promise<string> => Promise.reject(new Trouble('Not now.', 'Try later.'));
  answers.push(refused, refused);
  const said = ask();
  await opened();
  type('hello');
  press('Enter');
  const alert = (): string | undefined => document.querySelector('.jp-Training-form [role=alert]')?.textContent;
  await until(() => expect(alert()).toBe('Not now. Try later.'));
  expect(input().value).toBe('hello');
  press('Enter');
  await until(() => expect(sent).toHaveLength(2));
  await until(() => expect(alert()).toBe('Not now. Try later.'));
  type('hello!');
  press('Enter');
  expect(await said).toBe('said');
  const [first, second, third] = sent.map(([, key]) => key);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test('while an answer is awaited it says so and sends no second time; it can be left', async () => {
  answers.push(() => new Promise(() => undefined));
  const said = ask();
  await opened();
  type('hello');
  press('Enter');
  await until(() => expect(document.querySelector('.jp-Training-form')?.getAttribute('aria-busy')).toBe('true'));
  expect(document.querySelector('.jp-Training-form [role=status]')?.textContent).toBe('Sending…');
  expect(document.querySelector('.jp-Dialog')?.classList).toContain('jp-mod-busy');
  press('Enter');
  button().click();
  expect(sent).toHaveLength(1);
  press('Escape');
  expect(await said).toBeNull();
});

test('its button is off until there is something to send, and Enter does nothing', async () => {
  const said = ask({ isReady: ({ word }) => word.length > 1 });
  await opened();
  expect(button().disabled).toBe(true);
  type('h');
  press('Enter');
  expect(button().disabled).toBe(true);
  type('ho');
  await until(() => expect(button().disabled).toBe(false));
  press('Enter');
  expect(await said).toBe('said');
  expect(sent.map(([word]) => word)).toEqual(['ho']);
});
