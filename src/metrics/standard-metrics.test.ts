// Unit tests of the standard set: formulas by hand, edges without data, and the laws of the equity scan.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanEquity } from './equity-scan.ts';
import type { Metrics, MetricsInput } from './metrics.ts';
import { METRIC_NAMES, METRICS } from './metrics.ts';
import { standardMetrics } from './standard-metrics.ts';
import type { Trade } from './trade.ts';

function trade(pnl: number, more: Partial<Trade> = {}): Trade {
  return {
    side: 'long',
    entryBar: 0,
    entryPrice: 100,
    exitBar: 2,
    exitPrice: 100 + pnl,
    size: 1,
    fees: 0,
    pnl,
    return: pnl / 100,
    exitReason: 'signal',
    ...more,
  };
}

function input(equity: readonly number[], more: Partial<MetricsInput> = {}): MetricsInput {
  const initialCash = more.initialCash ?? 100;
  const finalEquity = equity.at(-1) ?? initialCash;
  return {
    initialCash,
    equity: Float64Array.from(equity),
    finalEquity,
    totalReturn: (finalEquity - initialCash) / initialCash,
    trades: [],
    exposedBars: 0,
    ambiguousBars: 0,
    skippedOrders: 0,
    periodsPerYear: 365,
    ...more,
  };
}

const metrics = (equity: readonly number[], more: Partial<MetricsInput> = {}): Metrics =>
  standardMetrics(input(equity, more));

describe('standardMetrics', () => {
  test('answers every metric of the table, as a finite number or null', () => {
    const found = metrics([110, 99, 120], { trades: [trade(5), trade(-3)] });
    expect(Object.keys(found).sort()).toEqual([...METRIC_NAMES].sort());
    for (const name of METRIC_NAMES) expect(found[name] === null || Number.isFinite(found[name])).toBe(true);
  });

  test('leaves only the metrics that need pow out of the hash', () => {
    expect(METRIC_NAMES.filter((name) => !METRICS[name].hashed)).toEqual(['cagr', 'calmar']);
    for (const name of METRIC_NAMES) expect(METRICS[name].name).toBe(name);
  });

  test('matches the formulas by hand on returns +10 %, -10 %, +20 %', () => {
    const found = metrics([110, 99, 118.8], { periodsPerYear: 4, exposedBars: 2 });
    const mean = 0.2 / 3;
    const deviation = Math.sqrt(((0.1 - mean) ** 2 + (-0.1 - mean) ** 2 + (0.2 - mean) ** 2) / 2);
    expect(found.totalReturn).toBeCloseTo(0.188, 14);
    expect(found.finalEquity).toBe(118.8);
    expect(found.cagr).toBeCloseTo(1.188 ** (4 / 3) - 1, 14);
    expect(found.volatility).toBeCloseTo(deviation * 2, 14);
    expect(found.sharpe).toBeCloseTo((mean / deviation) * 2, 13);
    expect(found.sortino).toBeCloseTo((mean * 4) / (Math.sqrt(0.01 / 3) * 2), 12);
    expect(found.calmar).toBeCloseTo((1.188 ** (4 / 3) - 1) / 0.1, 12);
    expect(found.omega).toBeCloseTo(3, 13);
    expect(found.maxDrawdown).toBeCloseTo(0.1, 15);
    expect(found.exposure).toBe(2 / 3);
  });

  test('counts the initial cash as the first peak', () => {
    const found = metrics([90, 80, 85]);
    expect(found.maxDrawdown).toBeCloseTo(0.2, 15);
    expect(found.maxDrawdownBars).toBe(3);
  });

  test('measures the longest drawdown in bars below the peak, ended or not', () => {
    expect(metrics([101, 100, 99, 101, 105, 104, 103, 104, 103]).maxDrawdownBars).toBe(4);
    expect(metrics([101, 100, 99, 98, 101, 105, 104]).maxDrawdownBars).toBe(3);
    expect(metrics([100, 100, 100]).maxDrawdownBars).toBe(0);
  });

  test('puts trades held at the end into openTrades only, and their fees into totalFees', () => {
    const found = metrics([100, 100], {
      trades: [trade(10, { fees: 1 }), trade(-5, { fees: 2 }), trade(99, { fees: 3, exitReason: 'open' })],
    });
    expect(found).toMatchObject({ trades: 2, openTrades: 1, winRate: 0.5, profitFactor: 2, expectancy: 2.5 });
    expect(found).toMatchObject({ bestTrade: 0.1, worstTrade: -0.05, averageHoldingBars: 2, totalFees: 6 });
    expect(found.averageTrade).toBeCloseTo(0.025, 15);
    expect(found.sqn).toBeCloseTo((Math.SQRT2 * 2.5) / Math.sqrt(112.5), 14);
  });

  test('counts a trade of pnl 0 as no win and keeps expectancy the mean pnl', () => {
    const found = metrics([100], { trades: [trade(6), trade(0), trade(-3)] });
    expect(found).toMatchObject({ winRate: 1 / 3, profitFactor: 2, expectancy: 1 });
  });

  test.each([
    ['no bars', [], { cagr: null, volatility: null, sharpe: null, maxDrawdown: null, exposure: null }],
    ['one bar', [110], { volatility: null, sharpe: null, sortino: null, calmar: null, maxDrawdown: 0 }],
    ['two bars', [110, 99], { calmar: (0.99 ** 182.5 - 1) / 0.1, maxDrawdown: 0.1 }],
    [
      'flat equity',
      [100, 100, 100],
      { cagr: 0, volatility: 0, sharpe: null, sortino: null, calmar: null, omega: null },
    ],
  ])('has a defined answer for %s', (_name, equity, expected) => {
    const found = metrics(equity);
    for (const [name, value] of Object.entries(expected)) {
      const actual = found[name as keyof Metrics];
      if (value === null) expect(actual, name).toBeNull();
      else expect(actual, name).toBeCloseTo(value, 12);
    }
  });

  test('answers null for trade metrics without closed trades', () => {
    const found = metrics([100, 101], { trades: [trade(1, { exitReason: 'open' })] });
    for (const name of ['winRate', 'profitFactor', 'expectancy', 'bestTrade', 'worstTrade', 'averageTrade'] as const) {
      expect(found[name], name).toBeNull();
    }
    expect(found).toMatchObject({ trades: 0, openTrades: 1, sqn: null, averageHoldingBars: null });
  });

  test('answers null, not infinity, where a year of such growth overflows', () => {
    const found = metrics([200, 400], { periodsPerYear: 525_600 });
    expect(found.cagr).toBeNull();
    expect(found.calmar).toBeNull();
  });

  test('takes the returns of a finished account as 0', () => {
    const found = metrics([50, 0, 0, 0]);
    expect(found).toMatchObject({ totalReturn: -1, cagr: -1, maxDrawdown: 1, calmar: -1 });
    expect(found.sharpe).toBeCloseTo((-1.5 / 4 / Math.sqrt((0.25 + 1 - 4 * 0.375 ** 2) / 3)) * Math.sqrt(365), 12);
  });

  test('has no Sharpe ratio for growth by the same share every bar', () => {
    const equity = Array.from({ length: 5000 }, (_, i) => 100 * 1.0001 ** (i + 1));
    const compounded = [100];
    for (let i = 0; i < 5000; i++) compounded.push(compounded.at(-1)! * 1.01);
    expect(metrics(compounded.slice(1)).sharpe).toBeNull();
    expect(metrics(equity).volatility).toBeLessThan(1e-13);
  });
});

