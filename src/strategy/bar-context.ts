// What bar-by-bar code sees: values up to the current bar and none beyond, its positions, and the orders it may place.
import type { Column, Condition } from './expression.ts';
import type { ParameterValues } from './parameters.ts';

/**
 * A column, read back from now. `at()` is the value at the close of the current bar, `at(1)` one bar before it, NaN where
 * there is none. Of a longer timeframe `at()` is its last candle that has closed, `at(1)` the candle before that one.
 * Errors: STRATEGY_FAILED for an offset that is negative or no whole number, and outside `onBar`.
 */
export interface Series {
  at(barsAgo?: number): number;
}

/** A condition, read back from now like a Series; false before its first bar. */
export interface Flags {
  at(barsAgo?: number): boolean;
}

/** Candles of one timeframe, read back from now. `time` is the open time in epoch ms. */
export interface CandleSeries {
  readonly time: Series;
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
}

export type BarSide = 'long' | 'short';

export type PositionEnd =
  | 'signal'
  | 'reverse'
  | 'stop-loss'
  | 'take-profit'
  | 'trailing-stop'
  | 'time-limit'
  | 'end'
  | 'ruin'
  | 'open';

/** The position of one tag, as it stands. One object for the whole run: it may be kept in the state. */
export interface Position {
  readonly tag: string;
  /** 1 long, -1 short, 0 flat. */
  readonly side: 1 | -1 | 0;
  /** Units, never negative. */
  readonly size: number;
  /** Price of its fill, slippage included; NaN while flat. */
  readonly entryPrice: number;
  /** Bar of its fill; -1 while flat. */
  readonly entryBar: number;
  /** Bars since then; 0 while flat. */
  readonly barsHeld: number;
  /** At the close of the current bar, after the entry fee and before what leaving costs; 0 while flat. */
  readonly openPnl: number;
  /** Where its stop and its target lie; NaN without one. */
  readonly stopPrice: number;
  readonly targetPrice: number;
  /** Bar and reason of the last exit of this tag; -1 and undefined before the first. */
  readonly lastExitBar: number;
  readonly lastExitReason: PositionEnd | undefined;
}

/** Exits attached to a position. Shares are fractions of its entry price before slippage. */
export interface Bracket {
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  readonly trailingStop?: number;
  /** Bars after the entry bar at whose close it is closed. */
  readonly timeLimit?: number;
  readonly stopLossPrice?: number;
  readonly takeProfitPrice?: number;
}

/**
 * One order. Without a price it is a market order; `limit` waits for that price or a better one, `stop` for that price
 * or a worse one, both together make a stop-limit. At most one of the sizes; the run's own sizing when left out.
 */
export interface BarOrder extends Bracket {
  /** Which position it is for; "main" when left out. */
  readonly tag?: string;
  readonly limit?: number;
  readonly stop?: number;
  readonly units?: number;
  /** Quote currency. */
  readonly notional?: number;
  /** Share of equity, in (0, 1]. */
  readonly fraction?: number;
  /** Never opens a position: takes `units`, or all, from the one that is there. */
  readonly reduceOnly?: boolean;
  /** Bars a waiting order is good for; until cancelled when left out. */
  readonly expireAfter?: number;
  /** Of the orders of one group, the first that fills cancels the others. */
  readonly group?: string;
}

/** New places for the exits of an open position; `null` takes one away. The barriers of the run stay as they are. */
export interface BracketChange {
  readonly stopLossPrice?: number | null;
  readonly takeProfitPrice?: number | null;
  readonly trailingStop?: number | null;
}

interface ExecutorBarriers {
  readonly side: BarSide;
  /** Fractions of the entry price. */
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  /** From a gain of `activation` on, closes after a fall of `delta` from the best. */
  readonly trailing?: { readonly activation: number; readonly delta: number };
  /** Bars from creation. */
  readonly timeLimit?: number;
}

/** One entry with a triple barrier. */
export interface PositionExecutorOrder extends ExecutorBarriers {
  readonly units: number;
  /** Limit of the entry; a market order when left out. */
  readonly limit?: number;
}

