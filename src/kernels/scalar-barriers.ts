// The barriers of one position under our own rules, found by skipping blocks of bars that cannot touch them.
import { BLOCK_BARS, type MarketTables, type WalkInput } from './kernels.ts';
import {
  BEST_PRICE,
  BY_STOP_LOSS,
  BY_TAKE_PROFIT,
  BY_TRAILING_STOP,
  CASH,
  ENTRY_SIDE,
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  LOWER,
  REFERENCE,
  STOP_LEVEL,
  STOP_LOSS,
  STOP_REASON,
  TAKE_PROFIT,
  TIME_LIMIT,
  TIME_LIMIT_BAR,
  TRAILING_STOP,
  UNITS,
  UPPER,
} from './walk-layout.ts';

const NEVER = -1;

/** Sets the levels of a new position from its REFERENCE price (rules 10 and 16). An absent level is infinitely far. */
export function startBarriers(input: WalkInput, side: number, bar: number): void {
  const sums = input.sums;
  const reference = sums[REFERENCE];
  const settings = input.settings;
  const stopLoss = settings[STOP_LOSS];
  const takeProfit = settings[TAKE_PROFIT];
  const timeLimit = settings[TIME_LIMIT];
  sums[BEST_PRICE] = reference;
  sums[STOP_LEVEL] = Number.isNaN(stopLoss) ? side * Number.NEGATIVE_INFINITY : reference * (1 - side * stopLoss);
  const target = Number.isNaN(takeProfit) ? side * Number.POSITIVE_INFINITY : reference * (1 + side * takeProfit);
  if (side === 1) sums[UPPER] = target;
  else sums[LOWER] = target;
  placeStop(input, side);
  sums[TIME_LIMIT_BAR] = Number.isNaN(timeLimit) ? NEVER : bar + timeLimit;
}

/** Of stop-loss and trailing stop the one nearer to the price acts; the stop-loss on a tie (rule 13). */
function placeStop(input: WalkInput, side: number): void {
  const sums = input.sums;
  const best = sums[BEST_PRICE];
  const trailingStop = input.settings[TRAILING_STOP];
  let level = sums[STOP_LEVEL];
  let reason = BY_STOP_LOSS;
  if (!Number.isNaN(trailingStop)) {
    const trailing = best * (1 - side * trailingStop);
    if (side === 1 ? trailing > level : trailing < level) {
      level = trailing;
      reason = BY_TRAILING_STOP;
    }
  }
  sums[STOP_REASON] = reason;
  if (side === 1) sums[LOWER] = level;
  else sums[UPPER] = level;
}

/**
 * The first bar in [firstBar, lastBar] that touches a barrier, with HIT_PRICE, HIT_REASON and HIT_AMBIGUOUS
 * set, or -1. A trailing stop has followed every bar before it.
 */
export function findHit(input: WalkInput, firstBar: number, lastBar: number): number {
  const sums = input.sums;
  const market = input.market;
  const side = sums[ENTRY_SIDE];
  const trails = !Number.isNaN(input.settings[TRAILING_STOP]);
  // Bars of the arrays from here on.
  const last = lastBar - market.firstBar;
  let bar = firstBar - market.firstBar;
  while (bar <= last) {
    const block = (bar / BLOCK_BARS) | 0;
    const blockEnd = (block + 1) * BLOCK_BARS;
    const end = blockEnd <= last ? blockEnd : last + 1;
    if (trails) {
      const isWhole = end - bar === BLOCK_BARS;
      if (!(isWhole && followBlock(input, side, block))) {
        const hit = trailBars(input, side, bar, end);
        if (hit >= 0) return hit + market.firstBar;
      }
    } else if (market.blockLow[block] <= sums[LOWER] || market.blockHigh[block] >= sums[UPPER]) {
      const hit = touchBars(market, sums, bar, end);
      if (hit >= 0) {
        describeHit(input, side, hit);
        return hit + market.firstBar;
      }
    }
    bar = end;
  }
  return NEVER;
}

