// The options of backtesting.py's Backtest that our settings do not have, as data with that peer's defaults.

export interface BacktestingPyOptions {
  /** Market orders fill at the close they were placed on, instead of the next open. Default false. */
  readonly tradeOnClose?: boolean;
  /** Every new order first closes the open trades and cancels waiting orders. Default false. */
  readonly exclusiveOrders?: boolean;
  /** Long and short trades may be open side by side. Default false: an opposite order closes first, oldest first. */
  readonly hedging?: boolean;
  /** Share of a trade's value that must be covered, in (0, 1]; 1 / margin is the leverage. Default 1. */
  readonly margin?: number;
  /** Adverse share of the price, paid when a trade is opened and not when it is closed. Default 0. */
  readonly spread?: number;
  /** What an entry against the held position does: close and open, or nothing until the position is gone. Default reverse. */
  readonly oppositeEntry?: 'reverse' | 'ignore';
}

export const BACKTESTING_PY_DEFAULTS: Required<BacktestingPyOptions> = {
  tradeOnClose: false,
  exclusiveOrders: false,
  hedging: false,
  margin: 1,
  spread: 0,
  oppositeEntry: 'reverse',
};
