// The look-ahead audit: it finds planted peeks, names them, and is silent about honest strategies.
import { describe, expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { and, close, crossAbove, customColumn, gt, lt } from '../strategy/expression.ts';
import { sma } from '../strategy/indicator-expressions.ts';
import { choice } from '../strategy/parameters.ts';
import { defineStrategy, type Strategy } from '../strategy/strategy.ts';
import { auditStrategy } from './audit.ts';
import { createGrid, parametersAt } from './grid.ts';

const history = testCandles(2500, 9);

function audit(strategy: Strategy, arithmetic: 'standard' | 'vectorbt' = 'standard') {
  const grid = createGrid({ strategy, arithmetic });
  const variants = [parametersAt(grid, 0), parametersAt(grid, grid.basePoints - 1)];
  return auditStrategy({ strategy, arithmetic, history, variants, seed: 5, cuts: 12 });
}

const column = (compute: (values: Float64Array) => Float64Array) =>
  defineStrategy({
    name: 'planted',
    parameters: { length: choice(10) },
    signals: (p) => {
      const honest = sma(close, p.length);
      const guilty = customColumn('planted', [honest], [], ([values]) => compute(values!));
      return { enterLong: and(crossAbove(close, honest), gt(guilty, 0)), exitLong: lt(close, honest) };
    },
  });

const subtractMean = (v: Float64Array): Float64Array => {
  const mean = v.reduce((sum, x) => sum + (Number.isNaN(x) ? 0 : x), 0) / v.length;
  return v.map((x) => x - mean);
};

const aboveAll = (c: Float64Array): Int8Array => {
  const highest = c.reduce((a, b) => Math.max(a, b), 0);
  return Int8Array.from(c, (x) => (x >= highest ? 1 : 0));
};

const fn = (compute: (close: Float64Array) => Int8Array) =>
  defineStrategy({ name: 'planted', parameters: {}, compute: (candles) => compute(candles.close) });

describe('honest strategies pass', () => {
  test.each(Object.keys(BUILT_IN_STRATEGIES))('%s', (name) => {
    for (const arithmetic of ['standard', 'vectorbt'] as const) {
      const report = audit(BUILT_IN_STRATEGIES[name]!, arithmetic);
      expect(report.lookAhead).toEqual([]);
      expect(report.cuts).toBeGreaterThan(50);
      expect(report.valuesCompared).toBeGreaterThan(4e5);
    }
  });
});

describe('planted look-ahead is found and named', () => {
  test.each<[string, (values: Float64Array) => Float64Array]>([
    ['a value from the next bar', (v) => v.map((_, i) => v[i + 1] ?? v[i]!)],
    ['a value from ten bars ahead', (v) => v.map((_, i) => v[i + 10] ?? Number.NaN)],
    ['the mean of the whole series', (v) => subtractMean(v)],
    ['the length of the series', (v) => v.map((x) => x / v.length)],
    ['a peek only where the price jumps', (v) => v.map((x, i) => (Math.abs(v[i + 1]! - x) > 20 ? v[i + 1]! : x))],
  ])('in an expression: %s', (_, compute) => {
    const [finding] = audit(column(compute)).lookAhead;
    expect(finding).toBeDefined();
    // The conditions above the guilty column changed too; the column itself is the one to blame.
    expect(finding!.where).toBe('planted(sma(close,$length))');
    expect(finding!.bar).toBeLessThan(finding!.cut);
  });

  test.each<[string, (close: Float64Array) => Int8Array]>([
    ['the next close', (c) => Int8Array.from(c, (x, i) => (c[i + 1]! > x ? 1 : 0))],
    ['the highest close of all', (c) => aboveAll(c)],
    [
      'tomorrow, with a fallback that hides the end',
      (c) => Int8Array.from(c, (x, i) => ((c[i + 60] ?? x) > x ? 1 : 0)),
    ],
  ])('in a function: %s', (_, compute) => {
    const [finding] = audit(fn(compute)).lookAhead;
    expect(finding?.where).toBe('compute of planted');
    expect([finding!.withFuture, finding!.withoutFuture].sort()).toEqual(['flat', 'long']);
  });
});

describe('the warm-up audit', () => {
  test('reports signals that depend on where the history began', () => {
    // A running mean since the first bar never forgets it.
    const since = fn((c) => {
      let sum = 0;
      return Int8Array.from(c, (x, i) => {
        sum += x;
        return x > sum / (i + 1) ? 1 : 0;
      });
    });
    const report = audit(since);
    expect(report.lookAhead).toEqual([]);
    expect(report.warmUp[0]!.settled).toBeGreaterThan(100);
    expect(report.warmUp[0]!.warmUp).toBeNull();
  });

  test('is silent about a function that looks back as far as its parameters say, and not about three times further', () => {
    const momentum = (bars: (length: number) => number) =>
      audit(
        defineStrategy({
          name: 'momentum',
          parameters: { length: choice(30, 60) },
          compute: ({ close: c }, p) => Int8Array.from(c, (x, i) => (x > (c[i - bars(p.length)] ?? x) ? 1 : 0)),
        }),
      ).warmUp.map(({ parameters }) => parameters['length']);
    expect(momentum((length) => length)).toEqual([]);
    expect(momentum((length) => 2 * length)).toEqual([]);
    expect(momentum((length) => 4 * length)).toEqual([30, 60]);
  });

  test('counts variants that never signal', () => {
    const rare = defineStrategy({
      name: 'rare',
      parameters: { level: choice(0, 1e9) },
      signals: (p) => ({ enterLong: gt(close, p.level) }),
    });
    expect(audit(rare)).toMatchObject({ variants: 2, withoutSignal: 1 });
    expect(audit(fn((c) => new Int8Array(c.length)))).toMatchObject({ variants: 2, withoutSignal: 2 });
  });

  test('is silent about a moving average that forgets', () => {
    const { warmUp } = audit(BUILT_IN_STRATEGIES['sma-cross']!);
    expect(warmUp).toEqual([]);
  });
});
