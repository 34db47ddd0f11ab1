// Entries and exits under our own rules: price, size, fee, cash and profit with the operations of src/simulate/book.ts.
import {
  CASH,
  ENTRY_BAR,
  ENTRY_FEE,
  ENTRY_PRICE,
  ENTRY_SIDE,
  ENTRY_SIZE,
  ENTRY_VALUE,
  FEE_RATE,
  FIXED_FEE,
  MIN_NOTIONAL,
  MIN_SIZE,
  RUINED,
  SIZE_STEP,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_UNITS,
  SIZING_VALUE,
  SKIPPED_ORDERS,
  SLIPPAGE,
  STILL_OPEN,
  UNITS,
} from '../walk-layout';
import { markTo, startSpan } from './spans';
import { addTrade } from './trades';
import { add, at, barCount, close, put, settings, sums } from './walk-input';

/** 1 + 2^-50. */
const STEP_MARGIN: f64 = 1 + 0.0000000000000008881784197001252;

/** Opens a position with a market order and answers true, or counts an order too small to place (rules 7 and 8). */
export function enter(side: f64, bar: i32, reference: f64): bool {
  const feeRate = at(settings, FEE_RATE);
  const fixedFee = at(settings, FIXED_FEE);
  const kind = at(settings, SIZING_KIND);
  const sizing = at(settings, SIZING_VALUE);
  const step = at(settings, SIZE_STEP);
  const cash = at(sums, CASH);
  const slippage = at(settings, SLIPPAGE);
  const price = side === 1 ? reference * (1 + slippage) : reference * (1 - slippage);
  const isFraction = kind === <f64>SIZING_FRACTION;
  const isUnits = kind === <f64>SIZING_UNITS;
  const budget = isFraction ? cash * sizing : cash;
  const affordable = (budget - fixedFee) / (1 + feeRate);
  if (!(affordable > 0)) {
    add(sums, SKIPPED_ORDERS, 1);
    return false;
  }
  const wanted = isFraction ? affordable : sizing * (isUnits ? price : 1);
  const cut = wanted >= affordable;
  const units = cut ? affordable / price : isUnits ? sizing : sizing / price;
  const size = step > 0 ? Math.floor((units / step) * STEP_MARGIN) * step : units;
  const whole = cut && step === 0;
  const value = whole ? affordable : size * price;
  if (!(size > 0) || size < at(settings, MIN_SIZE) || value < at(settings, MIN_NOTIONAL)) {
    add(sums, SKIPPED_ORDERS, 1);
    return false;
  }
  const fee = whole ? budget - affordable : value * feeRate + fixedFee;
  markTo(bar);
  put(sums, CASH, side === 1 ? cash - (value + fee) : cash + (value - fee));
  put(sums, UNITS, side * size);
  put(sums, ENTRY_SIDE, side);
  put(sums, ENTRY_BAR, <f64>bar);
  put(sums, ENTRY_PRICE, price);
  put(sums, ENTRY_VALUE, value);
  put(sums, ENTRY_FEE, fee);
  put(sums, ENTRY_SIZE, size);
  startSpan(bar);
  return true;
}

/** Closes the whole position with a market order: slippage is paid (rules 7 and 15). */
export function exitAtMarket(bar: i32, reference: f64, reason: i32): void {
  const slippage = at(settings, SLIPPAGE);
  exitAt(bar, at(sums, UNITS) > 0 ? reference * (1 - slippage) : reference * (1 + slippage), reason);
}

/** Closes the whole position at exactly `price`; an account without cash left is ruined (rule 9). */
export function exitAt(bar: i32, price: f64, reason: i32): void {
  markTo(bar);
  const isLong = at(sums, UNITS) > 0;
  const entryValue = at(sums, ENTRY_VALUE);
  const entryFee = at(sums, ENTRY_FEE);
  const value = at(sums, ENTRY_SIZE) * price;
  const fee = value * at(settings, FEE_RATE) + at(settings, FIXED_FEE);
  let cash = isLong ? at(sums, CASH) + (value - fee) : at(sums, CASH) - (value + fee);
  let pnl = (isLong ? value - entryValue : entryValue - value) - entryFee - fee;
  if (cash <= 0) {
    pnl -= cash;
    cash = 0;
    put(sums, RUINED, 1);
  }
  put(sums, CASH, cash);
  put(sums, UNITS, 0);
  addTrade(bar, entryValue, entryFee + fee, pnl, reason);
}

/** Rule 17: a position left at the end is marked at the last close, without an exit fee. */
export function markOpenTrade(): void {
  const lastBar = barCount - 1;
  const entryValue = at(sums, ENTRY_VALUE);
  const entryFee = at(sums, ENTRY_FEE);
  const value = at(sums, ENTRY_SIZE) * at(close, lastBar);
  const pnl = (at(sums, UNITS) > 0 ? value - entryValue : entryValue - value) - entryFee;
  addTrade(lastBar, entryValue, entryFee, pnl, STILL_OPEN);
}
