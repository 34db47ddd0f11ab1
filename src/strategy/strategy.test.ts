// defineStrategy: what it accepts, and the message for each mistake.
import { describe, expect, test } from 'vitest';
import { BUILT_IN_STRATEGIES } from './builtin/index.ts';
import { close, crossAbove, gt } from './expression.ts';
import { sma } from './indicator-expressions.ts';
import { range } from './parameters.ts';
import { defineStrategy, isStrategy } from './strategy.ts';

const parameters = { fast: range(5, 10) };

describe('defineStrategy', () => {
  test('builds conditions once over symbolic parameters', () => {
    const strategy = defineStrategy({
      name: 'mine',
      parameters,
      signals: (p) => ({ enterLong: crossAbove(sma(close, p.fast), close) }),
    });
    expect(isStrategy(strategy)).toBe(true);
    expect(strategy.signals).toMatchObject({ enterLong: { key: 'crossAbove(sma(close,$fast),close)' } });
  });

  test.each([
    ['a bad name', { name: 'My Strategy', parameters, signals: () => ({ enterLong: gt(close, 1) }) }, /name/],
    ['no signals', { name: 'mine', parameters }, /exactly one/],
    ['both forms', { name: 'mine', parameters, signals: () => ({}), compute: () => new Int8Array() }, /exactly one/],
    ['nothing returned', { name: 'mine', parameters, signals: () => ({}) }, /return nothing/],
    ['an unknown event', { name: 'mine', parameters, signals: () => ({ buy: gt(close, 1) }) }, /signals\.buy/],
    ['a column as condition', { name: 'mine', parameters, signals: () => ({ enterLong: close }) }, /no condition/],
    [
      'events and targets',
      { name: 'mine', parameters, signals: () => ({ long: gt(close, 1), enterLong: gt(close, 1) }) },
      /mix/,
    ],
    [
      'a misspelt parameter',
      { name: 'mine', parameters, signals: (p: { fats: number }) => ({ long: gt(close, p.fats) }) },
      /"fats"/,
    ],
    [
      'an axis that is none',
      { name: 'mine', parameters: { fast: 5 }, signals: () => ({ long: gt(close, 1) }) },
      /without values/,
    ],
    [
      'an unknown barrier',
      { name: 'mine', parameters, risk: { stop: range(1, 2) }, signals: () => ({ long: gt(close, 1) }) },
      /risk\.stop/,
    ],
  ])('refuses %s', (_, input, message) => {
    expect(() => defineStrategy(input as never)).toThrow(message);
  });
});

test('the built-in strategies are those the command line promises', () => {
  const list = Object.values(BUILT_IN_STRATEGIES).map((strategy) => [
    strategy.name,
    ...Object.keys(strategy.parameters),
  ]);
  expect(list).toEqual([
    ['sma-cross', 'fast', 'slow'],
    ['ema-cross', 'fast', 'slow'],
    ['rsi-reversion', 'length', 'low', 'high'],
    ['bollinger', 'length', 'width'],
    ['macd', 'fast', 'slow', 'signal'],
    ['donchian', 'length', 'exitLength'],
    ['supertrend', 'length', 'multiplier'],
    ['trend-filter', 'fast', 'slow', 'trend'],
    ['sma-bracket', 'fast', 'slow', 'stop', 'target'],
  ]);
  for (const strategy of Object.values(BUILT_IN_STRATEGIES)) expect(strategy.description.length).toBeGreaterThan(20);
});
