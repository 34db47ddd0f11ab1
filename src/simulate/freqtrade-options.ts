// The options of freqtrade's backtesting that our settings do not have, as data with that peer's defaults.

/** One row of the ROI table: from `afterMinutes` since the entry on, the trade is closed at this profit. */
export interface RoiStep {
  readonly afterMinutes: number;
  /** Smallest profit as a fraction, leverage included; -1 closes at any price. */
  readonly profit: number;
}

export interface FreqtradeOptions {
  /** Ascending by `afterMinutes`. Instead of `barriers.takeProfit` and `barriers.timeLimit`. */
  readonly roi?: readonly RoiStep[];
  /** Trails the stop-loss behind the price by `trailingStopPositive`, or by the stop-loss itself. Default false. */
  readonly trailingStop?: boolean;
  /** The trailing distance once the profit exceeds `trailingStopPositiveOffset`. */
  readonly trailingStopPositive?: number;
  /** Default 0. */
  readonly trailingStopPositiveOffset?: number;
  /** No trailing at all before the offset is reached. Default false. */
  readonly trailingOnlyOffsetIsReached?: boolean;
  /** Units traded per unit of stake; profit and stop distance refer to the stake. Default 1. */
  readonly leverage?: number;
  /** Whether exit signals close a trade. Default true. */
  readonly useExitSignal?: boolean;
}
