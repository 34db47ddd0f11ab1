// Scoring by values call after call: the bits of scoring once, whatever was asked before, and failures that stay alone.
import { describe, expect, test } from 'vitest';
import { testCandles, testRequest } from '../../test/synthetic-request.ts';
import { NEVER_STOP } from '../core/cancel.ts';
import { createPrng } from '../core/prng.ts';
import { close, customColumn, gt, on, sma } from '../index.ts';
import { SCALAR_PROVIDER } from '../kernels/scalar-kernels.ts';
import { choice, range } from '../strategy/parameters.ts';
import { defineStrategy, type Strategy } from '../strategy/strategy.ts';
import { scoreVariantsBatch } from './score-variants.ts';
import { createValueScorer, type ValueVariant } from './value-scorer.ts';
import { createWindow } from './window.ts';

const candles = testCandles(3000, 9);
const window = createWindow(candles, { fromMs: candles.time[700]! });
const provider = SCALAR_PROVIDER;

const nested = defineStrategy({
  name: 'nested',
  parameters: { length: range(2, 9), hours: choice(2, 3, 4), bars: range(1, 5), level: choice(0.99, 1, 1.01) },
  signals: (p) => {
    const late = customColumn('late', [close], [p.bars], ([values], [bars]) =>
      values!.map((_, i) => (i < bars! ? Number.NaN : values![i - bars!]!)),
    );
    return { long: gt(sma(late, p.length), sma(on('1h').close, p.hours)) };
  },
});
const written = defineStrategy({
  name: 'written',
  parameters: { bars: range(1, 40) },
  compute: ({ close: prices, barCount }, { bars }) =>
    Int8Array.from({ length: barCount }, (_, i) => Math.sign(prices[i]! - (prices[i - bars] ?? prices[i]!))),
});

function variantsOf(strategy: Strategy, count: number, seed: number): ValueVariant[] {
  const prng = createPrng(seed);
  return Array.from({ length: count }, () => ({
    parameters: Object.fromEntries(
      Object.entries(strategy.parameters).map(([name, { values }]) => [name, values[prng.nextBelow(values.length)]!]),
    ),
    barriers:
      prng.nextBelow(3) === 0 ? {} : { stopLoss: 0.002 + prng.nextBelow(20) / 1000, timeLimit: 5 + prng.nextBelow(9) },
  }));
}

describe.each([testRequest('sma-cross').strategy, testRequest('bollinger').strategy, nested, written])(
  '$name',
  (strategy) => {
    const request = testRequest('sma-cross');
    const execution = { ...request, strategy };
    const once = ({ parameters, barriers }: ValueVariant) =>
      scoreVariantsBatch({ ...execution, provider }, window, [parameters], [barriers])[0];

    test('call after call with few slots it has the bits of scoring each variant by itself', () => {
      // Room for a few columns only: those of earlier calls give way again and again.
      const cacheBytes = 7 * window.history.barCount * 8;
      const scorer = createValueScorer({ strategy, execution, window, cacheBytes, provider });
      for (const [call, count] of [1, 13, 2, 25].entries()) {
        const variants = variantsOf(strategy, count, 77 + call);
        expect(scorer.score(variants, NEVER_STOP), `seed ${77 + call}`).toEqual(variants.map(once));
      }
    });
  },
);

describe('failures', () => {
  const failing = defineStrategy({
    name: 'failing',
    parameters: { bars: range(1, 9), length: range(2, 9) },
    signals: (p) => {
      const picky = customColumn('picky', [close], [p.bars], ([values], [bars]) => {
        if (bars === 4) throw new Error('four');
        return values!.map((value) => value * bars!);
      });
      return { long: gt(picky, sma(close, p.length)) };
    },
  });
  const thrower = defineStrategy({
    name: 'thrower',
    parameters: { bars: range(1, 9) },
    compute: ({ barCount }, { bars }) => {
      if (bars === 4) throw new Error('four');
      return new Int8Array(barCount).fill(1);
    },
  });

  test.each([failing, thrower])('$name: only the variants that ask for it have none', (strategy) => {
    const execution = { ...testRequest('sma-cross'), strategy };
    const scorer = createValueScorer({ strategy, execution, window, cacheBytes: 1e8, provider });
    const variants = variantsOf(strategy, 40, 3);
    const heard: number[] = [];
    for (const results of [
      scorer.score(variants, NEVER_STOP, (n) => heard.push(n)),
      scorer.score(variants, NEVER_STOP),
    ]) {
      for (const [n, result] of results.entries()) {
        if (variants[n]!.parameters['bars'] === 4)
          expect(result).toMatchObject({ thrown: { code: 'STRATEGY_FAILED' } });
        else expect(result).toMatchObject({ trades: expect.any(Number) });
      }
    }
    expect(variants.some(({ parameters }) => parameters['bars'] === 4)).toBe(true);
    expect(heard.every((n) => n >= 0 && n < variants.length)).toBe(true);
  });

  test('a variant that is not complete has none; a stop ends the call', () => {
    const { strategy } = testRequest('sma-cross');
    const execution = { ...testRequest('sma-cross'), strategy };
    const scorer = createValueScorer({ strategy, execution, window, cacheBytes: 1e8, provider });
    const [first] = variantsOf(strategy, 1, 1);
    const results = scorer.score([{ parameters: { fast: 3 }, barriers: {} }, first!], NEVER_STOP);
    expect(results[0]).toMatchObject({ thrown: { code: 'GRID_INVALID' } });
    expect(results[1]).toMatchObject({ trades: expect.any(Number) });
    expect(() => scorer.score([first!], { reason: () => 'deadline' })).toThrow('by its deadline');
  });
});