function touchBars(market: MarketTables, sums: Float64Array, from: number, to: number): number {
  const lower = sums[LOWER];
  const upper = sums[UPPER];
  const high = market.high;
  const low = market.low;
  for (let bar = from; bar < to; bar++) if (low[bar] <= lower || high[bar] >= upper) return bar;
  return NEVER;
}

/** Moves the trailing stop over a whole block and answers true, unless a bar of it might touch a level on the way. */
function followBlock(input: WalkInput, side: number, block: number): boolean {
  const sums = input.sums;
  const market = input.market;
  const highest = market.blockHigh[block];
  const lowest = market.blockLow[block];
  const best = sums[BEST_PRICE];
  const trailingStop = input.settings[TRAILING_STOP];
  if (side === 1) {
    const after = highest > best ? highest : best;
    const level = after * (1 - side * trailingStop);
    if (lowest <= level || lowest <= sums[LOWER] || highest >= sums[UPPER]) return false;
    if (after > best) {
      sums[BEST_PRICE] = after;
      placeStop(input, side);
    }
    return true;
  }
  const after = lowest < best ? lowest : best;
  const level = after * (1 - side * trailingStop);
  if (highest >= level || highest >= sums[UPPER] || lowest <= sums[LOWER]) return false;
  if (after < best) {
    sums[BEST_PRICE] = after;
    placeStop(input, side);
  }
  return true;
}

/** Tests bars [from, to) of the arrays one by one; the trailing stop follows each bar that was not hit (rule 10). */
function trailBars(input: WalkInput, side: number, from: number, to: number): number {
  const sums = input.sums;
  const high = input.market.high;
  const low = input.market.low;
  for (let bar = from; bar < to; bar++) {
    if (low[bar] <= sums[LOWER] || high[bar] >= sums[UPPER]) {
      describeHit(input, side, bar);
      return bar;
    }
    const extreme = side === 1 ? high[bar] : low[bar];
    if (side === 1 ? extreme > sums[BEST_PRICE] : extreme < sums[BEST_PRICE]) {
      sums[BEST_PRICE] = extreme;
      placeStop(input, side);
    }
  }
  return NEVER;
}

/** Which barrier the bar hits and at what price: the stop before the target, a passed level at the open (rules 12, 13). */
function describeHit(input: WalkInput, side: number, bar: number): void {
  const sums = input.sums;
  const open = input.market.open[bar];
  const high = input.market.high[bar];
  const low = input.market.low[bar];
  const lower = sums[LOWER];
  const upper = sums[UPPER];
  const isLong = side === 1;
  const stopTouched = isLong ? low <= lower : high >= upper;
  const targetTouched = isLong ? high >= upper : low <= lower;
  const falling = isLong === stopTouched;
  sums[HIT_PRICE] = falling ? Math.min(open, lower) : Math.max(open, upper);
  sums[HIT_REASON] = stopTouched ? sums[STOP_REASON] : BY_TAKE_PROFIT;
  const gapped = isLong ? open <= lower : open >= upper;
  sums[HIT_AMBIGUOUS] = stopTouched && targetTouched && !gapped ? 1 : 0;
}

/** The first bar in [firstBar, lastBar] at whose close a short account is worth nothing (rule 9), or -1. */
export function findRuin(input: WalkInput, firstBar: number, lastBar: number): number {
  const cash = input.sums[CASH];
  const units = input.sums[UNITS];
  const close = input.market.close;
  const closeMax = input.market.blockCloseMax;
  const offset = input.market.firstBar;
  const last = lastBar - offset;
  let bar = firstBar - offset;
  while (bar <= last) {
    const block = (bar / BLOCK_BARS) | 0;
    const blockEnd = (block + 1) * BLOCK_BARS;
    const end = blockEnd <= last ? blockEnd : last + 1;
    if (cash + units * closeMax[block] <= 0) {
      for (; bar < end; bar++) if (cash + units * close[bar] <= 0) return bar + offset;
    }
    bar = end;
  }
  return NEVER;
}
