// Expressions: canonical keys, negation, and what may be combined.
import { describe, expect, test } from 'vitest';
import { and, close, crossAbove, gt, lag, lt, lte, not, on, or, subtract } from './expression.ts';
import { atr, bollinger, ema, sma } from './indicator-expressions.ts';

const fast = { parameter: 'fast' };

describe('keys', () => {
  test('say what is computed, with parameters by name', () => {
    expect(crossAbove(sma(close, fast), sma(close, 50)).key).toBe('crossAbove(sma(close,$fast),sma(close,50))');
    expect(bollinger(close, 20, 2).upper.key).toBe('bollinger.upper(close,20,2)');
    expect(gt(on('1h').close, ema(on('1h').close, 10)).key).toBe('(close@1h > ema(close@1h,10))');
    expect(lag(subtract(close, 1), 3).key).toBe('lag((close - 1),3)');
  });

  test('are equal for conditions that mean the same', () => {
    const a = gt(close, 1);
    const b = lt(close, 5);
    expect(and(a, b).key).toBe(and(b, a, b).key);
    expect(and(a, and(b, a)).key).toBe(and(a, b).key);
    expect(and(a).key).toBe(a.key);
  });
});

describe('not', () => {
  const a = gt(close, 1);
  const b = crossAbove(close, 2);

  test('turns a comparison round and leaves a missing value false on both sides', () => {
    expect(not(a).key).toBe(lte(close, 1).key);
  });

  test('follows De Morgan and undoes itself', () => {
    expect(not(and(a, b)).key).toBe(or(not(a), not(b)).key);
    expect(not(not(or(a, b))).key).toBe(or(a, b).key);
  });
});

describe('mistakes', () => {
  test('an indicator over two timeframes is refused', () => {
    const mixed = { ...on('1h'), close };
    expect(() => atr(mixed, 14)).toThrow(/one timeframe/);
  });

  test('an operand that is no column, parameter or number is refused', () => {
    expect(() => gt(close, undefined as never)).toThrow(/operand/);
    expect(() => gt(close, Number.NaN)).toThrow(/operand/);
  });

  test('an unknown timeframe is refused', () => {
    expect(() => on('1x')).toThrow(/timeframe/);
  });
});
