// How many steps an order of backtesting.py trades, and what fee it pays.
import type { OrderSize } from './backtesting-py-orders.ts';
import type { Costs, Sizing } from './simulation.ts';
import { roundDownToStep } from './sizing.ts';

/** The share an "all in" order takes: the largest number below 1, so that the peer still reads it as a fraction. */
const FULL_EQUITY = 1 - 2 ** -52;

/** Fee of one side in quote currency. */
export function feeOf(units: number, price: number, costs: Costs): number {
  return costs.fixedFee + units * price * costs.feeRate;
}

/**
 * The fee that sizing adds to the price of a unit. For an order given as a fraction the peer divides the fee of that
 * fraction of one unit by the fraction, so a fixed fee counts nearly once per unit.
 */
export function feePerUnit({ kind, value }: OrderSize, price: number, costs: Costs): number {
  let amount = value;
  if (kind === 'equity-fraction') amount = Math.min(value, FULL_EQUITY);
  if (kind === 'fixed-notional') amount = value / price;
  return feeOf(amount, price, costs) / amount;
}

/**
 * Whole steps of an order, rounded down; 0 when it is too small to place.
 * `money`: what the margin allows to buy. `costPrice`: price of a unit with its fee.
 */
export function stepsOf(size: OrderSize, sizing: Sizing, money: number, entryPrice: number, costPrice: number): number {
  const { sizeStep, minSize, minNotional } = sizing;
  const steps = wholeSteps(size, sizeStep, money, entryPrice, costPrice);
  const units = steps * sizeStep;
  return units < minSize || units * entryPrice < minNotional ? 0 : steps;
}

function wholeSteps({ kind, value }: OrderSize, step: number, money: number, price: number, costPrice: number): number {
  switch (kind) {
    case 'equity-fraction':
      return floorDivide(money * Math.min(value, FULL_EQUITY), costPrice * step);
    case 'fixed-notional':
      return floorDivide(value, price * step);
    case 'fixed-units':
      return Math.round(roundDownToStep(value, step) / step);
  }
}

/** The whole number of `divisor` in `value`, exact where value / divisor rounds up to a whole number. */
function floorDivide(value: number, divisor: number): number {
  return Math.round((value - (value % divisor)) / divisor);
}
