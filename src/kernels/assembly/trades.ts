// Closed and open trades of a walk: their sums.
import {
  BEST_RETURN,
  CLOSED_TRADES,
  ENTRY_BAR,
  FEES,
  HOLDING_BARS,
  LOST,
  OPEN_TRADES,
  PNL,
  PNL_SQUARED_DEVIATIONS,
  STILL_OPEN,
  TRADE_RETURNS,
  WINS,
  WON,
  WORST_RETURN,
} from '../walk-layout';
import { add, at, profits, put, sums } from './walk-input';

/** Adds one trade of the position that began at ENTRY_BAR. `value` is what was paid for it, entry price times size. */
export function addTrade(bar: i32, value: f64, fees: f64, pnl: f64, reason: i32): void {
  const tradeReturn = pnl / value;
  add(sums, FEES, fees);
  if (reason === STILL_OPEN) {
    add(sums, OPEN_TRADES, 1);
    return;
  }
  const closed = at(sums, CLOSED_TRADES);
  put(profits, <i32>closed, pnl);
  put(sums, CLOSED_TRADES, closed + 1);
  add(sums, PNL, pnl);
  if (pnl > 0) {
    add(sums, WINS, 1);
    add(sums, WON, pnl);
  } else put(sums, LOST, at(sums, LOST) - pnl);
  add(sums, TRADE_RETURNS, tradeReturn);
  if (tradeReturn > at(sums, BEST_RETURN)) put(sums, BEST_RETURN, tradeReturn);
  if (tradeReturn < at(sums, WORST_RETURN)) put(sums, WORST_RETURN, tradeReturn);
  add(sums, HOLDING_BARS, <f64>bar - at(sums, ENTRY_BAR));
}

/** The second pass over the profits: squared distances from their mean. */
export function squareDeviations(): void {
  const closed = at(sums, CLOSED_TRADES);
  const mean = at(sums, PNL) / closed;
  let squares: f64 = 0;
  for (let i = 0; i < <i32>closed; i++) {
    const distance = at(profits, i) - mean;
    squares += distance * distance;
  }
  put(sums, PNL_SQUARED_DEVIATIONS, squares);
}
