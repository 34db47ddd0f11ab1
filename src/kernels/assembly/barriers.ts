// The barriers of one position under our own rules, found by skipping blocks of bars that cannot touch them.
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
  STOP_LEVEL,
  STOP_LOSS,
  STOP_REASON,
  TAKE_PROFIT,
  TIME_LIMIT,
  TIME_LIMIT_BAR,
  TRAILING_STOP,
  UNITS,
  UPPER,
} from '../walk-layout';
import {
  BLOCK_BARS,
  at,
  blockCloseMax,
  blockHigh,
  blockLow,
  close,
  high,
  low,
  open,
  put,
  settings,
  sums,
} from './walk-input';

const NEVER: i32 = -1;

/** Sets the levels of a new position from its entry reference price (rules 10 and 16). An absent level is infinitely far. */
export function startBarriers(side: f64, reference: f64, bar: i32): void {
  const stopLoss = at(settings, STOP_LOSS);
  const takeProfit = at(settings, TAKE_PROFIT);
  const timeLimit = at(settings, TIME_LIMIT);
  put(sums, BEST_PRICE, reference);
  put(sums, STOP_LEVEL, isNaN(stopLoss) ? side * -Infinity : reference * (1 - side * stopLoss));
  const target = isNaN(takeProfit) ? side * Infinity : reference * (1 + side * takeProfit);
  if (side === 1) put(sums, UPPER, target);
  else put(sums, LOWER, target);
  placeStop(side, reference);
  put(sums, TIME_LIMIT_BAR, isNaN(timeLimit) ? <f64>NEVER : <f64>bar + timeLimit);
}

/** Of stop-loss and trailing stop the one nearer to the price acts; the stop-loss on a tie (rule 13). */
function placeStop(side: f64, best: f64): void {
  const trailingStop = at(settings, TRAILING_STOP);
  let level = at(sums, STOP_LEVEL);
  let reason = BY_STOP_LOSS;
  if (!isNaN(trailingStop)) {
    const trailing = best * (1 - side * trailingStop);
    if (side === 1 ? trailing > level : trailing < level) {
      level = trailing;
      reason = BY_TRAILING_STOP;
    }
  }
  put(sums, BEST_PRICE, best);
  put(sums, STOP_REASON, <f64>reason);
  if (side === 1) put(sums, LOWER, level);
  else put(sums, UPPER, level);
}

/**
 * The first bar in [from, last] that touches a barrier, with HIT_PRICE, HIT_REASON and HIT_AMBIGUOUS set, or -1. A
 * trailing stop has followed every bar before it.
 */
export function findHit(from: i32, last: i32): i32 {
  const side = at(sums, ENTRY_SIDE);
  const trails = !isNaN(at(settings, TRAILING_STOP));
  let bar = from;
  while (bar <= last) {
    const block = bar / BLOCK_BARS;
    const end = min((block + 1) * BLOCK_BARS, last + 1);
    if (trails) {
      const isWhole = end - bar === BLOCK_BARS;
      if (!(isWhole && followBlock(side, block))) {
        const hit = trailBars(side, bar, end);
        if (hit >= 0) return hit;
      }
    } else if (at(blockLow, block) <= at(sums, LOWER) || at(blockHigh, block) >= at(sums, UPPER)) {
      const hit = touchBars(bar, end, at(sums, LOWER), at(sums, UPPER));
      if (hit >= 0) {
        describeHit(side, hit);
        return hit;
      }
    }
    bar = end;
  }
  return NEVER;
}

function touchBars(from: i32, to: i32, lower: f64, upper: f64): i32 {
  for (let bar = from; bar < to; bar++) if (at(low, bar) <= lower || at(high, bar) >= upper) return bar;
  return NEVER;
}

/** Moves the trailing stop over a whole block and answers true, unless a bar of it might touch a level on the way. */
function followBlock(side: f64, block: i32): bool {
  const highest = at(blockHigh, block);
  const lowest = at(blockLow, block);
  const best = at(sums, BEST_PRICE);
  const trailingStop = at(settings, TRAILING_STOP);
  if (side === 1) {
    const after = highest > best ? highest : best;
    const level = after * (1 - side * trailingStop);
    if (lowest <= level || lowest <= at(sums, LOWER) || highest >= at(sums, UPPER)) return false;
    if (after > best) placeStop(side, after);
    return true;
  }
  const after = lowest < best ? lowest : best;
  const level = after * (1 - side * trailingStop);
  if (highest >= level || highest >= at(sums, UPPER) || lowest <= at(sums, LOWER)) return false;
  if (after < best) placeStop(side, after);
  return true;
}

/** Tests bars [from, to) one by one; the trailing stop follows each bar that was not hit (rule 10). */
function trailBars(side: f64, from: i32, to: i32): i32 {
  for (let bar = from; bar < to; bar++) {
    if (at(low, bar) <= at(sums, LOWER) || at(high, bar) >= at(sums, UPPER)) {
      describeHit(side, bar);
      return bar;
    }
    const extreme = side === 1 ? at(high, bar) : at(low, bar);
    const best = at(sums, BEST_PRICE);
    if (side === 1 ? extreme > best : extreme < best) placeStop(side, extreme);
  }
  return NEVER;
}

/** Which barrier the bar hits and at what price: the stop before the target, a passed level at the open (rules 12, 13). */
function describeHit(side: f64, bar: i32): void {
  const opened = at(open, bar);
  const highest = at(high, bar);
  const lowest = at(low, bar);
  const lower = at(sums, LOWER);
  const upper = at(sums, UPPER);
  const isLong = side === 1;
  const stopTouched = isLong ? lowest <= lower : highest >= upper;
  const targetTouched = isLong ? highest >= upper : lowest <= lower;
  const falling = isLong === stopTouched;
  put(sums, HIT_PRICE, falling ? min(opened, lower) : max(opened, upper));
  put(sums, HIT_REASON, stopTouched ? at(sums, STOP_REASON) : <f64>BY_TAKE_PROFIT);
  const gapped = isLong ? opened <= lower : opened >= upper;
  put(sums, HIT_AMBIGUOUS, stopTouched && targetTouched && !gapped ? 1 : 0);
}

/** The first bar in [from, last] at whose close a short account is worth nothing (rule 9), or -1. */
export function findRuin(from: i32, last: i32): i32 {
  const cash = at(sums, CASH);
  const units = at(sums, UNITS);
  let bar = from;
  while (bar <= last) {
    const block = bar / BLOCK_BARS;
    const end = min((block + 1) * BLOCK_BARS, last + 1);
    if (cash + units * at(blockCloseMax, block) <= 0) {
      for (; bar < end; bar++) if (cash + units * at(close, bar) <= 0) return bar;
    }
    bar = end;
  }
  return NEVER;
}
