import { expect, test } from 'vitest';
import { parse } from '../src/model/filter';
import { aJob, aMetric, queued, succeeded } from './builders';

const job = succeeded({
  id: '3f2a91bcde',
  name: 'digits-mlp',
  notebook: 'area/digits.ipynb',
  tags: { data: 'v2' },
  params: { lr: 0.1, kind: 'Wide', deep: true },
  metrics: { val_accuracy: aMetric(0.96), lr: aMetric(0.05) }
});

test.each([
  ['', true],
  ['mlp', true],
  ['MLP 3f2a', true],
  ['cnn', false],
  ['-cnn', true],
  ['state:succeeded', true],
  ['state:failed state:succeeded', true],
  ['state:failed,succeeded', true],
  ['-state:failed', true],
  ['-state:failed,succeeded', false],
  ['STATE:Succeeded', true],
  ['name:digits-*', true],
  ['name:digits', false],
  ['name:"digits-mlp"', true],
  ['tag:data tag:data=v2', true],
  ['tag:data=v3', false],
  ['user:ada pool:local', true],
  ['notebook:digits.ipynb', true],
  ['notebook:digits', true],
  ['notebook:/area/digits.ipynb', true],
  ['notebook:/digits.ipynb', false],
  ['notebook:its.ipynb', false],
  ['val_accuracy>0.9', true],
  ['val_accuracy>=0.96 val_accuracy<=0.96', true],
  ['val_accuracy=0.96', true],
  ['val_accuracy!=0.96', false],
  ['lr<0.06', true], // the metric's last value goes before the parameter
  ['kind=wide', true],
  ['kind>1', false],
  ['deep=true', true],
  ['unknown>0', false],
  ['unknown!=0', false],
  ['"two words"', false]
])('%s', (text, expected) => {
  expect(parse(text)?.(job)).toBe(expected);
});

test.each(['state:', 'state:faild', 'stat:failed', '"open', 'a>', '!', 'val>0.9x"y"'])('%s is not one (yet)', text => {
  expect(parse(text)).toBeNull();
});

test('it follows what the stream says', () => {
  const better = parse('state:running val_accuracy>0.9');
  expect(better?.(queued())).toBe(false);
  expect(better?.(aJob({ metrics: { val_accuracy: aMetric(0.8) } }))).toBe(false);
  expect(better?.(aJob({ metrics: { val_accuracy: aMetric(0.95) } }))).toBe(true);
});