/** Limit orders one beyond the other, closed together around their break-even. */
export interface DcaExecutorOrder extends ExecutorBarriers {
  readonly prices: readonly number[];
  /** Quote currency per price. */
  readonly notionals: readonly number[];
}

/** Levels between two prices that open at their price, close at their target, and open again. */
export interface GridExecutorOrder {
  readonly side: BarSide;
  readonly from: number;
  readonly to: number;
  /** A close beyond it ends the grid with a loss. */
  readonly limit?: number;
  /** Quote currency for the whole grid. */
  readonly notional: number;
  /** Distance of levels and smallest order, fractions and quote currency. */
  readonly minSpread: number;
  readonly minOrderNotional?: number;
  readonly takeProfit: number;
  readonly stopLoss?: number;
  readonly timeLimit?: number;
}

/** An executor, as it stands at the close of the current bar. */
export interface ExecutorState {
  readonly isActive: boolean;
  /** Whether anything was filled. */
  readonly isFilled: boolean;
  /** Profit after the costs of both sides. */
  readonly netPnl: number;
  /** Why it ended; undefined while it is active. */
  readonly end: PositionEnd | undefined;
}

/** Executors of Hummingbot, corrected, beside the strategy's own orders; under the profile `close`. */
export interface BarExecutors {
  /** Executors that have not ended. */
  readonly active: number;
  /** Each starts one at the close of the bar and answers its number, or -1 when it was skipped for want of cash. */
  position(order: PositionExecutorOrder): number;
  dca(order: DcaExecutorOrder): number;
  grid(order: GridExecutorOrder): number;
  /** Ends it at the close of the bar; false when it has ended already. */
  stop(id: number): boolean;
  state(id: number): ExecutorState;
}

/** What every part of a bar strategy may read at any time. */
interface BarBase<P> {
  readonly parameters: P;
  readonly timeframe: string;
  readonly initialCash: number;
  /** The candles the strategy runs on. */
  readonly candles: CandleSeries;
  /** The position of a tag; "main" when left out. */
  readonly position: (tag?: string) => Position;
  /** A number in [0, 1) from a stream of its own, seeded by the variant: the same in every run of it. */
  readonly random: () => number;
}

/** What `init` gets. Columns are declared here and read in `onBar`: there is no current bar yet. */
export interface BarInit<P = ParameterValues> extends BarBase<P> {
  readonly column: (column: Column) => Series;
  readonly condition: (condition: Condition) => Flags;
  /** Candles of a longer timeframe that have closed. */
  readonly higher: (timeframe: string) => CandleSeries;
}

/** What `onBar` gets, at the close of each bar. One object for the whole run. */
export interface BarContext<P = ParameterValues> extends BarBase<P> {
  /** Counts from 0 at the first bar that may trade. */
  readonly bar: number;
  /** Open time of the bar, epoch ms UTC. There is no other clock. */
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Cash, positions and executors at the close. */
  readonly equity: number;
  /** What new orders may take: cash that no short and no executor holds as collateral. */
  readonly freeCash: number;
  /** Orders not yet filled, market orders of this bar included. */
  readonly waitingOrders: number;
  /** Positions that are open. */
  readonly openPositions: number;
  readonly executors: BarExecutors;
  /** Places an order and answers its number. A buy opens a long, or ends the short of its tag and opens a long. */
  readonly buy: (order?: BarOrder) => number;
  /** Places an order and answers its number. A sell opens a short, or ends the long of its tag and opens a short. */
  readonly sell: (order?: BarOrder) => number;
  /** Closes the position of a tag by a market order; nothing when it is flat. */
  readonly exit: (tag?: string) => void;
  /** Closes every position by market orders. */
  readonly exitAll: () => void;
  /** Moves the exits of an open position, from the next bar on; nothing when it is flat. */
  readonly protect: (change: BracketChange, tag?: string) => void;
  /** Takes an order back; false when it was filled, cancelled or has expired. */
  readonly cancel: (id: number) => boolean;
  /** Takes back all orders, or those of one tag. */
  readonly cancelAll: (tag?: string) => void;
  /** Whether the order still waits. */
  readonly isWaiting: (id: number) => boolean;
}
