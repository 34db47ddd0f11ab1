// Tables of one window of candles, made once and read by every variant: prefix sums of bar returns, block extremes.
import { assert } from '../core/assert.ts';
import type { Candles } from '../market/candles.ts';
import { type Arena, alignedBytes } from './arena.ts';
import { BAR_SUMS, BLOCK_BARS, type Kernels, type MarketTables } from './kernels.ts';
import { SCALAR_KERNELS } from './scalar-kernels.ts';

const REGION = 'market tables';
/** Arena bytes that `prepareMarket` takes. */
export function marketBytes(barCount: number): number {
  const blocks = Math.ceil(barCount / BLOCK_BARS);
  return (
    4 * alignedBytes(barCount * 8) +
    alignedBytes(barCount * BAR_SUMS * 8) +
    5 * alignedBytes(blocks * 8) +
    alignedBytes(blocks)
  );
}

/** Why the tables cannot be made for these candles: the first bar that breaks a rule; undefined when they can. */
export function irregularBar({ barCount, open, high, low, close }: Candles): number | undefined {
  for (let bar = 0; bar < barCount; bar++) {
    const least = low[bar]!;
    const most = high[bar]!;
    const inside = least <= open[bar]! && least <= close[bar]! && open[bar]! <= most && close[bar]! <= most;
    if (!(least > 0 && most < Number.POSITIVE_INFINITY && inside)) return bar;
  }
  return undefined;
}

/** Copies the prices of `candles` into the arena and computes the tables. The candles must have no irregular bar. */
export function prepareMarket(
  arena: Arena,
  candles: Candles,
  kernels: Pick<Kernels, 'fillTables'> = SCALAR_KERNELS,
): MarketTables {
  const { barCount } = candles;
  assert(irregularBar(candles) === undefined, 'prices are above 0 and inside the high and low of their bar');
  const blocks = Math.ceil(barCount / BLOCK_BARS);
  const copy = (column: Float64Array): Float64Array => {
    const own = arena.float64(REGION, barCount);
    own.set(column);
    return own;
  };
  const market = {
    barCount,
    open: copy(candles.open),
    high: copy(candles.high),
    low: copy(candles.low),
    close: copy(candles.close),
    barSums: arena.float64(REGION, barCount * BAR_SUMS),
    blockCloseMax: arena.float64(REGION, blocks),
    blockCloseMin: arena.float64(REGION, blocks),
    blockFall: arena.float64(REGION, blocks),
    blockHigh: arena.float64(REGION, blocks),
    blockLow: arena.float64(REGION, blocks),
    blockBarsAfterMax: arena.uint8(REGION, blocks),
  };
  kernels.fillTables(market);
  return market;
}
