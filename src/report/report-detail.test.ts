// What the report embeds of one simulated variant.
import { describe, expect, test } from 'vitest';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { standardMetrics } from '../metrics/standard-metrics.ts';
import type { Trade } from '../metrics/trade.ts';
import { REPORT_LIMITS } from './report-data.ts';
import { reportCandles, reportDetail } from './report-detail.ts';

const candlesOf = (barCount: number) =>
  syntheticCandles({ seed: 3, timeframe: parseTimeframe('1h'), barCount, startTime: 0, startPrice: 100 });
const tradeAt = (entryBar: number, exitBar: number): Trade => ({
  side: 'long',
  entryBar,
  entryPrice: 100,
  exitBar,
  exitPrice: 0.1 + 0.2,
  size: 1,
  fees: 0,
  pnl: 1,
  return: 0.01,
  exitReason: 'signal',
});

describe('the curves', () => {
  const candles = candlesOf(9_000);
  const equity = candles.close.map((close) => close * 7);
  // Above the first equity, so that the first fall counts from the cash.
  const initialCash = 20_000;
  const detail = reportDetail({ rank: 1, trades: [tradeAt(5, 9)], equity }, candles, initialCash);

  test('show the same max drawdown as the metric, to seven digits', () => {
    const { maxDrawdown } = standardMetrics({
      initialCash,
      equity,
      finalEquity: equity.at(-1)!,
      totalReturn: 0,
      trades: [],
      exposedBars: 0,
      ambiguousBars: 0,
      skippedOrders: 0,
      periodsPerYear: 8_760,
    });
    expect(Math.max(...detail.equity.drawdown)).toBeCloseTo(maxDrawdown!, 7);
  });

  test('keep highest and lowest equity and both ends, in few points, and say how', () => {
    const short = (value: number): number => Number(value.toPrecision(7));
    expect(Math.max(...detail.equity.equity)).toBe(short(Math.max(...equity)));
    expect(Math.min(...detail.equity.equity)).toBe(short(Math.min(...equity)));
    expect([detail.equity.time[0], detail.equity.time.at(-1)]).toEqual([candles.time[0], candles.time.at(-1)]);
    expect(detail.equity.time.length).toBeLessThanOrEqual(4 * REPORT_LIMITS.equityStepsMax + 2);
    expect(detail.equity.rule).toContain('9,000 bars');
    expect(detail.equity.buyAndHold[0]).toBe(initialCash);
  });

  test('trades carry the times of their bars and lose only binary noise', () => {
    expect(detail.trades).toMatchObject({
      entryTime: [candles.time[5]],
      exitTime: [candles.time[9]],
      exitPrice: [0.3],
      bars: [4],
      omitted: 0,
    });
  });
});

test('trades beyond the limit are counted, not listed', () => {
  const candles = candlesOf(10);
  const trades = Array.from({ length: REPORT_LIMITS.tradesMax + 1 }, () => tradeAt(1, 2));
  const detail = reportDetail({ rank: 1, trades, equity: candles.close }, candles, 100);
  expect(detail.trades.side).toHaveLength(REPORT_LIMITS.tradesMax);
  expect(detail.trades.omitted).toBe(1);
  expect(detail.equity.rule).toBe('Every bar is drawn.');
});

describe('the candles', () => {
  const equity = new Float64Array(0);

  test('are complete up to the limit and aggregated one bar beyond', () => {
    const max = REPORT_LIMITS.overviewCandlesMax;
    expect(reportCandles(candlesOf(max), [])).toMatchObject({ barsPerCandle: 1, windows: [] });
    const beyond = reportCandles(candlesOf(max + 1), []);
    expect(beyond.barsPerCandle).toBe(2);
    expect(beyond.overview.time).toHaveLength(max / 2 + 1);
  });

  test('keep full resolution around trades: merged, in order, within the limit', () => {
    const candles = candlesOf(60_000);
    const trades = [
      tradeAt(50_000, 50_010),
      tradeAt(10, 20),
      tradeAt(40, 45),
      tradeAt(1_000, 59_000),
      tradeAt(30_000, 30_500),
    ];
    const { windows } = reportCandles(candles, [{ rank: 1, trades, equity }]);
    expect(windows.map((window) => [window.time[0]! / 3_600_000, window.time.length])).toEqual([
      [0, 76],
      [29_850, 801],
      [49_970, 71],
    ]);
    const many = Array.from({ length: 900 }, (_, i) => tradeAt(60 * i + 40, 60 * i + 41));
    const all = reportCandles(candles, [{ rank: 1, trades: many, equity }]).windows;
    expect(all.reduce((sum, window) => sum + window.time.length, 0)).toBeLessThanOrEqual(
      REPORT_LIMITS.windowCandlesMax,
    );
  });
});
