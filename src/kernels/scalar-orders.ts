// Entries and exits under our own rules: price, size, fee, cash and profit with the operations of src/simulate/book.ts.
import type { WalkInput } from './kernels.ts';
import { markTo, startSpan } from './scalar-spans.ts';
import { addTrade } from './scalar-trades.ts';
import {
  CASH,
  ENDED_ENTRY_PRICE,
  ENDED_FEES,
  ENDED_PNL,
  ENDED_SIZE,
  ENDED_VALUE,
  ENTRY_BAR,
  ENTRY_FEE,
  ENTRY_PRICE,
  ENTRY_SIDE,
  ENTRY_SIZE,
  ENTRY_VALUE,
  EXIT_PRICE,
  FEE_RATE,
  FIXED_FEE,
  MIN_NOTIONAL,
  MIN_SIZE,
  REFERENCE,
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
} from './walk-layout.ts';

const STEP_TOLERANCE = 2 ** -50;

/** Opens a position with a market order at REFERENCE and answers true, or counts an order too small to place (rules 7 and 8). */
export function enter(input: WalkInput, side: number, bar: number): boolean {
  const sums = input.sums;
  const reference = sums[REFERENCE];
  const settings = input.settings;
  const feeRate = settings[FEE_RATE];
  const fixedFee = settings[FIXED_FEE];
  const kind = settings[SIZING_KIND];
  const sizing = settings[SIZING_VALUE];
  const step = settings[SIZE_STEP];
  const cash = sums[CASH];
  const slippage = settings[SLIPPAGE];
  const price = side === 1 ? reference * (1 + slippage) : reference * (1 - slippage);
  const budget = kind === SIZING_FRACTION ? cash * sizing : cash;
  const affordable = (budget - fixedFee) / (1 + feeRate);
  if (!(affordable > 0)) {
    sums[SKIPPED_ORDERS] += 1;
    return false;
  }
  const wanted = kind === SIZING_FRACTION ? affordable : sizing * (kind === SIZING_UNITS ? price : 1);
  const cut = wanted >= affordable;
  const units = cut ? affordable / price : kind === SIZING_UNITS ? sizing : sizing / price;
  const size = step > 0 ? Math.floor((units / step) * (1 + STEP_TOLERANCE)) * step : units;
  const whole = cut && step === 0;
  const value = whole ? affordable : size * price;
  if (!(size > 0) || size < settings[MIN_SIZE] || value < settings[MIN_NOTIONAL]) {
    sums[SKIPPED_ORDERS] += 1;
    return false;
  }
  const fee = whole ? budget - affordable : value * feeRate + fixedFee;
  markTo(input, bar);
  sums[CASH] = side === 1 ? cash - (value + fee) : cash + (value - fee);
  sums[UNITS] = side * size;
  sums[ENTRY_SIDE] = side;
  sums[ENTRY_BAR] = bar;
  sums[ENTRY_PRICE] = price;
  sums[ENTRY_VALUE] = value;
  sums[ENTRY_FEE] = fee;
  sums[ENTRY_SIZE] = size;
  startSpan(input, bar);
  return true;
}

/** Closes the whole position with a market order at REFERENCE: slippage is paid (rules 7 and 15). */
export function exitAtMarket(input: WalkInput, bar: number, reason: number): void {
  const sums = input.sums;
  const slippage = input.settings[SLIPPAGE];
  const reference = sums[REFERENCE];
  sums[EXIT_PRICE] = sums[UNITS] > 0 ? reference * (1 - slippage) : reference * (1 + slippage);
  exitAt(input, bar, reason);
}

/** Closes the whole position at exactly EXIT_PRICE; an account without cash left is ruined (rule 9). */
export function exitAt(input: WalkInput, bar: number, reason: number): void {
  markTo(input, bar);
  const sums = input.sums;
  const settings = input.settings;
  const price = sums[EXIT_PRICE];
  const isLong = sums[UNITS] > 0;
  const size = sums[ENTRY_SIZE];
  const entryValue = sums[ENTRY_VALUE];
  const entryFee = sums[ENTRY_FEE];
  const value = size * price;
  const fee = value * settings[FEE_RATE] + settings[FIXED_FEE];
  let cash = isLong ? sums[CASH] + (value - fee) : sums[CASH] - (value + fee);
  let pnl = (isLong ? value - entryValue : entryValue - value) - entryFee - fee;
  if (cash <= 0) {
    pnl -= cash;
    cash = 0;
    sums[RUINED] = 1;
  }
  sums[CASH] = cash;
  sums[UNITS] = 0;
  sums[ENDED_ENTRY_PRICE] = sums[ENTRY_PRICE];
  sums[ENDED_SIZE] = size;
  sums[ENDED_VALUE] = entryValue;
  sums[ENDED_FEES] = entryFee + fee;
  sums[ENDED_PNL] = pnl;
  addTrade(input, bar, reason);
}

/** Rule 17: a position left at the end is marked at the last close, without an exit fee. */
export function markOpenTrade(input: WalkInput): void {
  const sums = input.sums;
  const lastBar = input.market.barCount - 1;
  const price = input.market.close[lastBar - input.market.firstBar];
  const entryValue = sums[ENTRY_VALUE];
  const entryFee = sums[ENTRY_FEE];
  const value = sums[ENTRY_SIZE] * price;
  sums[EXIT_PRICE] = price;
  sums[ENDED_ENTRY_PRICE] = sums[ENTRY_PRICE];
  sums[ENDED_SIZE] = sums[ENTRY_SIZE];
  sums[ENDED_VALUE] = entryValue;
  sums[ENDED_FEES] = entryFee;
  sums[ENDED_PNL] = (sums[UNITS] > 0 ? value - entryValue : entryValue - value) - entryFee;
  addTrade(input, lastBar, STILL_OPEN);
}
