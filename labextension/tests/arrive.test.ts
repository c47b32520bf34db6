import { nullTranslator } from '@jupyterlab/translation';
import { beforeEach, expect, test } from 'vitest';
import { arrive } from '../src/parts/arrive';

const trans = nullTranslator.load('jupyter_training');
let node: HTMLElement;

beforeEach(() => {
  node = document.createElement('div');
});

test('what has arrived is given on', async () => {
  expect(await arrive(node, trans, Promise.resolve(3))).toBe(3);
  expect(node.childElementCount).toBe(0);
});

test('what can not be loaded is said once, and no more once it has come', async () => {
  const gone = (): Promise<number> => Promise.reject(new Error('Loading chunk 221 failed.'));
  expect(await arrive(node, trans, gone())).toBeNull();
  expect(await arrive(node, trans, gone())).toBeNull();
  expect(node.querySelectorAll('[role=alert]')).toHaveLength(1);
  expect(node.textContent).toContain('reload the page');
  await arrive(node, trans, Promise.resolve(3));
  expect(node.childElementCount).toBe(0);
});

test('what is drawn already stays', async () => {
  node.append(document.createElement('section'));
  await arrive(node, trans, Promise.reject(new Error('away')));
  expect(node.querySelector('section')).not.toBeNull();
  expect(node.querySelector('[role=alert]')).toBeNull();
});
