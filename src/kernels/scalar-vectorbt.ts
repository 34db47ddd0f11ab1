// The walk under vectorbt's rules with its default options: one order per bar, stops before signals, no ruin.
import { BLOCK_BARS, type WalkInput } from './kernels.ts';
import { buy, sell } from './scalar-vectorbt-account.ts';
import { finishVectorbtBook, recordFill } from './scalar-vectorbt-book.ts';
import { isSet, nextEvent } from './scalar-walk-events.ts';
import {
  AMBIGUOUS_BARS,
  BEST_PRICE,
  BY_END,
  BY_REVERSE,
  BY_SIGNAL,
  BY_STOP_LOSS,
  BY_TAKE_PROFIT,
  BY_TRAILING_STOP,
  CLOSE_AT_END,
  FILLED,
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  NEXT_BAR,
  ORDER_SHARE,
  ORDER_SIZE,
  ORDER_SLIPPAGE,
  POSITION,
  REFERENCE,
  REJECTED,
  SCOPE_BOTH,
  SCOPE_LONG,
  SCOPE_SHORT,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_NOTIONAL,
  SIZING_VALUE,
  SKIPPED_ORDERS,
  SLIPPAGE,
  STOP_DISTANCE,
  STOP_LEVEL,
  STOP_LOSS,
  TAKE_PROFIT,
  TARGET_DISTANCE,
  TARGET_LEVEL,
  TRAILING_STOP,
} from './walk-layout.ts';

const NONE = -1;
/** The same walk as under our own rules, except that an order can be turned away and leave the position as it is. */
export function walkVectorbtTo(input: WalkInput, to: number): void {
  const sums = input.sums;
  let bar = sums[NEXT_BAR] | 0;
  while (bar < to) {
    const next = sums[POSITION] === 0 ? openNext(input, bar, to) : leaveNext(input, bar, to);
    bar = next >= 0 ? next : to;
  }
  sums[NEXT_BAR] = bar;
}

/** Closes what is left where that is asked for, and marks the book. */
export function endVectorbt(input: WalkInput): void {
  const sums = input.sums;
  const lastBar = input.market.barCount - 1;
  if (input.settings[CLOSE_AT_END] !== 0 && sums[POSITION] !== 0) {
    sums[REFERENCE] = input.market.close[lastBar - input.market.firstBar];
    sums[ORDER_SLIPPAGE] = input.settings[SLIPPAGE];
    placeExit(input, lastBar, BY_END);
  }
  finishVectorbtBook(input);
}

function openNext(input: WalkInput, from: number, to: number): number {
  const eventsFrom = input.eventsFrom ?? 0;
  const bar = nextEvent(input.enterLong, input.enterShort, from, to, eventsFrom);
  if (bar < 0) return NONE;
  input.sums[REFERENCE] = input.market.close[bar - input.market.firstBar];
  sizeOrder(input);
  place(input, bar, isSet(input.enterLong, bar - eventsFrom) ? 1 : -1, SCOPE_BOTH, BY_SIGNAL);
  return bar + 1;
}

/** A new market order: its units, Infinity for all that cash affords or, with a share, for that share of it. */
function sizeOrder(input: WalkInput): void {
  const sums = input.sums;
  const settings = input.settings;
  const kind = settings[SIZING_KIND];
  const value = settings[SIZING_VALUE];
  sums[ORDER_SLIPPAGE] = settings[SLIPPAGE];
  sums[ORDER_SHARE] = kind === SIZING_FRACTION && value !== 1 ? value : Number.NaN;
  if (kind === SIZING_FRACTION) sums[ORDER_SIZE] = Number.POSITIVE_INFINITY;
  else sums[ORDER_SIZE] = kind === SIZING_NOTIONAL ? value / sums[REFERENCE] : value;
}

function leaveNext(input: WalkInput, from: number, to: number): number {
  const sums = input.sums;
  const isLong = sums[POSITION] > 0;
  const exits = isLong ? input.exitLong : input.exitShort;
  const entries = isLong ? input.enterShort : input.enterLong;
  const eventsFrom = input.eventsFrom ?? 0;
  const event = nextEvent(exits, entries, from, to, eventsFrom);
  if (!(Number.isNaN(sums[STOP_DISTANCE]) && Number.isNaN(sums[TARGET_DISTANCE]))) {
    const hit = findStop(input, from, event < 0 ? to - 1 : event, isLong);
    if (hit >= 0) {
      sums[AMBIGUOUS_BARS] += sums[HIT_AMBIGUOUS];
      sums[REFERENCE] = sums[HIT_PRICE];
      sums[ORDER_SLIPPAGE] = 0;
      placeExit(input, hit, sums[HIT_REASON] | 0);
      return hit + 1;
    }
  }
  if (event < 0) return NONE;
  sums[REFERENCE] = input.market.close[event - input.market.firstBar];
  if (isSet(entries, event - eventsFrom)) {
    sizeOrder(input);
    sums[ORDER_SIZE] = Math.abs(sums[POSITION]) + sums[ORDER_SIZE];
    place(input, event, isLong ? -1 : 1, SCOPE_BOTH, BY_REVERSE);
  } else {
    sums[ORDER_SLIPPAGE] = input.settings[SLIPPAGE];
    placeExit(input, event, BY_SIGNAL);
  }
  return event + 1;
}

/** The order that closes the whole position at REFERENCE and ORDER_SLIPPAGE. */
function placeExit(input: WalkInput, bar: number, reason: number): void {
  const sums = input.sums;
  const isLong = sums[POSITION] > 0;
  sums[ORDER_SIZE] = Math.abs(sums[POSITION]);
  sums[ORDER_SHARE] = Number.NaN;
  place(input, bar, isLong ? -1 : 1, isLong ? SCOPE_LONG : SCOPE_SHORT, reason);
}

