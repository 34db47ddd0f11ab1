// Cells and requests of sweeps over many markets and windows, over synthetic candles.
import { NEVER_STOP } from '../src/core/cancel.ts';
import { DEFAULT_ACROSS } from '../src/sweep/many-across.ts';
import type { ManyCell, ManyRequest } from '../src/sweep/many-request.ts';
import type { ManyHost } from '../src/sweep/many-sweep.ts';
import { createWindow } from '../src/sweep/window.ts';
import { testCandles, testClock, testRequest } from './synthetic-request.ts';

/** Markets of different lengths, each cut into two windows; the second begins where the first ends. */
export function testCells(markets: number, bars = 900, firstSeed = 1): ManyCell[] {
  return Array.from({ length: markets }, (_, m) => {
    const candles = testCandles(bars + 50 * m, firstSeed + m);
    const middle = candles.time[Math.floor(candles.barCount / 2)]!;
    const market = `M${m}`;
    return [
      { market, window: createWindow(candles, { toMs: middle }) },
      { market, window: createWindow(candles, { fromMs: middle }) },
    ];
  }).flat();
}

export function manyRequest(
  overrides: Parameters<typeof testRequest>[1] & Partial<Pick<ManyRequest, 'across' | 'topPerMarket'>> = {},
  strategy = 'sma-cross',
): ManyRequest {
  const { across = DEFAULT_ACROSS, topPerMarket = 3, ...rest } = overrides;
  return { ...testRequest(strategy, rest), across, topPerMarket };
}

export const manyHost = (overrides: Partial<ManyHost> = {}): ManyHost => ({
  stop: NEVER_STOP,
  clock: testClock,
  ...overrides,
});
