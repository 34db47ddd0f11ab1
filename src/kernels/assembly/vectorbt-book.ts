// Equity and trades that vectorbt rebuilds from its order records, with the operations of src/simulate/vectorbt-book.ts.
import { addSnapped, isClose, isLess } from '../../simulate/vectorbt-tolerance';
import {
  CASH,
  ENTRY_BAR,
  ENTRY_FEE,
  ENTRY_SIDE,
  ENTRY_SIZE,
  ENTRY_VALUE,
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
} from '../walk-layout';
import { markTo, startSpan } from './spans';
import { addTrade } from './trades';
import { add, at, barCount, close, put, settings, sums } from './walk-input';

/** Books the last fill of the account: cash, units and profit, and the trades it ends or begins. */
export function recordFill(bar: i32, side: f64, reason: i32): void {
  const size = at(sums, FILL_SIZE);
  const price = at(sums, FILL_PRICE);
  const fee = at(sums, FILL_FEE);
  markTo(bar);
  const value = size * price;
  const flow = side === 1 ? -(value + fee) : value - fee;
  put(sums, CASH, addSnapped(at(sums, CASH), addSnapped(0, flow)));
  put(sums, FLOW, addSnapped(at(sums, FLOW), flow));
  put(sums, UNITS, addSnapped(at(sums, UNITS), side === 1 ? size : -size));
  add(sums, FILL_COUNT, 1);
  startSpan(bar);
  addToTrades(bar, side, size, price, fee, reason);
}

/** Every order against a position ends one trade; a reversal shares its fee between two by size. */
function addToTrades(bar: i32, side: f64, size: f64, price: f64, fee: f64, reason: i32): void {
  const held = at(sums, ENTRY_SIZE);
  const heldSide = at(sums, ENTRY_SIDE);
  if (heldSide === 0) openEntry(bar, side, size, size * price, fee);
  else if (heldSide === side) {
    add(sums, ENTRY_SIZE, size);
    add(sums, ENTRY_VALUE, size * price);
    add(sums, ENTRY_FEE, fee);
  } else if (isClose(size, held)) {
    closeEntry(held, bar, price, fee, reason);
    put(sums, ENTRY_SIDE, 0);
  } else if (size < held) {
    closeEntry(size, bar, price, fee, reason);
    const left = (held - size) / held;
    put(sums, ENTRY_SIZE, at(sums, ENTRY_SIZE) * left);
    put(sums, ENTRY_VALUE, at(sums, ENTRY_VALUE) * left);
    put(sums, ENTRY_FEE, at(sums, ENTRY_FEE) * left);
  } else {
    const closingFee = (held / size) * fee;
    closeEntry(held, bar, price, closingFee, reason);
    const opened = size - held;
    openEntry(bar, side, opened, opened * price, fee - closingFee);
  }
}

function openEntry(bar: i32, side: f64, size: f64, value: f64, fee: f64): void {
  put(sums, ENTRY_SIDE, side);
  put(sums, ENTRY_BAR, <f64>bar);
  put(sums, ENTRY_SIZE, size);
  put(sums, ENTRY_VALUE, value);
  put(sums, ENTRY_FEE, fee);
}

function closeEntry(size: f64, bar: i32, price: f64, exitFees: f64, reason: i32): void {
  const held = at(sums, ENTRY_SIZE);
  const entryPrice = at(sums, ENTRY_VALUE) / held;
  const entryFees = (size / held) * at(sums, ENTRY_FEE);
  const entryValue = size * entryPrice;
  const gross = addSnapped(size * price, -entryValue);
  const pnl = (at(sums, ENTRY_SIDE) === 1 ? gross : 0 - gross) - entryFees - exitFees;
  addTrade(bar, entryValue, entryFees + exitFees, pnl, reason);
}

/** Marks what is left at the last close. Profit is the cash flow plus that position: another sum than equity. */
export function finishVectorbtBook(): void {
  const initialCash = at(settings, INITIAL_CASH);
  const lastBar = barCount - 1;
  const lastClose = at(close, lastBar);
  markTo(barCount);
  if (at(sums, ENTRY_SIDE) !== 0 && isLess(0, at(sums, ENTRY_SIZE))) {
    closeEntry(at(sums, ENTRY_SIZE), lastBar, lastClose, 0, STILL_OPEN);
  }
  const profit = at(sums, FILL_COUNT) === 0 ? 0 : at(sums, FLOW) + at(sums, UNITS) * lastClose;
  put(sums, FINAL_EQUITY, profit + initialCash);
  put(sums, TOTAL_RETURN, profit / initialCash);
}
