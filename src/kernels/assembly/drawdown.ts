// Drawdown of a walk: stretches of bars under water, found by the extremes of bars and blocks.
import { MAX_DRAWDOWN, MAX_DRAWDOWN_BARS, PEAK, TROUGH, UNDER_WATER } from '../walk-layout';
import { smaller } from './select';
import {
  BLOCK_BARS,
  add,
  at,
  barExtremes,
  blockBarsAfterMax,
  blockCloseMax,
  blockCloseMin,
  blockFall,
  close,
  put,
  sums,
} from './walk-input';

/** Ends the stretch under water that is still open: at a new peak, and after the last bar. */
export function surface(): void {
  const bars = at(sums, UNDER_WATER);
  if (bars === 0) return;
  const peak = at(sums, PEAK);
  const fall = (peak - at(sums, TROUGH)) / peak;
  if (fall > at(sums, MAX_DRAWDOWN)) put(sums, MAX_DRAWDOWN, fall);
  if (bars > at(sums, MAX_DRAWDOWN_BARS)) put(sums, MAX_DRAWDOWN_BARS, bars);
  put(sums, UNDER_WATER, 0);
}

/** Equity at a close. Without cash it is the product alone, to the bit: 0 + x is x. */
@inline
export function equityAt(cash: f64, units: f64, price: f64): f64 {
  return cash + units * price;
}

/**
 * Drawdown over bars [from, to) of a position that holds all there is. Most of them stay under water altogether. The
 * extremes are those of a few bars more when all lie in one block: first it is tried to do with them.
 */
export function sinkHeld(from: i32, to: i32, units: f64): void {
  const cells = sums;
  const last = to - 1;
  const firstBlock = from / BLOCK_BARS;
  const lastBlock = last / BLOCK_BARS;
  let extremes = f64x2.pmax(
    v128.load(barExtremes + (<usize>from << 5)),
    v128.load(barExtremes + (<usize>last << 5), 16),
  );
  for (let block = firstBlock + 1; block < lastBlock; block++) {
    // The first bar of a block sees all of it.
    extremes = f64x2.pmax(extremes, v128.load(barExtremes + (<usize>(block * BLOCK_BARS) << 5)));
  }
  extremes = f64x2.mul(f64x2.splat(units), extremes);
  if (f64x2.extract_lane(extremes, 0) < at(cells, PEAK)) {
    const lowest = -f64x2.extract_lane(extremes, 1);
    add(cells, UNDER_WATER, <f64>(to - from));
    if (lowest >= at(cells, TROUGH)) return;
    if (firstBlock === lastBlock) lowerTrough(from, to, 0, units);
    else put(cells, TROUGH, lowest);
  } else sink(from, to, 0, units);
}

/**
 * Drawdown over bars [from, to) of a position. A block that stays under water costs two look-ups; one with a new peak
 * is looked at bar by bar, unless all equity is held and it can be seen that no deeper or longer drawdown than is known
 * hides in it. Equity is monotone in the close, rounding included, so the outcome equals that of a look at every bar.
 */
export function sink(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  const isHeld = cash === 0 && units > 0;
  const best = units > 0 ? blockCloseMax : blockCloseMin;
  const worst = units > 0 ? blockCloseMin : blockCloseMax;
  let bar = from;
  while (bar < to) {
    const block = bar / BLOCK_BARS;
    const end = min((block + 1) * BLOCK_BARS, to);
    const isWhole = end - bar === BLOCK_BARS;
    const peak = at(cells, PEAK);
    const highest = equityAt(cash, units, at(best, block));
    const lowest = equityAt(cash, units, at(worst, block));
    if (highest < peak) {
      add(cells, UNDER_WATER, <f64>(end - bar));
      if (lowest < at(cells, TROUGH)) {
        if (isWhole) put(cells, TROUGH, lowest);
        else lowerTrough(bar, end, cash, units);
      }
    } else if (isHeld && isWhole && cannotDeepen(peak, lowest, at(blockFall, block))) {
      put(cells, PEAK, highest);
      put(cells, TROUGH, highest);
      put(cells, UNDER_WATER, <f64>load<u8>(blockBarsAfterMax + block));
    } else sinkBars(bar, end, cash, units);
    bar = end;
  }
}

/** Whether neither the stretch before the block's highest close nor its bars among themselves can set a new maximum. */
function cannotDeepen(peak: f64, lowest: f64, fall: f64): bool {
  const cells = sums;
  const deepest = at(cells, MAX_DRAWDOWN);
  const low = smaller(at(cells, TROUGH), lowest);
  return (
    at(cells, UNDER_WATER) + <f64>(BLOCK_BARS - 1) <= at(cells, MAX_DRAWDOWN_BARS) &&
    peak - low < deepest * peak &&
    fall < deepest
  );
}

function lowerTrough(from: i32, to: i32, cash: f64, units: f64): void {
  let trough = at(sums, TROUGH);
  for (let bar = from; bar < to; bar++) trough = smaller(trough, equityAt(cash, units, at(close, bar)));
  put(sums, TROUGH, trough);
}

/** Drawdown bar by bar. */
function sinkBars(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  let peak = at(cells, PEAK);
  let trough = at(cells, TROUGH);
  let bars = at(cells, UNDER_WATER);
  for (let bar = from; bar < to; bar++) {
    const value = equityAt(cash, units, at(close, bar));
    if (value < peak) {
      bars += 1;
      trough = smaller(trough, value);
    } else {
      if (bars > 0) {
        put(cells, TROUGH, trough);
        put(cells, UNDER_WATER, bars);
        surface();
        bars = 0;
      }
      peak = value;
      trough = value;
      put(cells, PEAK, value);
    }
  }
  put(cells, TROUGH, trough);
  put(cells, UNDER_WATER, bars);
}
