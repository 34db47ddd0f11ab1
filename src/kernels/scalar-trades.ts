// Closed and open trades of a walk: their sums, and their record where one is asked for.
import type { WalkInput } from './kernels.ts';
import {
  BEST_RETURN,
  CLOSED_TRADES,
  ENTRY_BAR,
  ENTRY_SIDE,
  FEES,
  HOLDING_BARS,
  LOST,
  OPEN_TRADES,
  PNL,
  PNL_SQUARED_DEVIATIONS,
  STILL_OPEN,
  TRADE_CELLS,
  TRADE_RETURNS,
  WINS,
  WON,
  WORST_RETURN,
} from './walk-layout.ts';

/** Adds one trade of the position that began at ENTRY_BAR. `value` is what was paid for it, entry price times size. */
export function addTrade(
  input: WalkInput,
  entryPrice: number,
  bar: number,
  price: number,
  size: number,
  value: number,
  fees: number,
  pnl: number,
  reason: number,
): void {
  const sums = input.sums;
  const tradeReturn = pnl / value;
  if (input.record !== undefined && input.record.trades !== undefined) {
    const trades = input.record.trades;
    const at = (sums[CLOSED_TRADES] + sums[OPEN_TRADES]) * TRADE_CELLS;
    const entryBar = sums[ENTRY_BAR];
    trades.set([sums[ENTRY_SIDE], entryBar, entryPrice, bar, price, size, fees, pnl, tradeReturn, reason], at);
  }
  sums[FEES] += fees;
  if (reason === STILL_OPEN) {
    sums[OPEN_TRADES] += 1;
    return;
  }
  const closed = sums[CLOSED_TRADES];
  input.profits[closed] = pnl;
  sums[CLOSED_TRADES] = closed + 1;
  sums[PNL] += pnl;
  if (pnl > 0) {
    sums[WINS] += 1;
    sums[WON] += pnl;
  } else sums[LOST] -= pnl;
  sums[TRADE_RETURNS] += tradeReturn;
  if (tradeReturn > sums[BEST_RETURN]) sums[BEST_RETURN] = tradeReturn;
  if (tradeReturn < sums[WORST_RETURN]) sums[WORST_RETURN] = tradeReturn;
  sums[HOLDING_BARS] += bar - sums[ENTRY_BAR];
}

/** The second pass over the profits: squared distances from their mean. */
export function squareDeviations(input: WalkInput): void {
  const sums = input.sums;
  const profits = input.profits;
  const closed = sums[CLOSED_TRADES];
  const mean = sums[PNL] / closed;
  let squares = 0;
  for (let i = 0; i < closed; i++) {
    const distance = profits[i] - mean;
    squares += distance * distance;
  }
  sums[PNL_SQUARED_DEVIATIONS] = squares;
}
