// The short way of a walk that keeps only money and counts: long positions in a share of equity, ended by signals.
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
  SKIPPED_ORDERS,
  SLIPPAGE,
  UNITS,
} from '../walk-layout';
import { heldBefore, wordAt } from './walk-events';
import { add, at, barCount, close, enterLong, exitLong, open, put, settings, sums } from './walk-input';

/** Whether the settings of a walk, begun but for this, allow the short way. */
export function canWalkMoney(): bool {
  return (
    at(settings, DETAIL) === <f64>MONEY &&
    at(settings, LONG_ONLY) !== 0 &&
    at(settings, RULE_BOOK) === <f64>GRIDMILL &&
    at(settings, SIZING_KIND) === <f64>SIZING_FRACTION &&
    at(settings, SIZE_STEP) === 0 &&
    at(sums, HAS_BARRIERS) === 0
  );
}

/**
 * `walkTo` for such a walk: fill after fill in locals, the cells written once at the end.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (prepareMarket).
 * Numerics: money with the operations of `enter` and `exitAt`, in their order.
 * Cost:     no allocation; measured in docs/adr/0005-kernels.md.
 * Oracle:   the walk at FULL, bit for bit (test/twins).
 */
export function walkMoneyTo(to: i32): bool {
  const cells = sums;
  const delay: i32 = at(settings, FILL_AT) === <f64>AT_CLOSE ? 0 : 1;
  const prices = delay === 0 ? close : open;
  const slippage = at(settings, SLIPPAGE);
  const dearer = 1 + slippage;
  const cheaper = 1 - slippage;
  const feeRate = at(settings, FEE_RATE);
  const fixedFee = at(settings, FIXED_FEE);
  const perUnit = 1 + feeRate;
  const share = at(settings, SIZING_VALUE);
  const minSize = at(settings, MIN_SIZE);
  const minNotional = at(settings, MIN_NOTIONAL);
  const limit = min(to, barCount - delay);
  let bar = to;
  let cash = at(cells, CASH);
  let units = at(cells, UNITS);
  let value = at(cells, ENTRY_VALUE);
  let entryFee = at(cells, ENTRY_FEE);
  let fees = at(cells, FEES);
  let filled = <i32>at(cells, MARKED);
  let exposed: i32 = 0;
  let closed: i32 = 0;
  let isHeld = units !== 0;
  let next = at(cells, RUINED) === 0 ? <i32>at(cells, NEXT_BAR) : limit;
  const lastWord = next < limit ? (limit - 1) >>> 6 : -1;
  let carry = <u64>isHeld;
  let inside = <u64>-1 << (next & 63);
  for (let word = next >>> 6; word <= lastWord; word++) {
    if (word === lastWord) inside &= <u64>-1 >>> (-limit & 63);
    const enters = wordAt(enterLong, word) & inside;
    const exits = wordAt(exitLong, word) & inside;
    inside = -1;
    const held = heldBefore(enters, exits, carry);
    carry = (enters | (held & ~exits)) >>> 63;
    let acts = (enters & ~held) | (exits & held);
    while (acts !== 0) {
      const event = (word << 6) + <i32>ctz(acts);
      acts &= acts - 1;
      const fill = event + delay;
      const reference = load<f64>(prices + (<usize>fill << 3));
      if (!isHeld) {
        const budget = share === 1 ? cash : cash * share;
        const net = fixedFee === 0 ? budget : budget - fixedFee;
        const affordable = net / perUnit;
        const size = affordable / (reference * dearer);
        if (!(affordable > 0) || !(size > 0) || size < minSize || affordable < minNotional) {
          // What this account cannot place is counted order by order, the general way.
          bar = event;
          word = lastWord;
          break;
        }
        value = affordable;
        entryFee = budget - affordable;
        cash -= value + entryFee;
        units = size;
      } else {
        const received = units * (reference * cheaper);
        const share = received * feeRate;
        const fee = fixedFee === 0 ? share : share + fixedFee;
        cash = cash === 0 ? received - fee : cash + (received - fee);
        fees += entryFee + fee;
        exposed += fill - filled;
        closed += 1;
        if (cash <= 0) {
          cash = 0;
          put(cells, RUINED, 1);
          isHeld = false;
          filled = fill;
          bar = event + 1;
          word = lastWord;
          break;
        }
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
  add(cells, EXPOSED_BARS, <f64>exposed);
  add(cells, CLOSED_TRADES, <f64>closed);
  return bar === to;
}
