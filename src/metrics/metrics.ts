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
