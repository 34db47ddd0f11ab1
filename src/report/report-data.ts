// The contract of the HTML report: everything it shows, as JSON-safe data, and the caps that keep the file small.
import type { MetricDefinition, MetricName, Metrics } from '../metrics/metrics.ts';
import type { ExitReason, Side } from '../metrics/trade.ts';

/** Caps of one report. What is left out is always said on the page. */
export const REPORT_LIMITS = {
  /** Ranked rows in the table. */
  rowsMax: 2_000,
  /** Scored variants in the heatmap. */
  gridRowsMax: 20_000,
  /** Steps of an equity curve; each keeps up to three points. */
  equityStepsMax: 700,
  /** Trades listed per variant. */
  tradesMax: 2_500,
  /** Candles of the overview; longer histories are aggregated. */
  overviewCandlesMax: 12_000,
  /** Full-resolution candles around trades, when the overview is aggregated. */
  windowCandlesMax: 8_000,
  /** Bytes of strategy source embedded. */
  sourceBytesMax: 200_000,
} as const;

/** A metric as the report shows it. `note` says in one sentence what it measures. */
export interface ReportMetric extends Pick<MetricDefinition, 'label' | 'unit' | 'better'> {
  readonly name: MetricName;
  readonly note?: string;
}

export interface ReportRisk {
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  readonly trailingStop?: number;
  readonly timeLimit?: number;
}

export interface ReportRow {
  /** From 1, without holes. */
  readonly rank: number;
  readonly variantKey: string;
  readonly indicatorVariantKey: string;
  readonly params: Readonly<Record<string, number>>;
  readonly risk: ReportRisk;
  readonly metrics: Metrics;
}

/** Scored variants as columns: `params[p][i]` is parameter p of variant i; null = that barrier is off. */
export interface ReportGrid {
  readonly paramNames: readonly string[];
  readonly params: readonly (readonly (number | null)[])[];
  /** One column per metric kept. */
  readonly metrics: Readonly<Partial<Record<MetricName, readonly (number | null)[]>>>;
  /** Variants scored; more than the rows here when `capped`. */
  readonly total: number;
  /** True when only part of the scored variants is here; `capRule` says which part. */
  readonly capped: boolean;
  readonly capRule?: string;
}

/** Trades as columns, in order of exit. Times are open times of bars, epoch ms UTC. */
export interface ReportTrades {
  readonly side: readonly Side[];
  readonly entryTime: readonly number[];
  readonly entryPrice: readonly number[];
  readonly exitTime: readonly number[];
  readonly exitPrice: readonly number[];
  readonly size: readonly number[];
  readonly fees: readonly number[];
  readonly pnl: readonly number[];
  readonly return: readonly number[];
  readonly bars: readonly number[];
  readonly exitReason: readonly ExitReason[];
  /** Which of several positions each was; absent where a strategy holds one at a time. */
  readonly tag?: readonly string[];
  /** Trades of the variant that are not listed here. */
  readonly omitted: number;
}

/** Equity curve as columns. `drawdown` is a positive fraction of the running peak. */
export interface ReportEquity {
  readonly time: readonly number[];
  readonly equity: readonly number[];
  readonly drawdown: readonly number[];
  readonly buyAndHold: readonly number[];
  /** How points were chosen, in words. */
  readonly rule: string;
}

/** What is stored for a variant whose trades can be looked at. */
export interface ReportDetail {
  readonly rank: number;
  readonly trades: ReportTrades;
  readonly equity: ReportEquity;
}

export interface CandleColumns {
  readonly time: readonly number[];
  readonly open: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
  readonly close: readonly number[];
}

export interface ReportCandles {
  readonly overview: CandleColumns;
  /** Bars in one overview candle; 1 = every candle is here. */
  readonly barsPerCandle: number;
  /** Full-resolution stretches around trades, ascending and disjoint; empty when the overview is complete. */
  readonly windows: readonly CandleColumns[];
}

export interface ReportSetting {
  readonly label: string;
  readonly value: string;
}

export interface ReportData {
  readonly title: string;
  /** ISO 8601, passed in. */
  readonly createdAt: string;
  readonly engineVersion: string;
  readonly resultHash: string;
  readonly dataHash: string;
  readonly strategy: { readonly name: string; readonly source?: string; readonly description?: string };
  readonly profile: { readonly name: string; readonly assumption: string };
  /** Which engine scored. */
  readonly engine: string;
  readonly market: {
    readonly label: string;
    readonly timeframe: string;
    /** Open time of the first bar, epoch ms UTC. */
    readonly from: number;
    /** Open time of the last bar, epoch ms UTC. */
    readonly to: number;
    readonly bars: number;
    readonly synthetic: boolean;
    readonly quality: readonly string[];
  };
  readonly initialCash: number;
  /** True when fee, fixed fee and slippage are all 0. */
  readonly costless?: boolean;
  /** The metric rows are ranked by. */
  readonly rankedBy: MetricName;
  readonly settings: readonly ReportSetting[];
  readonly counts: {
    /** Variants of the grid that satisfy the constraint. */
    readonly variants: number;
    readonly scored: number;
    readonly preselect?: number;
    readonly partial?: 'deadline' | 'cancelled';
  };
  readonly timing: { readonly computeMs: number; readonly downloadMs?: number };
  readonly metricDefinitions: readonly ReportMetric[];
  readonly rows: readonly ReportRow[];
  readonly grid?: ReportGrid;
  readonly details: readonly ReportDetail[];
  readonly candles?: ReportCandles;
  /** Command that reproduces one row; `{row}` stands for its rank. */
  readonly reproduce?: string;
}
