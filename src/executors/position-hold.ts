// What executors leave behind when they end as POSITION_HOLD: one position, netted order by order at average cost.
import { decimalOfText } from '../core/decimal.ts';
import {
  addDouble,
  type DoubleDouble,
  divideDouble,
  doubleDouble,
  multiplyDouble,
  negateDouble,
} from '../core/double-double.ts';
import { addTo, type PreciseSum, preciseSum, totalOf } from '../core/precise-sum.ts';
import { doubleOfDecimal } from './exact-level.ts';

export interface PositionHold {
  /** Base units, negative for a short. */
  net: DoubleDouble;
  /** Average entry price of what is held; 0 when nothing is. */
  average: DoubleDouble;
  realized: DoubleDouble;
  readonly fees: PreciseSum;
  readonly volume: PreciseSum;
  sources: number;
}

/** A hold valued at a price. Amounts of base and quote currency. */
export interface HoldSummary {
  readonly isLong: boolean;
  readonly amountBase: number;
  readonly averagePrice: number;
  readonly realizedPnlQuote: number;
  readonly unrealizedPnlQuote: number;
  readonly feesQuote: number;
  readonly volumeQuote: number;
  readonly sources: number;
}

export interface HoldOrder {
  readonly isLong: boolean;
  readonly filledQuote: number;
  readonly price: number;
  readonly feesQuote: number;
}

const ZERO = doubleDouble(0);
/** A rest this small beside the order is rounding noise: the position is flat. */
const NOISE = 1e-26;

export const createHold = (): PositionHold => ({
  net: ZERO,
  average: ZERO,
  realized: ZERO,
  fees: preciseSum(),
  volume: preciseSum(),
  sources: 0,
});

/** Adds an order: the same side changes the average, the other side realises P&L and may turn the position. */
export function addToHold(hold: PositionHold, order: HoldOrder): void {
  const price = doubleOfDecimal(decimalOfText(order.price));
  const base = divideDouble(doubleDouble(order.filledQuote), price);
  const signed = order.isLong ? base : negateDouble(base);
  const next = addDouble(hold.net, signed);
  const isFlat = Math.abs(next.hi) <= NOISE * base.hi;
  if (hold.net.hi === 0 || hold.net.hi > 0 === order.isLong) {
    const cost = addDouble(multiplyDouble(hold.net, hold.average), multiplyDouble(signed, price));
    hold.average = divideDouble(cost, next);
  } else {
    const turns = !isFlat && next.hi > 0 !== hold.net.hi > 0;
    const closed = turns ? hold.net : negateDouble(signed);
    const gain = addDouble(price, negateDouble(hold.average));
    hold.realized = addDouble(hold.realized, multiplyDouble(closed, gain));
    if (turns) hold.average = price;
    if (isFlat) hold.average = ZERO;
  }
  hold.net = isFlat ? ZERO : next;
  addTo(hold.fees, order.feesQuote);
  addTo(hold.volume, order.filledQuote);
  hold.sources++;
}

export function holdUnrealized(hold: PositionHold, price: number): number {
  if (hold.net.hi === 0) return 0;
  const mid = doubleOfDecimal(decimalOfText(price));
  return multiplyDouble(addDouble(mid, negateDouble(hold.average)), hold.net).hi;
}

export function summarizeHold(hold: PositionHold, price: number): HoldSummary {
  return {
    isLong: hold.net.hi >= 0,
    amountBase: Math.abs(hold.net.hi),
    averagePrice: hold.average.hi,
    realizedPnlQuote: hold.realized.hi,
    unrealizedPnlQuote: holdUnrealized(hold, price),
    feesQuote: totalOf(hold.fees),
    volumeQuote: totalOf(hold.volume),
    sources: hold.sources,
  };
}
