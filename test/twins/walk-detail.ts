// Which results of a walk each level of detail keeps: a sweep asks for the least that its metrics need.
import {
  AMBIGUOUS_BARS,
  BEST_RETURN,
  CLOSED_TRADES,
  EXPOSED_BARS,
  FEES,
  FINAL_EQUITY,
  FULL,
  HOLDING_BARS,
  LOST,
  MONEY,
  OPEN_TRADES,
  PNL,
  PNL_SQUARED_DEVIATIONS,
  RUINED,
  SKIPPED_ORDERS,
  TOTAL_RETURN,
  TRADE_RETURNS,
  TRADES,
  WALK_RESULTS,
  WINS,
  WON,
  WORST_RETURN,
} from '../../src/kernels/walk-layout.ts';

/** Results of a walk at DETAIL = MONEY. Those not listed mean nothing then. */
export const MONEY_CELLS: readonly number[] = [
  FINAL_EQUITY,
  TOTAL_RETURN,
  EXPOSED_BARS,
  AMBIGUOUS_BARS,
  SKIPPED_ORDERS,
  RUINED,
  CLOSED_TRADES,
  OPEN_TRADES,
  FEES,
];

/** Results of a walk at DETAIL = TRADES. */
export const TRADES_CELLS: readonly number[] = [
  ...MONEY_CELLS,
  WINS,
  PNL,
  WON,
  LOST,
  PNL_SQUARED_DEVIATIONS,
  TRADE_RETURNS,
  BEST_RETURN,
  WORST_RETURN,
  HOLDING_BARS,
];

/** Results of a walk at DETAIL = FULL. */
export const FULL_CELLS: readonly number[] = Array.from({ length: WALK_RESULTS }, (_, cell) => cell);

/** The cheapest DETAIL at which a walk keeps every result in `cells`: the bits are those of a walk at FULL. */
export function detailFor(cells: Iterable<number>): typeof FULL | typeof MONEY | typeof TRADES {
  const wanted = [...cells];
  if (wanted.every((cell) => MONEY_CELLS.includes(cell))) return MONEY;
  return wanted.every((cell) => TRADES_CELLS.includes(cell)) ? TRADES : FULL;
}
