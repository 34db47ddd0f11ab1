// The order arithmetic of vectorbt with its default options, with the operations of src/simulate/vectorbt-orders.ts.
import { addSnapped, floorToStep, isClose, isCloseOrLess, isLess, snapToZero } from '../../simulate/vectorbt-tolerance';
import {
  ACCOUNT_CASH,
  DEBT,
  FEE_RATE,
  FILLED,
  FILL_FEE,
  FILL_PRICE,
  FILL_SIZE,
  FIXED_FEE,
  FREE_CASH,
  IGNORED,
  MIN_SIZE,
  POSITION,
  REJECTED,
  SCOPE_LONG,
  SCOPE_SHORT,
  SIZE_STEP,
} from '../walk-layout';
import { add, at, put, settings, sums } from './walk-input';

/** Removes rounding noise, as the peer does before each order. */
function settle(): void {
  put(sums, ACCOUNT_CASH, snapToZero(at(sums, ACCOUNT_CASH)));
  put(sums, FREE_CASH, snapToZero(at(sums, FREE_CASH)));
  put(sums, POSITION, snapToZero(at(sums, POSITION)));
  put(sums, DEBT, snapToZero(at(sums, DEBT)));
}

/** Buys or covers. `size` may be Infinity: all that cash affords. `percent` limits the cash to a share; NaN for none. */
export function buy(size: f64, price: f64, slippage: f64, scope: i32, percent: f64): i32 {
  const feeRate = at(settings, FEE_RATE);
  const fixedFee = at(settings, FIXED_FEE);
  const step = at(settings, SIZE_STEP);
  settle();
  const fillPrice = price * (1 + slippage);
  let cashLimit = at(sums, ACCOUNT_CASH);
  if (!isNaN(percent)) cashLimit = min(cashLimit, percent * cashLimit);
  if (scope === SCOPE_SHORT ? at(sums, POSITION) === 0 : cashLimit === 0) return REJECTED;

  let wanted = scope === SCOPE_SHORT ? min(-at(sums, POSITION), size) : size;
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
  if (isLess(filled, at(settings, MIN_SIZE))) return REJECTED;
  bookBuy(filled, spent);
  describeFill(filled, fillPrice, fee);
  return FILLED;
}

/** Sells or sells short. `size` may be Infinity: the position and, unless `scope` is long, what free cash covers. */
export function sell(size: f64, price: f64, slippage: f64, scope: i32, percent: f64): i32 {
  const feeRate = at(settings, FEE_RATE);
  const fixedFee = at(settings, FIXED_FEE);
  const step = at(settings, SIZE_STEP);
  settle();
  const fillPrice = price * (1 - slippage);
  let most = scope === SCOPE_LONG ? at(sums, POSITION) : Infinity;
  if (scope !== SCOPE_LONG && size === Infinity) {
    most = mostToSell(fillPrice, feeRate, fixedFee);
    if (most <= 0) return REJECTED;
  }
  let wanted = min(size, most);
  if (!isNaN(percent)) wanted *= percent;
  if (scope === SCOPE_LONG && at(sums, POSITION) === 0) return REJECTED;
  if (step > 0) wanted = floorToStep(wanted, step);
  if (isClose(wanted, 0)) return IGNORED;
  if (isLess(wanted, at(settings, MIN_SIZE))) return REJECTED;

  const proceeds = wanted * fillPrice;
  const fee = proceeds * feeRate + fixedFee;
  const credited = addSnapped(proceeds, -fee);
  if (credited < 0) return REJECTED;
  bookSell(wanted, fillPrice, credited);
  describeFill(wanted, fillPrice, fee);
  return FILLED;
}

/** Units that can be sold: the long position and what its proceeds and free cash cover short; 0 or less when none. */
function mostToSell(price: f64, feeRate: f64, fixedFee: f64): f64 {
  const long = max(at(sums, POSITION), 0);
  const available = addSnapped(at(sums, FREE_CASH), long * price * (1 - feeRate));
  if (available <= 0) return long;
  return addSnapped(long, addSnapped(available, -fixedFee) / (price * (1 + feeRate)));
}

function bookBuy(filled: f64, spent: f64): void {
  const before = at(sums, POSITION);
  const position = addSnapped(before, filled);
  put(sums, ACCOUNT_CASH, addSnapped(at(sums, ACCOUNT_CASH), -spent));
  put(sums, POSITION, position);
  let released: f64 = 0;
  if (before < 0) {
    const covered = position < 0 ? filled : Math.abs(before);
    released = covered * (at(sums, DEBT) / Math.abs(before));
    put(sums, DEBT, addSnapped(at(sums, DEBT), -released));
  }
  put(sums, FREE_CASH, addSnapped(at(sums, FREE_CASH) + 2 * released, -spent));
}

function bookSell(filled: f64, price: f64, credited: f64): void {
  const before = at(sums, POSITION);
  const position = addSnapped(before, -filled);
  add(sums, ACCOUNT_CASH, credited);
  put(sums, POSITION, position);
  if (position < 0) {
    const shortValue = (before < 0 ? filled : Math.abs(position)) * price;
    add(sums, DEBT, shortValue);
    put(sums, FREE_CASH, addSnapped(at(sums, FREE_CASH), addSnapped(credited, -2 * shortValue)));
  } else add(sums, FREE_CASH, credited);
}

function describeFill(size: f64, price: f64, fee: f64): void {
  put(sums, FILL_SIZE, size);
  put(sums, FILL_PRICE, price);
  put(sums, FILL_FEE, fee);
}
