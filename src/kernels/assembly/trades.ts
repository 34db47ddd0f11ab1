// Closed and open trades of a walk: their sums.
import {
  BEST_RETURN,
  CLOSED_TRADES,
  DETAIL,
  ENTRY_BAR,
  FEES,
  FIRST_PNL,
  HOLDING_BARS,
  LOST,
  MONEY,
  OPEN_TRADES,
  PNL,
  PNL_SQUARED_DEVIATIONS,
  SHIFTED_PNL,
  SHIFTED_SQUARES,
  STILL_OPEN,
  TRADE_RETURNS,
  WINS,
  WON,
  WORST_RETURN,
} from '../walk-layout';
import { larger, negativePart, positivePart, smaller } from './select';
import { add, at, put, settings, sums } from './walk-input';

/** Adds one trade of the position that began at ENTRY_BAR. `value` is what was paid for it, entry price times size. */
export function addTrade(bar: i32, value: f64, fees: f64, pnl: f64, reason: i32): void {
  const cells = sums;
  add(cells, FEES, fees);
  if (reason === STILL_OPEN) {
    add(cells, OPEN_TRADES, 1);
    return;
  }
  const closed = at(cells, CLOSED_TRADES);
  put(cells, CLOSED_TRADES, closed + 1);
  if (at(settings, DETAIL) !== <f64>MONEY) addClosed(cells, <i32>closed, bar - <i32>at(cells, ENTRY_BAR), value, pnl);
}

/** Adds a closed trade, held for `bars`, to the sums over trades; `before` it were that many. */
@inline
export function addClosed(cells: usize, before: i32, bars: i32, value: f64, pnl: f64): void {
  const tradeReturn = pnl / value;
  if (before === 0) put(cells, FIRST_PNL, pnl);
  const distance = pnl - at(cells, FIRST_PNL);
  add(cells, SHIFTED_PNL, distance);
  add(cells, SHIFTED_SQUARES, distance * distance);
  add(cells, PNL, pnl);
  add(cells, WINS, <f64>(pnl > 0));
  add(cells, WON, positivePart(pnl));
  put(cells, LOST, at(cells, LOST) - negativePart(pnl));
  add(cells, TRADE_RETURNS, tradeReturn);
  put(cells, BEST_RETURN, larger(at(cells, BEST_RETURN), tradeReturn));
  put(cells, WORST_RETURN, smaller(at(cells, WORST_RETURN), tradeReturn));
  add(cells, HOLDING_BARS, <f64>bars);
}

/**
 * Squared distances of the profits from their mean, out of distances from the first profit: that is one of them, so at
 * most a factor of their number is lost to cancellation.
 */
export function squareDeviations(): void {
  const closed = at(sums, CLOSED_TRADES);
  if (closed === 0) return;
  const shifted = at(sums, SHIFTED_PNL);
  const squares = at(sums, SHIFTED_SQUARES) - (shifted * shifted) / closed;
  put(sums, PNL_SQUARED_DEVIATIONS, squares > 0 ? squares : 0);
}
