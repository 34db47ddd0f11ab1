// Closed and open trades of a walk: their sums, and their record where one is asked for.
import type { WalkInput } from './kernels.ts';
import {
  BEST_RETURN,
  CLOSED_TRADES,
  DETAIL,
  ENDED_ENTRY_PRICE,
  ENDED_FEES,
  ENDED_PNL,
  ENDED_SIZE,
  ENDED_VALUE,
  ENTRY_BAR,
  ENTRY_SIDE,
  EXIT_PRICE,
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
  TRADE_CELLS,
  TRADE_RETURNS,
  WINS,
  WON,
  WORST_RETURN,
} from './walk-layout.ts';

/** Adds the trade that the ENDED_* cells describe: the position that began at ENTRY_BAR, or a part of it. */
export function addTrade(input: WalkInput, bar: number, reason: number): void {
  const sums = input.sums;
  const pnl = sums[ENDED_PNL];
  if (input.record !== undefined) recordTrade(input, bar, reason);
  sums[FEES] += sums[ENDED_FEES];
  if (reason === STILL_OPEN) {
    sums[OPEN_TRADES] += 1;
    return;
  }
  if (input.settings[DETAIL] === MONEY) {
    sums[CLOSED_TRADES] += 1;
    return;
  }
  const tradeReturn = pnl / sums[ENDED_VALUE];
  if (sums[CLOSED_TRADES] === 0) sums[FIRST_PNL] = pnl;
  const distance = pnl - sums[FIRST_PNL];
  sums[SHIFTED_PNL] += distance;
  sums[SHIFTED_SQUARES] += distance * distance;
  sums[CLOSED_TRADES] += 1;
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

function recordTrade({ sums, record }: WalkInput, bar: number, reason: number): void {
  const at = (sums[CLOSED_TRADES] + sums[OPEN_TRADES]) * TRADE_CELLS;
  const pnl = sums[ENDED_PNL];
  const whole = [sums[ENTRY_SIDE], sums[ENTRY_BAR], sums[ENDED_ENTRY_PRICE], bar, sums[EXIT_PRICE], sums[ENDED_SIZE]];
  record!.trades?.set([...whole, sums[ENDED_FEES], pnl, pnl / sums[ENDED_VALUE], reason], at);
}

/**
 * Squared distances of the profits from their mean, out of distances from the first profit: that is one of them, so at
 * most a factor of their number is lost to cancellation.
 */
export function squareDeviations(sums: Float64Array): void {
  const closed = sums[CLOSED_TRADES];
  if (closed === 0) return;
  const shifted = sums[SHIFTED_PNL];
  const squares = sums[SHIFTED_SQUARES] - (shifted * shifted) / closed;
  sums[PNL_SQUARED_DEVIATIONS] = squares > 0 ? squares : 0;
}
