// How large an opening order is, and when it is too small to place (rule 8).
import { feeOf } from './costs.ts';
import type { Costs, Sizing } from './simulation.ts';

export interface EntryOrder {
  /** Units, positive. */
  readonly size: number;
  /** size x price, in quote currency. */
  readonly value: number;
  readonly fee: number;
}

/** Rounding noise of one division: 0.3 units in steps of 0.1 are 3 steps, although 0.3 / 0.1 is below 3. */
const STEP_TOLERANCE = 2 ** -50;

/** The largest multiple of `step` that is not above `size`. */
export function roundDownToStep(size: number, step: number): number {
  return Math.floor((size / step) * (1 + STEP_TOLERANCE)) * step;
}

/**
 * The order that opens a position out of `cash` at fill price `price`, or undefined when it is too small or cash does
 * not cover the fixed fee. Long and short are sized alike: a short is fully collateralised, so its value plus fee may
 * not exceed cash either. An order that wants more than that is cut to it. Without a size step such an order takes the
 * budget to the last bit: value + fee = budget.
 */
export function sizeEntry(sizing: Sizing, costs: Costs, cash: number, price: number): EntryOrder | undefined {
  return sizeWithin(sizing, costs, sizing.kind === 'equity-fraction' ? cash * sizing.value : cash, price);
}

/** As `sizeEntry` for an order that may take `budget`: all of it where the size is a share of equity. */
export function sizeWithin(sizing: Sizing, costs: Costs, budget: number, price: number): EntryOrder | undefined {
  const affordable = (budget - costs.fixedFee) / (1 + costs.feeRate);
  if (!(affordable > 0)) return undefined;
  const wanted =
    sizing.kind === 'equity-fraction' ? affordable : sizing.value * (sizing.kind === 'fixed-units' ? price : 1);
  const cut = wanted >= affordable;
  const units = cut ? affordable / price : sizing.kind === 'fixed-units' ? sizing.value : sizing.value / price;
  const size = sizing.sizeStep > 0 ? roundDownToStep(units, sizing.sizeStep) : units;
  const whole = cut && sizing.sizeStep === 0;
  const value = whole ? affordable : size * price;
  if (!(size > 0) || size < sizing.minSize || value < sizing.minNotional) return undefined;
  return { size, value, fee: whole ? budget - affordable : feeOf(value, costs) };
}
