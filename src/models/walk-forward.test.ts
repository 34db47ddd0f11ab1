// Walk-forward models: what arch and scikit-learn fit on the same windows, and no value that knows what comes.
import { describe, expect, test } from 'vitest';
import { columnOf, largestDifference, type RecordedColumn, recorded } from '../../test/fixtures/models/recorded.ts';
import { createPrng } from '../core/prng.ts';
import { garch } from './garch.ts';
import { fitGarch } from './garch-fit.ts';
import type { ModelBars } from './refit-schedule.ts';
import { ridgeWalkForward } from './ridge-walk-forward.ts';

const barMs = 60_000;
/** Bars from 1970 on, so that periods end where the recordings' do. */
const barsOf = (count: number, first = 0): ModelBars => ({
  count,
  time: Float64Array.from({ length: count }, (_, i) => (first + i) * barMs) as Float64Array,
  barMs,
});

interface ArchFit {
  readonly bar: number;
  readonly omega: number;
  readonly alpha: number;
  readonly beta: number;
  readonly logLikelihood: number;
  readonly volatility: number;
}
const arch = recorded<{ window: number; every: number; prices: number[]; fits: ArchFit[] }>('garch.json');
const ridge = recorded<{
  horizon: number;
  window: number;
  every: number;
  alpha: number;
  prices: number[];
  features: RecordedColumn[];
  prediction: RecordedColumn;
}>('ridge-walk-forward.json');

const prices = Float64Array.from(arch.prices) as Float64Array;
const squares = prices.map((price, i) => (i === 0 ? Number.NaN : (price / prices[i - 1]! - 1) ** 2));
const params = [arch.every, arch.window];
const garchColumn = garch(prices, params, barsOf(prices.length));

describe('garch', () => {
  test.each(arch.fits)('fits the window that ends at bar $bar at least as well as arch', (expected) => {
    const fit = fitGarch(squares.slice(expected.bar - arch.window + 1, expected.bar + 1))!;
    expect(fit.logLikelihood).toBeGreaterThan(expected.logLikelihood - 1e-6);
    expect(fit.logLikelihood).toBeLessThan(expected.logLikelihood + 0.01);
    expect(fit.alpha).toBeCloseTo(expected.alpha, 3);
    expect(fit.beta).toBeCloseTo(expected.beta, 3);
    expect(garchColumn[expected.bar]! / expected.volatility).toBeCloseTo(1, 4);
  });

  test('carries the variance on between fits by the recursion', () => {
    const { bar } = arch.fits[0]!;
    const fit = fitGarch(squares.slice(bar - arch.window + 1, bar + 1))!;
    const variance = fit.omega + fit.alpha * squares[bar + 1]! + fit.beta * fit.nextVariance;
    expect(garchColumn[bar + 1]).toBe(Math.sqrt(variance));
    expect(garchColumn[bar - 1]).toBeNaN();
  });

  test('has no value where no price moves', () => {
    expect(
      garch(
        prices.map(() => 5),
        params,
        barsOf(prices.length),
      ).every(Number.isNaN),
    ).toBe(true);
  });
});

const target = Float64Array.from(ridge.prices) as Float64Array;
const features = ridge.features.map(columnOf);
const ridgeParams = [ridge.horizon, ridge.every, ridge.window, ridge.alpha];
const ridgeColumn = ridgeWalkForward(target, features, ridgeParams, barsOf(target.length));

describe('ridgeWalkForward', () => {
  test('predicts what scikit-learn predicts, fitted on the same rows', () => {
    expect(largestDifference(ridgeColumn, columnOf(ridge.prediction))).toBeLessThan(1e-12);
    expect(ridgeColumn.filter(Number.isFinite).length).toBeGreaterThan(400);
  });
});

const columns: [string, (first: number, to: number) => Float64Array, number][] = [
  ['garch', (first, to) => garch(prices.slice(first, to), params, barsOf(to - first, first)), arch.window + arch.every],
  [
    'ridgeWalkForward',
    (first, to) =>
      ridgeWalkForward(
        target.slice(first, to),
        features.map((feature) => feature.slice(first, to)),
        ridgeParams,
        barsOf(to - first, first),
      ),
    ridge.window + ridge.every + ridge.horizon,
  ],
];

describe.each(columns)('%s', (_, column, reach) => {
  const length = reach > 500 ? prices.length : target.length;
  const whole = column(0, length);

  test('changes no earlier value when the future is cut off', () => {
    const prng = createPrng(4);
    for (let n = 0; n < 12; n++) {
      const cut = reach + prng.nextBelow(length - reach);
      const short = column(0, cut);
      expect([...short]).toEqual([...whole.subarray(0, cut)]);
    }
  });

  test('comes to the same values wherever the history begins', () => {
    for (const first of [1, 37, 101]) {
      const late = column(first, length);
      expect([...late.subarray(reach + 1)]).toEqual([...whole.subarray(first + reach + 1)]);
    }
  });
});
