// The order arithmetic of vectorbt: what a buy or a sell of a wanted size does to cash, position and debt.
import { addSnapped, floorToStep, isClose, isCloseOrLess, isLess, snapToZero } from './vectorbt-tolerance.ts';

/** Which side of the book an order may touch: `long` never goes below flat, `short` never above, `both` may cross. */
export type OrderScope = 'long' | 'short' | 'both';

export type OrderStatus = 'filled' | 'ignored' | 'rejected';

/** Costs and limits that hold for all orders of a run. */
export interface OrderTerms {
  readonly feeRate: number;
  readonly fixedFee: number;
  readonly minSize: number;
  readonly maxSize: number;
  /** 0 = any size. */
  readonly sizeStep: number;
  readonly lockCash: boolean;
  readonly allowPartial: boolean;
}

/**
 * Cash and position as the simulator keeps them. `freeCash` is cash less twice the `debt`, the value at which the
 * held units were sold short: it is what `lockCash` lets an order spend. The members after them describe the last fill.
 */
export class VectorbtAccount {
  cash: number;
  freeCash: number;
  /** Signed units. */
  position = 0;
  debt = 0;
  fillSize = 0;
  fillPrice = 0;
  fillFee = 0;

  constructor(initialCash: number) {
    this.cash = initialCash;
    this.freeCash = initialCash;
  }

  /** Removes rounding noise, as the peer does before each order. */
  settle(): void {
    this.cash = snapToZero(this.cash);
    this.freeCash = snapToZero(this.freeCash);
    this.position = snapToZero(this.position);
    this.debt = snapToZero(this.debt);
  }

  /**
   * Buys or covers. `size` may be Infinity: all that cash affords. `percent` limits the cash to a share of it; NaN
   * for no such limit. The account changes only when the order is filled.
   */
  buy(
    size: number,
    price: number,
    slippage: number,
    scope: OrderScope,
    percent: number,
    terms: OrderTerms,
  ): OrderStatus {
    const { feeRate, fixedFee, sizeStep, allowPartial } = terms;
    const fillPrice = price * (1 + slippage);
    let cashLimit = Math.min(terms.lockCash ? this.unlockedCash(fillPrice, terms) : this.cash, this.cash);
    if (!Number.isNaN(percent)) cashLimit = Math.min(cashLimit, percent * cashLimit);
    if (scope === 'short' ? this.position === 0 : cashLimit === 0) return 'rejected';

    let wanted = scope === 'short' ? Math.min(-this.position, size) : size;
    if (wanted === 0) return 'ignored';
    if (wanted > terms.maxSize) {
      if (!allowPartial) return 'rejected';
      wanted = terms.maxSize;
    }
    if (sizeStep > 0) wanted = floorToStep(wanted, sizeStep);

    let filled = wanted;
    let cost = wanted * fillPrice;
    let fee = cost * feeRate + fixedFee;
    let spent = cost + fee;
    if (!isCloseOrLess(spent, cashLimit)) {
      cost = addSnapped(cashLimit, -fixedFee) / (1 + feeRate);
      if (cost <= 0) return 'rejected';
      filled = cost / fillPrice;
      if (sizeStep > 0) {
        filled = floorToStep(filled, sizeStep);
        cost = filled * fillPrice;
        fee = cost * feeRate + fixedFee;
        spent = cost + fee;
      } else {
        // The whole limit is spent to the last bit; the fee is what the units leave of it.
        fee = cashLimit - cost;
        spent = cashLimit;
      }
    }
    if (isClose(wanted, 0)) return 'ignored';
    if (isLess(filled, terms.minSize)) return 'rejected';
    if (!allowPartial && Number.isFinite(size) && isLess(filled, size)) return 'rejected';

    this.bookBuy(filled, spent);
    this.describeFill(filled, fillPrice, fee);
    return 'filled';
  }

  /** Sells or sells short. `size` may be Infinity: the position and, unless `scope` is `long`, what free cash covers. */
  sell(
    size: number,
    price: number,
    slippage: number,
    scope: OrderScope,
    percent: number,
    terms: OrderTerms,
  ): OrderStatus {
    const fillPrice = price * (1 - slippage);
    let most = scope === 'long' ? this.position : Number.POSITIVE_INFINITY;
    if (scope !== 'long' && (terms.lockCash || size === Number.POSITIVE_INFINITY)) {
      most = this.mostToSell(fillPrice, terms);
      if (most <= 0) return 'rejected';
    }
    let wanted = Math.min(size, most);
    if (!Number.isNaN(percent)) wanted *= percent;
    if (wanted > terms.maxSize) {
      if (!terms.allowPartial) return 'rejected';
      wanted = terms.maxSize;
    }
    if (scope === 'long' && this.position === 0) return 'rejected';
    if (terms.sizeStep > 0) wanted = floorToStep(wanted, terms.sizeStep);
    if (isClose(wanted, 0)) return 'ignored';
    if (isLess(wanted, terms.minSize)) return 'rejected';
    if (!terms.allowPartial && Number.isFinite(size) && isLess(wanted, size)) return 'rejected';

    const proceeds = wanted * fillPrice;
    const fee = proceeds * terms.feeRate + terms.fixedFee;
    const credited = addSnapped(proceeds, -fee);
    if (credited < 0) return 'rejected';
    this.bookSell(wanted, fillPrice, credited);
    this.describeFill(wanted, fillPrice, fee);
    return 'filled';
  }

  /** Cash that may be spent when the proceeds of shorts are locked. */
  private unlockedCash(price: number, { feeRate, fixedFee }: OrderTerms): number {
    if (this.position >= 0) return this.freeCash;
    const short = Math.abs(this.position);
    const released = this.freeCash + 2 * this.debt;
    const left = addSnapped(released, -(short * price * (1 + feeRate) + fixedFee));
    if (left > 0) return released;
    if (left === 0) return this.cash;
    const soldAt = this.debt / short;
    const coverable = (this.freeCash - fixedFee) / (price * (1 + feeRate) - 2 * soldAt);
    return coverable * price * (1 + feeRate) + fixedFee;
  }

  /** Units that can be sold: the long position and what its proceeds and free cash cover short; 0 or less when none. */
  private mostToSell(price: number, { feeRate, fixedFee }: OrderTerms): number {
    const long = Math.max(this.position, 0);
    const available = addSnapped(this.freeCash, long * price * (1 - feeRate));
    if (available <= 0) return long;
    return addSnapped(long, addSnapped(available, -fixedFee) / (price * (1 + feeRate)));
  }

  private bookBuy(filled: number, spent: number): void {
    const before = this.position;
    this.cash = addSnapped(this.cash, -spent);
    this.position = addSnapped(before, filled);
    let released = 0;
    if (before < 0) {
      const covered = this.position < 0 ? filled : Math.abs(before);
      released = covered * (this.debt / Math.abs(before));
      this.debt = addSnapped(this.debt, -released);
    }
    this.freeCash = addSnapped(this.freeCash + 2 * released, -spent);
  }

  private bookSell(filled: number, price: number, credited: number): void {
    const before = this.position;
    this.cash += credited;
    this.position = addSnapped(before, -filled);
    if (this.position < 0) {
      const shortValue = (before < 0 ? filled : Math.abs(this.position)) * price;
      this.debt += shortValue;
      this.freeCash = addSnapped(this.freeCash, addSnapped(credited, -2 * shortValue));
    } else {
      this.freeCash += credited;
    }
  }

  private describeFill(size: number, price: number, fee: number): void {
    this.fillSize = size;
    this.fillPrice = price;
    this.fillFee = fee;
  }
}
