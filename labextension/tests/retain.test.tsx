/** What is kept of a training: no policy is applied whose list nobody has seen. */
import { nullTranslator } from '@jupyterlab/translation';
import { beforeEach, expect, test } from 'vitest';
import type { CheckpointList } from '../src/api/checkpoints';
import { Session } from '../src/model/session';
import { retain } from '../src/panels/detail/retain';
import { succeeded } from './builders';
import { aServer, until } from './server';
import type { FakeServer } from './server';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // the dialogue draws when it likes

const trans = nullTranslator.load('jupyter_training');
const ID = 'old0000001';
const ROUTE = `POST jobs/${ID}/retention`;
const LIST: CheckpointList = { checkpoints: [], keep: { experiment_best: 0, trial_best: 1, trial_latest: 2 }, metric: 'loss', mode: 'min' };

let server: FakeServer;

beforeEach(() => {
  document.body.textContent = '';
  server = aServer();
  server.routes.set(ROUTE, { status: 200, body: would(5) });
});

function would(...steps: number[]): unknown {
  const go = steps.map(step => ({ name: `c${step}`, step, size: 1000, metric: null }));
  return { go, stay: [], bytes: 1000 * go.length, applied: false };
}

const list = (): string => document.querySelector('.jp-Training-goes')?.textContent ?? '';
const button = (): HTMLButtonElement => document.querySelector<HTMLButtonElement>('.jp-Dialog .jp-mod-accept')!;
const applied = (): unknown[] => server.requests.map(one => one.body as { apply: boolean; keep: unknown }).filter(one => one.apply);

function keepNewest(count: string): void {
  const field = document.querySelector<HTMLInputElement>('.jp-Training-form input')!;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, count); // React has a setter of its own
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

function enter(): void {
  const keys = { key: 'Enter', keyCode: 13, bubbles: true };
  document.querySelector('.jp-Training-form input')!.dispatchEvent(new KeyboardEvent('keydown', keys));
}

test('a policy can be applied once what it takes is listed, and not while the list is that of another one', async () => {
  const done = retain(new Session(server.settings), trans, succeeded({ id: ID }), LIST);
  await until(() => expect(document.querySelector('.jp-Training-form input')).not.toBeNull());
  expect(button().disabled).toBe(true); // nothing is listed yet
  await until(() => expect(list()).toContain('step 5'));
  await until(() => expect(button().disabled).toBe(false));

  server.routes.set(ROUTE, { status: 200, body: would(5, 10) });
  keepNewest('1');
  await until(() => expect(button().disabled).toBe(true));
  expect(list()).not.toContain('step 10');
  enter();
  button().click();
  expect(applied()).toEqual([]);

  await until(() => expect(list()).toContain('step 10'));
  await until(() => expect(button().disabled).toBe(false));
  server.routes.set(ROUTE, { status: 200, body: { ...(would(5, 10) as object), applied: true } });
  button().click();
  expect(await done).toBe(true);
  expect(applied()).toMatchObject([{ keep: { trial_latest: 1 } }]);
});

test('a policy whose list can not be had is not applied', async () => {
  const session = new Session(server.settings);
  const done = retain(session, trans, succeeded({ id: ID }), LIST);
  await until(() => expect(list()).toContain('step 5'));
  server.routes.set(ROUTE, 'unreachable');
  keepNewest('1');
  await until(() => expect(document.querySelector('.jp-Training-goes [role=alert]')).not.toBeNull());
  expect(button().disabled).toBe(true);
  enter();
  expect(applied()).toEqual([]);
  document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-reject')?.click();
  expect(await done).toBe(false);
});
