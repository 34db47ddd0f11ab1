// The options of freqtrade's backtesting: what our settings do not have, as data.

/** One row of the ROI table: from `afterMinutes` since the entry on, the trade is closed at this profit. */
export interface RoiStep {
  readonly afterMinutes: number;
  /** Profit to exceed, as a fraction of the stake; -1 closes at any price. */
  readonly profit: number;
}

/** Distances are fractions of the stake: with leverage the price moves by that over the leverage. */
export interface FreqtradeOptions {
  /** Rows in any order. Instead of `barriers.takeProfit`, which is the table { 0: takeProfit }. */
  readonly roi?: readonly RoiStep[];
  /** Trails the stop-loss behind the best price, by the stop-loss itself or by `trailingStopPositive`. Default false. */
  readonly trailingStop?: boolean;
  /** The trailing distance once the profit exceeds `trailingStopPositiveOffset`. */
  readonly trailingStopPositive?: number;
  /** Default 0. */
  readonly trailingStopPositiveOffset?: number;
  /** No trailing at all before the offset is reached. Default false. */
  readonly trailingOnlyOffsetIsReached?: boolean;
  /** The constant that a `custom_stoploss` returns: trails the best price by it, from the entry on. */
  readonly customStoploss?: number;
  /** Default 1. */
  readonly leverage?: number;
  /** Whether exit signals close a trade. Default true. */
  readonly useExitSignal?: boolean;
}