describe('scanEquity', () => {
  const curves = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 60 });

  test('agrees with textbook two-pass formulas on random curves', () => {
    fc.assert(
      fc.property(curves, (factors) => {
        const equity = new Float64Array(factors.length);
        factors.reduce((value, factor, i) => (equity[i] = value * factor), 1000);
        const returns = Array.from(equity, (value, i) => value / (i === 0 ? 1000 : equity[i - 1]!) - 1);
        const mean = returns.reduce((sum, r) => sum + r, 0) / returns.length;
        const scan = scanEquity(1000, equity);
        const squares = returns.reduce((sum, r) => sum + (r - mean) ** 2, 0);
        let peak = 1000;
        let worst = 0;
        for (const value of equity) {
          peak = Math.max(peak, value);
          worst = Math.max(worst, 1 - value / peak);
        }
        expect(scan.mean).toBeCloseTo(mean, 13);
        expect(scan.squaredDeviations).toBeCloseTo(squares, 12);
        expect(scan.gains - scan.losses).toBeCloseTo(mean * returns.length, 12);
        expect(scan.maxDrawdown).toBeCloseTo(worst, 13);
      }),
    );
  });

  test('gives the same bits when every price is scaled by a power of two', () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: -20, max: 20 }), (factors, exponent) => {
        const equity = new Float64Array(factors.length);
        factors.reduce((value, factor, i) => (equity[i] = value * factor), 1000);
        const scaled = equity.map((value) => value * 2 ** exponent);
        expect(scanEquity(1000 * 2 ** exponent, scaled)).toEqual(scanEquity(1000, equity));
      }),
    );
  });

  test('joins blocks of 4,096 bars into the same variance as one exact sum', () => {
    const equity = new Float64Array(10_000);
    let value = 1;
    for (let i = 0; i < equity.length; i++) equity[i] = value *= i < 5000 ? 1.001 : i % 2 === 0 ? 1.01 : 0.99;
    const scan = scanEquity(1, equity);
    const mean = (5000 * 0.001) / 10_000;
    const squares = 5000 * (0.001 - mean) ** 2 + 2500 * ((0.01 - mean) ** 2 + (0.01 + mean) ** 2);
    expect(Math.abs(scan.squaredDeviations / squares - 1)).toBeLessThan(1e-11);
    expect(Math.abs(scan.mean / mean - 1)).toBeLessThan(1e-11);
  });

  test('has a variance of exactly 0 on flat equity of any length', () => {
    const scan = scanEquity(1234.5, new Float64Array(9000).fill(1234.5));
    expect(scan).toMatchObject({ mean: 0, squaredDeviations: 0, downsideSquares: 0, gains: 0, losses: 0 });
  });
});
