// The standard metric set: names, units, which way is better, and which enter the result hash.
import type { Trade } from './trade.ts';

export type MetricName =
  | 'totalReturn'
  | 'finalEquity'
  | 'cagr'
  | 'volatility'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'omega'
  | 'maxDrawdown'
  | 'maxDrawdownBars'
  | 'exposure'
  | 'trades'
  | 'openTrades'
  | 'winRate'
  | 'profitFactor'
  | 'expectancy'
  | 'bestTrade'
  | 'worstTrade'
  | 'averageTrade'
  | 'averageHoldingBars'
  | 'totalFees'
  | 'sqn'
  | 'ambiguousBars'
  | 'skippedOrders';

export interface MetricDefinition {
  readonly name: MetricName;
  readonly label: string;
  /** fraction prints as %, money as quote currency, ratio plain, count as integer. */
  readonly unit: 'fraction' | 'money' | 'ratio' | 'count';
  readonly better: 'higher' | 'lower';
  /** False when it needs exp, log or pow, which engines may round differently: left out of the result hash. */
  readonly hashed: boolean;
}

/** Metric values as plain numbers; null where undefined or infinite. */
export type Metrics = Readonly<Record<MetricName, number | null>>;

export interface MetricsInput {
  readonly initialCash: number;
  /** Marked at each close. */
  readonly equity: Float64Array;
  readonly finalEquity: number;
  readonly totalReturn: number;
  readonly trades: readonly Trade[];
  readonly exposedBars: number;
  readonly ambiguousBars: number;
  readonly skippedOrders: number;
  /** Bars per year for annualisation. */
  readonly periodsPerYear: number;
}

const define = (
  name: MetricName,
  label: string,
  unit: MetricDefinition['unit'],
  better: MetricDefinition['better'],
  hashed = true,
): MetricDefinition => ({ name, label, unit, better, hashed });

/**
 * The standard set. In the formulas v is equity at each close, v[-1] the initial cash, r = (v - vPrev) / vPrev per bar,
 * n the number of bars, Y the bars per year; trades are closed trades. Null where undefined or infinite.
 * Each entry is: name, label, unit, which way is better, whether it enters the result hash.
 */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  /** (final equity - initial cash) / initial cash, as the engine summed it. A fraction. Source: vectorbt. */
  totalReturn: define('totalReturn', 'Total return', 'fraction', 'higher'),
  /** Cash and marked position at the last close. Quote currency. */
  finalEquity: define('finalEquity', 'Final equity', 'money', 'higher'),
  /** (final equity / initial cash)^(Y / n) - 1. A fraction per year. Needs pow. Source: empyrical `cagr`. */
  cagr: define('cagr', 'CAGR', 'fraction', 'higher', false),
  /** std(r, ddof 1) * sqrt(Y). A fraction per year. Source: empyrical `annual_volatility`. */
  volatility: define('volatility', 'Volatility', 'fraction', 'lower'),
  /** mean(r) / std(r, ddof 1) * sqrt(Y), risk-free rate 0; null at a deviation <= 1e-15. Source: vectorbt, empyrical. */
  sharpe: define('sharpe', 'Sharpe ratio', 'ratio', 'higher'),
  /** mean(r) * Y / (sqrt(mean(min(r, 0)^2)) * sqrt(Y)); null without a losing bar. Source: vectorbt, empyrical. */
  sortino: define('sortino', 'Sortino ratio', 'ratio', 'higher'),
  /** CAGR / max drawdown; null without a drawdown. Needs pow. Source: vectorbt, empyrical. */
  calmar: define('calmar', 'Calmar ratio', 'ratio', 'higher', false),
  /** sum of positive r / |sum of negative r|, threshold 0; null without a losing bar. Source: vectorbt, empyrical. */
  omega: define('omega', 'Omega ratio', 'ratio', 'higher'),
  /** max((peak - v) / peak) with the initial cash as first peak. A positive fraction. Source: empyrical (sign flipped). */
  maxDrawdown: define('maxDrawdown', 'Max drawdown', 'fraction', 'lower'),
  /** Bars in the longest run of closes below the peak so far, also when it has not ended. A count of bars. */
  maxDrawdownBars: define('maxDrawdownBars', 'Longest drawdown (bars)', 'count', 'lower'),
  /** Bars with a position at their close / n. A fraction. */
  exposure: define('exposure', 'Exposure', 'fraction', 'lower'),
  /** Closed trades; a trade held at the last bar is in openTrades only. A count. */
  trades: define('trades', 'Trades', 'count', 'higher'),
  /** Trades held at the last bar. A count. */
  openTrades: define('openTrades', 'Open trades', 'count', 'lower'),
  /** Trades with pnl > 0 / trades; a trade of pnl 0 is no win. A fraction. Source: vectorbt. */
  winRate: define('winRate', 'Win rate', 'fraction', 'higher'),
  /** Sum of positive pnl / |sum of negative pnl|; null without a losing trade. Source: vectorbt. */
  profitFactor: define('profitFactor', 'Profit factor', 'ratio', 'higher'),
  /**
   * Mean pnl of the trades, in quote currency. vectorbt's expectancy is win rate * mean win - (1 - win rate) *
   * |mean loss|, which weighs a trade of pnl 0 like a loss; the two agree when no pnl is 0.
   */
  expectancy: define('expectancy', 'Expectancy', 'money', 'higher'),
  /** Largest trade return, pnl / (entry price * size). A fraction. */
  bestTrade: define('bestTrade', 'Best trade', 'fraction', 'higher'),
  /** Smallest trade return. A fraction. */
  worstTrade: define('worstTrade', 'Worst trade', 'fraction', 'higher'),
  /** Arithmetic mean of the trade returns. A fraction. */
  averageTrade: define('averageTrade', 'Average trade', 'fraction', 'higher'),
  /** Mean of exit bar - entry bar. Bars. */
  averageHoldingBars: define('averageHoldingBars', 'Average holding (bars)', 'ratio', 'lower'),
  /** Fees of all trades, open ones included. Quote currency. */
  totalFees: define('totalFees', 'Total fees', 'money', 'lower'),
  /** sqrt(trades) * mean(pnl) / std(pnl, ddof 1); null below two trades. Source: Van Tharp, as in backtesting.py. */
  sqn: define('sqn', 'SQN', 'ratio', 'higher'),
  /** Bars in which a stop and the target both lay, so that the stop was assumed. A count. */
  ambiguousBars: define('ambiguousBars', 'Ambiguous bars', 'count', 'lower'),
  /** Orders too small to place, or that found no cash. A count. */
  skippedOrders: define('skippedOrders', 'Skipped orders', 'count', 'lower'),
};

/** All names, in the order of the table. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS) as MetricName[];
