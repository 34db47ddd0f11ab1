// Tables over candles that every variant reads: of the bars around one tile of a window after the other.
import { assert } from '../core/assert.ts';
import type { Candles } from '../market/candles.ts';
import { type Arena, alignedBytes } from './arena.ts';
import { BAR_SUMS, BLOCK_BARS, type Kernels, type MarketTables } from './kernels.ts';
import { CARRY_CELLS, CARRY_CLOSE, NEEDS_CLOSES, NEEDS_OPEN, NEEDS_RANGES, NEEDS_SUMS } from './market-layout.ts';
import {
  AT_NEXT_OPEN,
  DETAIL,
  FILL_AT,
  FULL,
  LONG_ONLY,
  STOP_LOSS,
  TAKE_PROFIT,
  TIME_LIMIT,
  TRAILING_STOP,
} from './walk-layout.ts';

const REGION = 'market tables';
/** Bars before and behind a tile that a walk over it may read. */
const MARGIN_BARS = BLOCK_BARS;

type Prices = Pick<Candles, 'barCount' | 'open' | 'high' | 'low' | 'close'>;
type Filler = Pick<Kernels, 'fillTables'>;

/** Tables that move along a window. They serve one thread. */
export interface MarketTile extends MarketTables {
  barCount: number;
  firstBar: number;
  /** The end of the tile they are at, exclusive: where the next one begins. */
  endBar: number;
}

/** Arena bytes that `createMarketTile` takes. */
export function marketTileBytes(tileBars: number): number {
  const capacity = capacityOf(tileBars);
  const blocks = Math.ceil(capacity / BLOCK_BARS);
  return (
    4 * alignedBytes(capacity * 8) +
    2 * alignedBytes(capacity * BAR_SUMS * 8) +
    5 * alignedBytes(blocks * 8) +
    alignedBytes(blocks) +
    alignedBytes(CARRY_CELLS * 8)
  );
}

const capacityOf = (tileBars: number): number => tileBars + 2 * MARGIN_BARS;

/** Why the tables cannot be made for these candles: the first bar that breaks a rule; undefined when they can. */
export function irregularBar({ barCount, open, high, low, close }: Prices): number | undefined {
  for (let bar = 0; bar < barCount; bar++) {
    const least = low[bar]!;
    const most = high[bar]!;
    const inside = least <= open[bar]! && least <= close[bar]! && open[bar]! <= most && close[bar]! <= most;
    if (!(least > 0 && most < Number.POSITIVE_INFINITY && inside)) return bar;
  }
  return undefined;
}

/** Room for the tables of a tile of at most `tileBars` bars and of what lies around it; `moveMarket` fills them. */
export function createMarketTile(arena: Arena, tileBars: number): MarketTile {
  const capacity = capacityOf(tileBars);
  const blocks = Math.ceil(capacity / BLOCK_BARS);
  const column = (length: number): Float64Array => arena.float64(REGION, length);
  return {
    barCount: 0,
    firstBar: 0,
    endBar: 0,
    open: column(capacity),
    high: column(capacity),
    low: column(capacity),
    close: column(capacity),
    barSums: column(capacity * BAR_SUMS),
    barExtremes: column(capacity * BAR_SUMS),
    blockCloseMax: column(blocks),
    blockCloseMin: column(blocks),
    blockFall: column(blocks),
    blockHigh: column(blocks),
    blockLow: column(blocks),
    blockBarsAfterMax: arena.uint8(REGION, blocks),
    carry: column(CARRY_CELLS),
  };
}

/**
 * Moves the tables to the tile [from, to) of `candles`, which must be regular: prices and the parts that `needs` names,
 * a sum of NEEDS_*. `from` is a multiple of BLOCK_BARS, `to` another or the end of the window. A pass begins at bar 0,
 * each tile where the last one ended, with the same needs: prefix sums then have the bits of one pass over the window, and
 * after the last tile `carry` has the largest of the whole window.
 */
export function moveMarket(
  market: MarketTile,
  candles: Prices,
  from: number,
  to: number,
  kernels: Filler,
  needs: number,
): void {
  const { barCount } = candles;
  assert(from === 0 || from === market.endBar, 'a tile begins where the last one ended');
  assert(from % BLOCK_BARS === 0 && (to % BLOCK_BARS === 0 || to === barCount), 'tiles are cut between blocks');
  const first = Math.max(0, from - MARGIN_BARS);
  const bars = Math.min(to + MARGIN_BARS, barCount) - first;
  assert(from <= to && bars <= market.close.length, 'a tile fits its tables');
  if (from === 0) market.carry.fill(0);
  market.barCount = barCount;
  market.firstBar = first;
  market.endBar = to;
  copyPrices(market, candles, bars, needs);
  market.carry[CARRY_CLOSE] = candles.close[Math.max(0, first - 1)]!;
  kernels.fillTables(market, bars, Math.max(0, to - MARGIN_BARS) - first, needs);
}

function copyPrices(market: MarketTables, candles: Prices, bars: number, needs: number): void {
  const { firstBar } = market;
  const copy = (out: Float64Array, column: Float64Array): void => out.set(column.subarray(firstBar, firstBar + bars));
  copy(market.close, candles.close);
  if ((needs & (NEEDS_OPEN | NEEDS_RANGES)) !== 0) copy(market.open, candles.open);
  if ((needs & NEEDS_RANGES) === 0) return;
  copy(market.high, candles.high);
  copy(market.low, candles.low);
}

/** What a walk with these WALK_SETTINGS reads, a sum of NEEDS_*. For several walks: their bits together. */
export function marketNeeds(settings: Float64Array): number {
  const barriers = [STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_LIMIT];
  const ranges = barriers.some((barrier) => !Number.isNaN(settings[barrier])) ? NEEDS_RANGES | NEEDS_OPEN : 0;
  const open = settings[FILL_AT] === AT_NEXT_OPEN ? NEEDS_OPEN : 0;
  const isFull = settings[DETAIL] === FULL;
  const closes = isFull || settings[LONG_ONLY] === 0 ? NEEDS_CLOSES : 0;
  return ranges | open | closes | (isFull ? NEEDS_SUMS : 0);
}
