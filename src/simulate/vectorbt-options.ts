// The options of vectorbt's Portfolio.from_signals that our settings do not have, as data with that peer's defaults.

/** What to do when an entry and an exit of one side meet on a bar. `adjacent` keeps to the held position, `opposite` leaves it. */
export type SignalConflict = 'ignore' | 'entry' | 'exit' | 'adjacent' | 'opposite';
/** What to do when a long and a short entry meet on a bar. */
export type DirectionConflict = 'ignore' | 'long' | 'short' | 'adjacent' | 'opposite';
/** What an entry against the held position does. The `-reduce` forms honour `accumulate`. */
export type OppositeEntry = 'ignore' | 'close' | 'close-reduce' | 'reverse' | 'reverse-reduce';
export type StopExit = Exclude<OppositeEntry, 'ignore'>;
/** Whether entries may add to a position, exits take from it by the order size, or both. */
export type Accumulation = 'disabled' | 'both' | 'add-only' | 'remove-only';

/**
 * A rule by which stops change with the age of a position: from bar `start + afterBars` on, the distances given here
 * replace those the position was opened with. `start` is the entry bar, or the bar of the best price so far.
 */
export interface StopAdjustment {
  readonly afterBars: number;
  readonly since: 'entry' | 'best-price';
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  /** Makes the stop-loss trail, from the first bar on. */
  readonly trail?: boolean;
}

/** Turns away a share of the orders. `draws` holds uniform numbers in [0, 1), one used per order that could fill. */
export interface RandomRejection {
  readonly probability: number;
  readonly draws: Float64Array;
}

/** Per-bar columns have one value per candle; NaN where there is none. */
export interface VectorbtOptions {
  /** Order price: each bar's close, its open (where that is NaN the previous close), or a column. Default `close`. */
  readonly price?: 'close' | 'open' | Float64Array;
  /** Price that turns a value into units and marks `valuation-price` stops. Default `order-price`. */
  readonly valuationPrice?: 'order-price' | 'previous-close' | Float64Array;
  /** Keep the last known valuation price over bars without one. Default true. */
  readonly fillValuationForward?: boolean;
  /** Units per order. Default Infinity. */
  readonly maxSize?: number;
  /** Keep the cash a short was sold for from being spent. Default false. */
  readonly lockCash?: boolean;
  /** Fill what cash or `maxSize` allow instead of rejecting. Default true. */
  readonly allowPartial?: boolean;
  readonly accumulate?: Accumulation;
  readonly uponLongConflict?: SignalConflict;
  readonly uponShortConflict?: SignalConflict;
  readonly uponDirectionConflict?: DirectionConflict;
  /** Default `reverse-reduce`. */
  readonly uponOppositeEntry?: OppositeEntry;
  /** Stop distance of a position opened at each bar, instead of `barriers`. */
  readonly stopLossColumn?: Float64Array;
  readonly takeProfitColumn?: Float64Array;
  /** From which price stops are measured. Default `close` of the entry bar. */
  readonly stopEntryPrice?: 'close' | 'order-price' | 'fill-price' | 'valuation-price';
  /** Fill price of a stop. Default `stop-limit`: its level without slippage; `stop-market` adds slippage. */
  readonly stopExitPrice?: 'stop-limit' | 'stop-market' | 'order-price' | 'close';
  readonly uponStopExit?: StopExit;
  /** Whether adding to a position sets its stops anew; `override-nan` also with an absent stop. Default `override`. */
  readonly uponStopUpdate?: 'keep' | 'override' | 'override-nan';
  readonly stopAdjustment?: StopAdjustment;
  readonly rejection?: RandomRejection;
}

type Optional = 'stopLossColumn' | 'takeProfitColumn' | 'stopAdjustment' | 'rejection';

/** All options, with the defaults filled in. */
export type ResolvedVectorbtOptions = Required<Omit<VectorbtOptions, Optional>> & Pick<VectorbtOptions, Optional>;

export const VECTORBT_DEFAULTS: ResolvedVectorbtOptions = {
  price: 'close',
  valuationPrice: 'order-price',
  fillValuationForward: true,
  maxSize: Number.POSITIVE_INFINITY,
  lockCash: false,
  allowPartial: true,
  accumulate: 'disabled',
  uponLongConflict: 'ignore',
  uponShortConflict: 'ignore',
  uponDirectionConflict: 'ignore',
  uponOppositeEntry: 'reverse-reduce',
  stopEntryPrice: 'close',
  stopExitPrice: 'stop-limit',
  uponStopExit: 'close',
  uponStopUpdate: 'override',
};