/** Executes one order, books its fill or counts that it was turned away, and sets the stops of what it opened. */
function place(input: WalkInput, bar: number, side: number, scope: number, reason: number): void {
  const sums = input.sums;
  const before = sums[POSITION];
  const status = side === 1 ? buy(input, scope) : sell(input, scope);
  if (status === REJECTED) sums[SKIPPED_ORDERS] += 1;
  if (status !== FILLED) return;
  recordFill(input, bar, side, reason);
  // A position that was there before keeps its stops, unless it changed sides.
  const after = sums[POSITION];
  if (after === 0 || before === 0 || after > 0 !== before > 0) setStops(input, bar);
}

/** Stops of a position that was opened or reversed, measured from the close of its bar; none when it was closed. */
function setStops(input: WalkInput, bar: number): void {
  const sums = input.sums;
  const settings = input.settings;
  const position = sums[POSITION];
  if (position === 0) {
    sums[STOP_DISTANCE] = Number.NaN;
    sums[TARGET_DISTANCE] = Number.NaN;
    return;
  }
  const trailing = settings[TRAILING_STOP];
  const reference = input.market.close[bar - input.market.firstBar];
  const away = position > 0 ? 1 : -1;
  sums[STOP_DISTANCE] = Number.isNaN(trailing) ? settings[STOP_LOSS] : trailing;
  sums[TARGET_DISTANCE] = settings[TAKE_PROFIT];
  sums[BEST_PRICE] = reference;
  sums[STOP_LEVEL] = reference * (1 - away * sums[STOP_DISTANCE]);
  sums[TARGET_LEVEL] = reference * (1 + away * sums[TARGET_DISTANCE]);
}

/** The first bar in [firstBar, lastBar] that hits the stop or the target, or -1. A trailing stop has followed up to it. */
function findStop(input: WalkInput, firstBar: number, lastBar: number, isLong: boolean): number {
  const sums = input.sums;
  const market = input.market;
  const trails = !Number.isNaN(input.settings[TRAILING_STOP]);
  // Bars of the arrays from here on.
  const last = lastBar - market.firstBar;
  let bar = firstBar - market.firstBar;
  while (bar <= last) {
    const block = (bar / BLOCK_BARS) | 0;
    const blockEnd = (block + 1) * BLOCK_BARS;
    const end = blockEnd <= last ? blockEnd : last + 1;
    const lowest = market.blockLow[block];
    const highest = market.blockHigh[block];
    let level = sums[STOP_LEVEL];
    let best = sums[BEST_PRICE];
    if (trails) {
      const extreme = isLong ? highest : lowest;
      if (isLong ? extreme > best : extreme < best) {
        best = extreme;
        level = best * (1 - (isLong ? 1 : -1) * sums[STOP_DISTANCE]);
      }
    }
    const target = sums[TARGET_LEVEL];
    const near = isLong ? lowest <= level || highest >= target : highest >= level || lowest <= target;
    if (near || (trails && end - bar < BLOCK_BARS)) {
      const hit = testBars(input, bar, end, isLong, trails);
      if (hit >= 0) return hit + market.firstBar;
    } else if (trails) {
      sums[BEST_PRICE] = best;
      sums[STOP_LEVEL] = level;
    }
    bar = end;
  }
  return NONE;
}

/** Tests bars [from, to) of the arrays one by one, the stop before the target; the trailing stop follows every bar tested. */
function testBars(input: WalkInput, from: number, to: number, isLong: boolean, trails: boolean): number {
  const sums = input.sums;
  const market = input.market;
  const away = isLong ? 1 : -1;
  const target = sums[TARGET_LEVEL];
  for (let bar = from; bar < to; bar++) {
    const open = market.open[bar];
    const high = market.high[bar];
    const low = market.low[bar];
    const level = sums[STOP_LEVEL];
    const stopPrice = isLong ? priceOnFall(level, open, high, low) : priceOnRise(level, open, high, low);
    let hit = stopPrice;
    if (Number.isNaN(stopPrice)) {
      hit = isLong ? priceOnRise(target, open, high, low) : priceOnFall(target, open, high, low);
      sums[HIT_REASON] = BY_TAKE_PROFIT;
      sums[HIT_AMBIGUOUS] = 0;
    } else {
      const targetTouched = isLong ? high >= target : low <= target;
      sums[HIT_REASON] = trails ? BY_TRAILING_STOP : BY_STOP_LOSS;
      sums[HIT_AMBIGUOUS] = targetTouched && (isLong ? open > level : open < level) ? 1 : 0;
    }
    if (trails) {
      const extreme = isLong ? high : low;
      if (isLong ? extreme > sums[BEST_PRICE] : extreme < sums[BEST_PRICE]) {
        sums[BEST_PRICE] = extreme;
        sums[STOP_LEVEL] = extreme * (1 - away * sums[STOP_DISTANCE]);
      }
    }
    if (!Number.isNaN(hit)) {
      sums[HIT_PRICE] = hit;
      return bar;
    }
  }
  return NONE;
}

/** Fill price where a falling price meets `level`: the open when it is already there; NaN when the bar does not reach it. */
function priceOnFall(level: number, open: number, high: number, low: number): number {
  if (open <= level) return open;
  return low <= level && level <= high ? level : Number.NaN;
}

function priceOnRise(level: number, open: number, high: number, low: number): number {
  if (open >= level) return open;
  return low <= level && level <= high ? level : Number.NaN;
}
