// The short way of a walk without barriers: long positions in a share of equity, opened and closed by signals alone.
import {
  AT_CLOSE,
  CASH,
  CLOSED_TRADES,
  DETAIL,
  ENTRY_BAR,
  ENTRY_FEE,
  ENTRY_SIDE,
  ENTRY_SIZE,
  ENTRY_VALUE,
  EXPOSED_BARS,
  FEES,
  FEE_RATE,
  FILL_AT,
  FIXED_FEE,
  FULL,
  GRIDMILL,
  HAS_BARRIERS,
  LONG_ONLY,
  MARKED,
  MIN_NOTIONAL,
  MIN_SIZE,
  MONEY,
  NEXT_BAR,
  RUINED,
  RULE_BOOK,
  SIZE_STEP,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_VALUE,
  SLIPPAGE,
  TRADES,
  UNITS,
} from '../walk-layout';
import { beginHeld, endHeld } from './spans';
import { addClosed } from './trades';
import { heldBefore, wordAt } from './walk-events';
import { add, at, barCount, close, enterLong, exitLong, open, put, settings, sums } from './walk-input';

/** Whether a walk, begun but for this, may take the short way. */
export function isPlain(): bool {
  return (
    at(settings, LONG_ONLY) !== 0 &&
    at(settings, RULE_BOOK) === <f64>GRIDMILL &&
    at(settings, SIZING_KIND) === <f64>SIZING_FRACTION &&
    at(settings, SIZE_STEP) === 0 &&
    at(sums, HAS_BARRIERS) === 0
  );
}

/**
 * `walkTo` for such a walk, or a part of it: what happens rarely is left to the general way, which goes on from
 * NEXT_BAR. Answers whether nothing is left.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (irregularBar).
 * Numerics: the operations of `enter`, `exitAt` and `markTo` in their order, but for additions of 0 and products with 1.
 * Cost:     no allocation; measured in docs/adr/0005-kernels.md.
 * Oracle:   src/kernels/scalar-walk.ts, which knows no short way, bit for bit (test/twins).
 */
export function walkPlainTo(to: i32): bool {
  const detail = at(settings, DETAIL);
  if (detail === <f64>MONEY) return walk(MONEY, to);
  return detail === <f64>TRADES ? walk(TRADES, to) : walk(FULL, to);
}

/**
 * From turn to turn of 64-bit words, the account in locals, the cells written at the end. The branches go one way nearly
 * always, so that finding the next turns runs ahead of the chain of divisions that turns cash into units and back.
 */
@inline
function walk(detail: i32, to: i32): bool {
  const cells = sums;
  const delay: i32 = at(settings, FILL_AT) === <f64>AT_CLOSE ? 0 : 1;
  const prices = delay === 0 ? close : open;
  const dearer = 1 + at(settings, SLIPPAGE);
  const cheaper = 1 - at(settings, SLIPPAGE);
  const feeRate = at(settings, FEE_RATE);
  const fixedFee = at(settings, FIXED_FEE);
  const perUnit = 1 + feeRate;
  const share = at(settings, SIZING_VALUE);
  const minSize = at(settings, MIN_SIZE);
  const minNotional = at(settings, MIN_NOTIONAL);
  const limit = min(to, barCount - delay);
  let cash = at(cells, CASH);
  let units = at(cells, UNITS);
  let value = at(cells, ENTRY_VALUE);
  let entryFee = at(cells, ENTRY_FEE);
  let fees = at(cells, FEES);
  let filled = <i32>at(cells, MARKED);
  let exposed: i32 = 0;
  let closed = <i32>at(cells, CLOSED_TRADES);
  let isHeld = units !== 0;
  // A position with cash beside it is not marked this way.
  const isOpen = at(cells, RUINED) === 0 && (detail !== FULL || !isHeld || cash === 0);
  let bar = isOpen ? to : <i32>at(cells, NEXT_BAR);
  let word = <i32>at(cells, NEXT_BAR) >>> 6;
  let inside = <u64>-1 << (<i32>at(cells, NEXT_BAR) & 63);
  let carry = <u64>isHeld;
  const lastWord = isOpen && <i32>at(cells, NEXT_BAR) < limit ? (limit - 1) >>> 6 : -1;
  for (; word <= lastWord; word++) {
    if (word === lastWord) inside &= <u64>-1 >>> (-limit & 63);
    const enters = wordAt(enterLong, word) & inside;
    const exits = wordAt(exitLong, word) & inside;
    inside = -1;
    const held = heldBefore(enters, exits, carry);
    carry = (enters | (held & ~exits)) >>> 63;
    let turns = (enters & ~held) | (exits & held);
    while (turns !== 0) {
      const event = (word << 6) + <i32>ctz(turns);
      turns &= turns - 1;
      const fill = event + delay;
      const reference = at(prices, fill);
      if (!isHeld) {
        const budget = share === 1 ? cash : cash * share;
        const affordable = (fixedFee === 0 ? budget : budget - fixedFee) / perUnit;
        const size = affordable / (reference * dearer);
        const isTooSmall = !(affordable > 0) || !(size > 0) || size < minSize || affordable < minNotional;
        const paid = affordable + (budget - affordable);
        if (isTooSmall || (detail === FULL && (cash !== paid || fill === barCount - 1))) {
          bar = event;
          word = lastWord;
          break;
        }
        if (detail === FULL) beginHeld(cells, filled, fill, cash, size);
        value = affordable;
        entryFee = budget - affordable;
        cash -= paid;
        units = size;
      } else {
        const received = units * (reference * cheaper);
        const share = received * feeRate;
        const fee = fixedFee === 0 ? share : share + fixedFee;
        const left = cash === 0 ? received - fee : cash + (received - fee);
        if (left <= 0) {
          bar = event;
          word = lastWord;
          break;
        }
        cash = left;
        if (detail === FULL) endHeld(cells, filled, fill, units);
        const paidFees = entryFee + fee;
        if (detail !== MONEY) addClosed(cells, closed, fill - filled, value, received - value - entryFee - fee);
        fees += paidFees;
        exposed += fill - filled;
        closed += 1;
      }
      isHeld = !isHeld;
      filled = fill;
    }
  }
  if (!isHeld) units = 0;
  put(cells, NEXT_BAR, <f64>bar);
  put(cells, CASH, cash);
  put(cells, UNITS, units);
  put(cells, ENTRY_SIDE, 1);
  put(cells, ENTRY_BAR, <f64>filled);
  put(cells, ENTRY_VALUE, value);
  put(cells, ENTRY_FEE, entryFee);
  put(cells, ENTRY_SIZE, units);
  put(cells, FEES, fees);
  put(cells, MARKED, <f64>filled);
  put(cells, CLOSED_TRADES, <f64>closed);
  add(cells, EXPOSED_BARS, <f64>exposed);
  return bar === to;
}
