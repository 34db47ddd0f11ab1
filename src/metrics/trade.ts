// The trade record that engines produce and metrics read.

export type Side = 'long' | 'short';

/** Why a trade ended; `open` means it was still held at the last bar. */
export type ExitReason =
  | 'signal'
  | 'reverse'
  | 'stop-loss'
  | 'take-profit'
  | 'trailing-stop'
  | 'time-limit'
  | 'end'
  | 'ruin'
  | 'open';

/**
 * One round trip. Bars count from 0 in the simulated window. An open trade has `exitBar` = the last bar,
 * `exitPrice` = its close (a mark, no exit fee) and `exitReason` 'open'.
 */
export interface Trade {
  readonly side: Side;
  readonly entryBar: number;
  readonly entryPrice: number;
  readonly exitBar: number;
  readonly exitPrice: number;
  /** Units, always positive. */
  readonly size: number;
  /** Entry and exit fees, in quote currency. */
  readonly fees: number;
  /** Profit after fees, in quote currency. */
  readonly pnl: number;
  /** pnl / (entryPrice * size), a fraction. */
  readonly return: number;
  readonly exitReason: ExitReason;
  /** Which of several positions it was, where a strategy names them. */
  readonly tag?: string;
}
