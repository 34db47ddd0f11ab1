// Candles of the benchmarks: seeded, synthetic, the same bits on every machine.
import type { Candles } from '../src/market/candles.ts';
import { syntheticCandles } from '../src/market/synthetic.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { createWindow, type Window } from '../src/sweep/window.ts';

/**
 * One-minute candles. Prices have nine decimals: two averages are then never equal, so that engines with different
 * arithmetic find the same crossings and a difference between them is a difference of rules.
 */
export function benchCandles(barCount: number): Candles {
  return syntheticCandles({
    seed: 20_250_101,
    timeframe: parseTimeframe('1m'),
    barCount,
    startTime: Date.UTC(2020, 0, 1),
    startPrice: 400,
    dailyVolatility: 0.03,
    priceDecimals: 9,
  });
}

/**
 * Fee of the runs with thousands of trades: so thin that no account dies of it, and every trade still shows in the total
 * return. What a fee is takes no time.
 */
export const THIN_FEE = 0.00002;

const windows = new Map<number, Window>();

/** The window over `benchCandles(barCount)`, kept for the next workload that asks for it. */
export function benchWindow(barCount: number): Window {
  let window = windows.get(barCount);
  if (window === undefined) windows.set(barCount, (window = createWindow(benchCandles(barCount))));
  return window;
}

export const forgetWindows = (): void => windows.clear();

export const barsText = (bars: number): string => `${bars.toLocaleString('en')} one-minute bars`;
