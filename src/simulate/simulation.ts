// What a simulation takes and gives: signals as event flags in, fills, trades and equity out.
import type { Candles } from '../market/candles.ts';
import type { ExitReason, Trade } from '../metrics/trade.ts';
import type { BacktestingPyOptions } from './backtesting-py-options.ts';
import type { FreqtradeOptions } from './freqtrade-options.ts';
import type { Profile } from './profiles.ts';
import type { Barriers, Costs, Direction, Sizing } from './terms.ts';
import type { VectorbtOptions } from './vectorbt-options.ts';

export type { Barriers, Costs, Direction, Sizing, SizingKind } from './terms.ts';

/** Event flags of one bar, combined by OR in a Uint8Array with one byte per bar. Decided at the close of the bar. */
export const ENTER_LONG = 1;
export const EXIT_LONG = 2;
export const ENTER_SHORT = 4;
export const EXIT_SHORT = 8;

export interface SimulationSettings {
  readonly profile: Profile;
  readonly direction: Direction;
  readonly initialCash: number;
  readonly costs: Costs;
  readonly sizing: Sizing;
  readonly barriers: Barriers;
  /** Close a position left at the end, with costs, instead of marking it. */
  readonly closeAtEnd: boolean;
  /** What only the rule book `backtesting.py` reads; absent members take that peer's defaults. */
  readonly backtestingPy?: BacktestingPyOptions;
  /** What only the rule book `freqtrade` reads. */
  readonly freqtrade?: FreqtradeOptions;
  /** What only the rule book `vectorbt` reads; absent members take that peer's defaults. */
  readonly vectorbt?: VectorbtOptions;
}

export interface Fill {
  readonly bar: number;
  readonly side: 'buy' | 'sell';
  /** Units, always positive. */
  readonly size: number;
  readonly price: number;
  readonly fee: number;
  readonly reason: ExitReason | 'entry';
}

export interface Simulation {
  /** In time order. A reversal is one fill or two, as the profile says. */
  readonly fills: readonly Fill[];
  /** In order of exit, open trades last. */
  readonly trades: readonly Trade[];
  /** Cash + marked position at each close of the window; owned by the caller's buffer if one was passed. */
  readonly equity: Float64Array;
  readonly finalEquity: number;
  /** (final equity - initial cash) / initial cash, in the profile's order of summation. */
  readonly totalReturn: number;
  /** Bars with a position at their close. */
  readonly exposedBars: number;
  /** Bars in which a stop and the target both lay inside, so that the pessimistic side was assumed. */
  readonly ambiguousBars: number;
  /** Orders too small to place, or that found no cash. */
  readonly skippedOrders: number;
  readonly ruined: boolean;
}

/**
 * Candles to run over (the window: bar 0 is the first that may act) and their event flags.
 * `equity` is an optional buffer of barCount values to write into, so that sweeps allocate nothing per variant.
 */
export interface SimulationInput {
  readonly candles: Candles;
  readonly signals: Uint8Array;
  readonly settings: SimulationSettings;
  readonly equity?: Float64Array;
}
