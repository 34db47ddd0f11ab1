// Equity and trades that vectorbt rebuilds from its order records, with the operations of src/simulate/vectorbt-book.ts.
import { addSnapped, isClose, isLess } from '../simulate/vectorbt-tolerance.ts';
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
  ENTRY_SIDE,
  ENTRY_SIZE,
  ENTRY_VALUE,
  EXIT_PRICE,
  FILL_COUNT,
  FILL_FEE,
  FILL_PRICE,
  FILL_SIZE,
  FINAL_EQUITY,
  FLOW,
  INITIAL_CASH,
  STILL_OPEN,
  TOTAL_RETURN,
  UNITS,
} from './walk-layout.ts';

/** Books the last fill of the account: cash, units and profit, and the trades it ends or begins. */
export function recordFill(input: WalkInput, bar: number, side: number, reason: number): void {
  const sums = input.sums;
  const size = sums[FILL_SIZE];
  const fee = sums[FILL_FEE];
  markTo(input, bar);
  const value = size * sums[FILL_PRICE];
  const flow = side === 1 ? -(value + fee) : value - fee;
  sums[CASH] = addSnapped(sums[CASH], addSnapped(0, flow));
  sums[FLOW] = addSnapped(sums[FLOW], flow);
  sums[UNITS] = addSnapped(sums[UNITS], side === 1 ? size : -size);
  sums[FILL_COUNT] += 1;
  startSpan(input, bar);
  sums[EXIT_PRICE] = sums[FILL_PRICE];
  addToTrades(input, bar, side, reason);
}

/** Every order against a position ends one trade; a reversal shares its fee between two by size. */
function addToTrades(input: WalkInput, bar: number, side: number, reason: number): void {
  const sums = input.sums;
  const size = sums[FILL_SIZE];
  const price = sums[FILL_PRICE];
  const fee = sums[FILL_FEE];
  const held = sums[ENTRY_SIZE];
  if (sums[ENTRY_SIDE] === 0) openEntry(sums, bar, side);
  else if (sums[ENTRY_SIDE] === side) {
    sums[ENTRY_SIZE] += size;
    sums[ENTRY_VALUE] += size * price;
    sums[ENTRY_FEE] += fee;
  } else if (isClose(size, held)) {
    sums[ENDED_SIZE] = held;
    closeEntry(input, bar, reason);
    sums[ENTRY_SIDE] = 0;
  } else if (size < held) {
    sums[ENDED_SIZE] = size;
    closeEntry(input, bar, reason);
    const left = (held - size) / held;
    sums[ENTRY_SIZE] *= left;
    sums[ENTRY_VALUE] *= left;
    sums[ENTRY_FEE] *= left;
  } else {
    const closingFee = (held / size) * fee;
    sums[ENDED_SIZE] = held;
    sums[FILL_FEE] = closingFee;
    closeEntry(input, bar, reason);
    sums[FILL_SIZE] = size - held;
    sums[FILL_FEE] = fee - closingFee;
    openEntry(sums, bar, side);
  }
}

/** Begins the position that the last fill, or what is left of it, opens. */
function openEntry(sums: Float64Array, bar: number, side: number): void {
  const size = sums[FILL_SIZE];
  sums[ENTRY_SIDE] = side;
  sums[ENTRY_BAR] = bar;
  sums[ENTRY_SIZE] = size;
  sums[ENTRY_VALUE] = size * sums[FILL_PRICE];
  sums[ENTRY_FEE] = sums[FILL_FEE];
}

/** Ends ENDED_SIZE of the position at EXIT_PRICE with FILL_FEE as its exit fee. */
function closeEntry(input: WalkInput, bar: number, reason: number): void {
  const sums = input.sums;
  const size = sums[ENDED_SIZE];
  const exitFees = sums[FILL_FEE];
  const held = sums[ENTRY_SIZE];
  const entryPrice = sums[ENTRY_VALUE] / held;
  const entryFees = (size / held) * sums[ENTRY_FEE];
  const entryValue = size * entryPrice;
  const gross = addSnapped(size * sums[EXIT_PRICE], -entryValue);
  sums[ENDED_ENTRY_PRICE] = entryPrice;
  sums[ENDED_VALUE] = entryValue;
  sums[ENDED_FEES] = entryFees + exitFees;
  sums[ENDED_PNL] = (sums[ENTRY_SIDE] === 1 ? gross : 0 - gross) - entryFees - exitFees;
  addTrade(input, bar, reason);
}

/** Marks what is left at the last close. Profit is the cash flow plus that position: another sum than equity. */
export function finishVectorbtBook(input: WalkInput): void {
  const sums = input.sums;
  const initialCash = input.settings[INITIAL_CASH];
  const lastBar = input.market.barCount - 1;
  const lastClose = input.market.close[lastBar - input.market.firstBar];
  markTo(input, lastBar + 1);
  if (sums[ENTRY_SIDE] !== 0 && isLess(0, sums[ENTRY_SIZE])) {
    sums[ENDED_SIZE] = sums[ENTRY_SIZE];
    sums[EXIT_PRICE] = lastClose;
    sums[FILL_FEE] = 0;
    closeEntry(input, lastBar, STILL_OPEN);
  }
  const profit = sums[FILL_COUNT] === 0 ? 0 : sums[FLOW] + sums[UNITS] * lastClose;
  sums[FINAL_EQUITY] = profit + initialCash;
  sums[TOTAL_RETURN] = profit / initialCash;
}
