// The order arithmetic of vectorbt with its default options, with the operations of src/simulate/vectorbt-orders.ts.
import { addSnapped, floorToStep, isClose, isCloseOrLess, isLess, snapToZero } from '../simulate/vectorbt-tolerance.ts';
import type { WalkInput } from './kernels.ts';
import {
  ACCOUNT_CASH,
  DEBT,
  FEE_RATE,
  FILL_FEE,
  FILL_PRICE,
  FILL_SIZE,
  FILLED,
  FIXED_FEE,
  FREE_CASH,
  IGNORED,
  MIN_SIZE,
  ORDER_SHARE,
  ORDER_SIZE,
  ORDER_SLIPPAGE,
  POSITION,
  REFERENCE,
  REJECTED,
  SCOPE_LONG,
  SCOPE_SHORT,
  SIZE_STEP,
} from './walk-layout.ts';

/** Removes rounding noise, as the peer does before each order. */
function settle(sums: Float64Array): void {
  sums[ACCOUNT_CASH] = snapToZero(sums[ACCOUNT_CASH]);
  sums[FREE_CASH] = snapToZero(sums[FREE_CASH]);
  sums[POSITION] = snapToZero(sums[POSITION]);
  sums[DEBT] = snapToZero(sums[DEBT]);
}

/** Buys or covers the ORDER_* cells. A size of Infinity means all that cash, or the share of it, affords. */
export function buy(input: WalkInput, scope: number): number {
  const sums = input.sums;
  const settings = input.settings;
  const feeRate = settings[FEE_RATE];
  const fixedFee = settings[FIXED_FEE];
  const step = settings[SIZE_STEP];
  settle(sums);
  const size = sums[ORDER_SIZE];
  const percent = sums[ORDER_SHARE];
  const fillPrice = sums[REFERENCE] * (1 + sums[ORDER_SLIPPAGE]);
  let cashLimit = sums[ACCOUNT_CASH];
  if (!Number.isNaN(percent)) cashLimit = Math.min(cashLimit, percent * cashLimit);
  if (scope === SCOPE_SHORT ? sums[POSITION] === 0 : cashLimit === 0) return REJECTED;

  let wanted = scope === SCOPE_SHORT ? Math.min(-sums[POSITION], size) : size;
  if (wanted === 0) return IGNORED;
  if (step > 0) wanted = floorToStep(wanted, step);

  let filled = wanted;
  let cost = wanted * fillPrice;
  let fee = cost * feeRate + fixedFee;
  let spent = cost + fee;
  if (!isCloseOrLess(spent, cashLimit)) {
    cost = addSnapped(cashLimit, -fixedFee) / (1 + feeRate);
    if (cost <= 0) return REJECTED;
    filled = cost / fillPrice;
    if (step > 0) {
      filled = floorToStep(filled, step);
      cost = filled * fillPrice;
      fee = cost * feeRate + fixedFee;
      spent = cost + fee;
    } else {
      fee = cashLimit - cost;
      spent = cashLimit;
    }
  }
  if (isClose(wanted, 0)) return IGNORED;
  if (isLess(filled, settings[MIN_SIZE])) return REJECTED;
  bookBuy(sums, filled, spent);
  describeFill(sums, filled, fillPrice, fee);
  return FILLED;
}

/** Sells or sells short the ORDER_* cells. Infinity means the position and, unless `scope` is long, what free cash covers. */
export function sell(input: WalkInput, scope: number): number {
  const sums = input.sums;
  const settings = input.settings;
  const feeRate = settings[FEE_RATE];
  const fixedFee = settings[FIXED_FEE];
  settle(sums);
  const size = sums[ORDER_SIZE];
  const percent = sums[ORDER_SHARE];
  const fillPrice = sums[REFERENCE] * (1 - sums[ORDER_SLIPPAGE]);
  let most = scope === SCOPE_LONG ? sums[POSITION] : Number.POSITIVE_INFINITY;
  if (scope !== SCOPE_LONG && size === Number.POSITIVE_INFINITY) {
    most = mostToSell(sums, fillPrice, feeRate, fixedFee);
    if (most <= 0) return REJECTED;
  }
  let wanted = Math.min(size, most);
  if (!Number.isNaN(percent)) wanted *= percent;
  if (scope === SCOPE_LONG && sums[POSITION] === 0) return REJECTED;
  if (settings[SIZE_STEP] > 0) wanted = floorToStep(wanted, settings[SIZE_STEP]);
  if (isClose(wanted, 0)) return IGNORED;
  if (isLess(wanted, settings[MIN_SIZE])) return REJECTED;

  const proceeds = wanted * fillPrice;
  const fee = proceeds * feeRate + fixedFee;
  const credited = addSnapped(proceeds, -fee);
  if (credited < 0) return REJECTED;
  bookSell(sums, wanted, fillPrice, credited);
  describeFill(sums, wanted, fillPrice, fee);
  return FILLED;
}

/** Units that can be sold: the long position and what its proceeds and free cash cover short; 0 or less when none. */
function mostToSell(sums: Float64Array, price: number, feeRate: number, fixedFee: number): number {
  const long = Math.max(sums[POSITION], 0);
  const available = addSnapped(sums[FREE_CASH], long * price * (1 - feeRate));
  if (available <= 0) return long;
  return addSnapped(long, addSnapped(available, -fixedFee) / (price * (1 + feeRate)));
}

function bookBuy(sums: Float64Array, filled: number, spent: number): void {
  const before = sums[POSITION];
  const position = addSnapped(before, filled);
  sums[ACCOUNT_CASH] = addSnapped(sums[ACCOUNT_CASH], -spent);
  sums[POSITION] = position;
  let released = 0;
  if (before < 0) {
    const covered = position < 0 ? filled : Math.abs(before);
    released = covered * (sums[DEBT] / Math.abs(before));
    sums[DEBT] = addSnapped(sums[DEBT], -released);
  }
  sums[FREE_CASH] = addSnapped(sums[FREE_CASH] + 2 * released, -spent);
}

function bookSell(sums: Float64Array, filled: number, price: number, credited: number): void {
  const before = sums[POSITION];
  const position = addSnapped(before, -filled);
  sums[ACCOUNT_CASH] += credited;
  sums[POSITION] = position;
  if (position < 0) {
    const shortValue = (before < 0 ? filled : Math.abs(position)) * price;
    sums[DEBT] += shortValue;
    sums[FREE_CASH] = addSnapped(sums[FREE_CASH], addSnapped(credited, -2 * shortValue));
  } else sums[FREE_CASH] += credited;
}

function describeFill(sums: Float64Array, size: number, price: number, fee: number): void {
  sums[FILL_SIZE] = size;
  sums[FILL_PRICE] = price;
  sums[FILL_FEE] = fee;
}
