// What a fill costs: slippage moves its price, fees are taken from cash (rule 7).
import type { Costs } from './simulation.ts';

/** Price of a market buy (`side` 1) or sell (`side` -1) for a reference price: slippage always works against the order. */
export function marketPrice(reference: number, side: 1 | -1, costs: Costs): number {
  return side === 1 ? reference * (1 + costs.slippage) : reference * (1 - costs.slippage);
}

/** Fee of one fill in quote currency, from its notional value (size x fill price). */
export function feeOf(value: number, costs: Costs): number {
  return value * costs.feeRate + costs.fixedFee;
}
