// Every registry entry keeps the indicator contract, and the boundary refuses what it must.
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import type { IndicatorFacts } from './indicator.contract.ts';
import { indicatorContract } from './indicator.contract.ts';
import type { IndicatorName } from './registry.ts';
import { checkParams, INDICATORS } from './registry.ts';

const NONE = Number.NaN;

const FACTS: Readonly<Record<IndicatorName, IndicatorFacts>> = {
  sma: { params: [[1], [20], [33]], pricePowers: [1], flat: ['price'], memory: 'window' },
  ema: { params: [[1], [20]], pricePowers: [1], flat: ['price'], memory: 'recursive' },
  wma: { params: [[1], [14], [33]], pricePowers: [1], flat: ['price'], memory: 'window' },
  rsi: { params: [[1], [14]], pricePowers: [0], flat: [NONE], memory: 'recursive' },
  rsiEwm: { params: [[1], [14]], pricePowers: [0], flat: [NONE], memory: 'recursive' },
  macd: { params: [[12, 26, 9]], pricePowers: [1, 1, 1], flat: [0, 0, 0], memory: 'recursive' },
  macdEwm: { params: [[5, 3, 1]], pricePowers: [1, 1, 1], flat: [0, 0, 0], memory: 'recursive' },
  bollinger: {
    params: [
      [20, 2],
      [2, 0.5],
    ],
    pricePowers: [1, 1, 1, 0, 0],
    flat: ['price', 'price', 'price', NONE, 0],
    memory: 'window',
  },
  atr: { params: [[1], [14]], pricePowers: [1], flat: [0], memory: 'recursive' },
  adx: { params: [[1], [14]], pricePowers: [0, 0, 0], flat: [0, 0, 0], memory: 'recursive' },
  stochastic: {
    params: [
      [14, 3, 3],
      [5, 1, 1],
    ],
    pricePowers: [0, 0],
    flat: [NONE, NONE],
    memory: 'window',
  },
  donchian: { params: [[1], [20]], pricePowers: [1, 1, 1], flat: ['price', 'price', 'price'], memory: 'window' },
  keltner: {
    params: [
      [20, 2, 10],
      [5, 1.5, 14],
    ],
    pricePowers: [1, 1, 1],
    flat: ['price', 'price', 'price'],
    memory: 'recursive',
  },
  supertrend: { params: [[10, 3]], pricePowers: [1, 0], flat: ['price', -1], memory: 'recursive' },
  cci: { params: [[2], [20]], pricePowers: [0], flat: [NONE], memory: 'window' },
  obv: { params: [[]], pricePowers: [0], flat: [0], memory: 'running' },
  vwap: { params: [[]], pricePowers: [1], flat: ['price'], memory: 'running' },
  roc: { params: [[1], [14]], pricePowers: [0], flat: [0], memory: 'window' },
  stdev: { params: [[2], [20]], pricePowers: [1], flat: [0], memory: 'window' },
  highest: { params: [[1], [20]], pricePowers: [1], flat: ['price'], memory: 'window' },
  lowest: { params: [[1], [20]], pricePowers: [1], flat: ['price'], memory: 'window' },
  zscore: { params: [[2], [20]], pricePowers: [0], flat: [NONE], memory: 'window' },
};

for (const definition of Object.values(INDICATORS)) indicatorContract(definition, FACTS[definition.name]);

describe('The registry', () => {
  test('names every indicator as it names itself', () => {
    for (const [name, definition] of Object.entries(INDICATORS)) {
      expect(definition.name).toBe(name);
      expect(new Set(definition.outputs).size).toBe(definition.outputs.length);
      expect(FACTS[definition.name].flat.length).toBe(definition.outputs.length);
    }
  });

  test.each([
    ['sma', [1]],
    ['bollinger', [2, 0]],
    ['obv', []],
    ['macd', [12, 26, 9]],
  ] as const)('accepts %s(%s)', (name, params) => {
    expect(() => checkParams(INDICATORS[name], params)).not.toThrow();
  });

  test.each([
    ['sma', [0]],
    ['sma', [1.5]],
    ['sma', [Number.NaN]],
    ['sma', []],
    ['sma', [1, 2]],
    ['stdev', [1]],
    ['bollinger', [20, -1]],
    ['bollinger', [20, Number.POSITIVE_INFINITY]],
    ['keltner', [20, 2, 0]],
  ] as const)('refuses %s(%s) as REQUEST_INVALID', (name, params) => {
    const refusal = (): void => checkParams(INDICATORS[name], params);
    expect(refusal).toThrow();
    try {
      refusal();
    } catch (error) {
      expect(isAppError(error, 'REQUEST_INVALID')).toBe(true);
    }
  });
});
