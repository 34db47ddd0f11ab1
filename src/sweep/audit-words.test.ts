// Values of an audit in words.
import { expect, test } from 'vitest';
import { close, gt, lt } from '../strategy/expression.ts';
import { conditionWord, signalWords, targetWord } from './audit-words.ts';

test('events and targets are named in the order the strategy gives them', () => {
  const [up, down] = [gt(close, 2), lt(close, 1)];
  const events = signalWords({ enterLong: up, exitLong: down, enterShort: down, exitShort: up });
  expect([0, 1, 9, 6].map(events)).toEqual([
    'no signal',
    'enter long',
    'enter long and exit short',
    'exit long and enter short',
  ]);
  expect([0, 1, 2, 3].map(signalWords({ short: down, long: up }))).toEqual(['flat', 'short', 'long', 'short and long']);
});

test('functions are long, flat or short, and conditions true or false', () => {
  expect([1, 0, -1].map(targetWord)).toEqual(['long', 'flat', 'short']);
  expect([1, 0].map(conditionWord)).toEqual(['true', 'false']);
});
