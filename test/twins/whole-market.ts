// The tables of a whole window at once, as a sweep has them of the bars around one tile.

import { assert } from '../../src/core/assert.ts';
import type { Arena } from '../../src/kernels/arena.ts';
import type { MarketTables } from '../../src/kernels/kernels.ts';
import { NEEDS_ALL } from '../../src/kernels/market-layout.ts';
import { createMarketTile, irregularBar, moveMarket } from '../../src/kernels/market-tables.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import type { Candles } from '../../src/market/candles.ts';

type Prices = Pick<Candles, 'barCount' | 'open' | 'high' | 'low' | 'close'>;

/** Takes marketTileBytes(barCount) of the arena. */
export function wholeMarket(arena: Arena, candles: Prices, kernels = SCALAR_KERNELS): MarketTables {
  assert(irregularBar(candles) === undefined, 'prices are above 0 and inside the high and low of their bar');
  const market = createMarketTile(arena, candles.barCount);
  moveMarket(market, candles, 0, candles.barCount, kernels, NEEDS_ALL);
  return market;
}
