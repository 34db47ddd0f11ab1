// Unit tests of vectorbt's conventions for NaN, infinity and accounts below zero.
import { describe, expect, test } from 'vitest';
import type { Trade } from './trade.ts';
import { type VectorbtMetrics, vectorbtMetrics } from './vectorbt-metrics.ts';

function metrics(values: readonly number[], pnls: readonly number[] = []): VectorbtMetrics {
  const equity = Float64Array.from(values);
  const finalEquity = equity.at(-1) ?? 100;
  const trades = pnls.map(
    (pnl): Trade => ({
      side: 'long',
      entryBar: 0,
      entryPrice: 100,
      exitBar: 1,
      exitPrice: 100 + pnl,
      size: 1,
      fees: 0,
      pnl,
      return: pnl / 100,
      exitReason: 'signal',
    }),
  );
  return vectorbtMetrics({
    initialCash: 100,
    equity,
    finalEquity,
    totalReturn: finalEquity / 100 - 1,
    trades,
    fills: [{ fee: 1 }, { fee: 2 }],
    periodsPerYear: 365,
  });
}

describe('vectorbtMetrics', () => {
  test('calls an account without movement infinitely good and its trade ratios undefined', () => {
    expect(metrics([100, 100, 100])).toMatchObject({
      sharpe: Number.POSITIVE_INFINITY,
      sortino: Number.POSITIVE_INFINITY,
      omega: Number.POSITIVE_INFINITY,
      calmar: Number.NaN,
      winRate: Number.NaN,
      profitFactor: Number.NaN,
      expectancy: Number.NaN,
    });
  });

  test('starts the peak of the drawdown with bar 0, not with the initial cash', () => {
    expect(metrics([50, 50, 45]).maxDrawdown).toBeCloseTo(-0.1, 14);
  });

  test('takes a gain from below zero as a positive return', () => {
    // 100, -100 (-200 %), -50: the last return is +50 %.
    const found = metrics([-100, -50]);
    expect(found.omega).toBeCloseTo(0.5 / 2, 14);
    expect(found.calmar).toBeNaN();
  });

  test('weighs a trade of pnl 0 like a loss in the expectancy', () => {
    const found = metrics([100], [6, 0, -3]);
    expect(found).toMatchObject({ winRate: 1 / 3, profitFactor: 2, orders: 2, totalFees: 3 });
    expect(found.expectancy).toBeCloseTo(6 / 3 - (2 / 3) * 3, 14);
  });
});
