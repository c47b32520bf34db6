/** The card of an ended job is written into the notebook by the kernel or by the labextension: the same one. */
import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job, Series } from '../src/api/jobs';
import { ending } from '../src/renderers/job/lines';
import { still, tellsEnd } from '../src/renderers/job/still';

interface Case {
  readonly job: Job;
  readonly series: Record<string, Series['points']>;
  readonly log: string;
  readonly text: string;
  readonly html: string;
}

const FOLDER = join(import.meta.dirname, '..', '..', 'tests', 'assets', 'cards');
const CASES = readdirSync(FOLDER).map(file => [file, JSON.parse(readFileSync(join(FOLDER, file), 'utf-8')) as Case] as const);

test.each(CASES)('%s: the text and the HTML are what the kernel writes', (_, given) => {
  const found = still(given.job, new Map(Object.entries(given.series)), ending(given.log));
  expect(found.text).toBe(given.text);
  expect(found.html).toBe(given.html);
  expect(tellsEnd(found.text, given.job)).toBe(true);
});

test.each(CASES)('%s: what cleans a notebook of somebody else keeps words, colours and pictures', (_, given) => {
  const { sanitizer } = new RenderMimeRegistry();
  const [before, after] = [given.html, sanitizer.sanitize(given.html)].map(html => {
    const node = document.createElement('div');
    node.innerHTML = html;
    return node;
  });
  expect(after!.textContent).toBe(before!.textContent);
  expect(after!.querySelectorAll('img').length).toBe(before!.querySelectorAll('img').length);
  const looks = (node: HTMLElement): string[] =>
    [...node.querySelectorAll<HTMLElement>('[style]')].map(one => one.getAttribute('style')!.replace(/[\s;]/g, ''));
  expect(looks(after!)).toEqual(looks(before!));
});

test('the end of an earlier attempt is not taken for a later one of the same kind', () => {
  const { job } = CASES.find(([file]) => file === 'failed.json')![1];
  const { text } = still(job, new Map(), ending(''));
  expect(tellsEnd(text, job)).toBe(true);
  expect(tellsEnd(text, { ...job, sentence: 'Failed: MemoryError at cell [3], line 4.' })).toBe(false);
  expect(tellsEnd(text, { ...job, sentence: `${job.sentence.slice(0, -1)}2.` })).toBe(false);
  const [name, metric] = Object.entries(job.metrics)[0]!;
  expect(tellsEnd(text, { ...job, metrics: { ...job.metrics, [name]: { ...metric, last: 0.25 } } })).toBe(false);
  expect(tellsEnd(text, { ...job, warning: 'Its checkpoints are kept on this machine only.' })).toBe(true);
});

test('a job that runs on is not told to have ended', () => {
  const [, { job }] = CASES[0]!;
  expect(tellsEnd(`${job.name} · ${job.id.slice(0, 6)} running   epoch 3/40`, job)).toBe(false);
});
