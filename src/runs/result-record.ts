// What a sweep leaves behind: one JSON-safe record that lists, reports and reproductions are made from.

import type { QualityPolicies } from '../market/quality-policies.ts';
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import type { ReportGrid } from '../report/report-data.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { MetricCondition } from '../sweep/metric-condition.ts';
import type { ExecutionRequest, RankedRow, ScoredRow, SweepOutcome } from '../sweep/request.ts';
import type { CandleOrigin } from './candle-source.ts';
import type { StudyJson } from './study-json.ts';
import type { WindowBounds } from './window-selection.ts';

/** A row as every JSON output shows it. Fractions are plain numbers: 0.12 is 12 %. */
export interface RowJson {
  readonly rank?: number;
  readonly variantKey: string;
  readonly indicatorVariantKey: string;
  readonly params: ParameterValues;
  /** Barriers that are on. */
  readonly risk: Barriers;
  /** totalReturn * 100. */
  readonly totalReturnPct: number | null;
  readonly metrics: Metrics;
}

export type RankedRowJson = RowJson & { readonly rank: number };

/** An ExecutionRequest with its profile by name. */
export interface ExecutionJson extends Omit<ExecutionRequest, 'profile'> {
  readonly profile: string;
}

export interface DataJson extends WindowBounds {
  readonly origin: CandleOrigin;
  readonly label: string;
  readonly timeframe: string;
  readonly synthetic: boolean;
  readonly policies: QualityPolicies;
  /** What was found in the candles and what was done about it. */
  readonly quality: readonly string[];
  /** Bars that indicators saw before the window. */
  readonly barsBefore: number;
  /** Open times of the first and last bar of the window, ISO 8601. */
  readonly firstBar: string;
  readonly lastBar: string;
}

export interface ResultRecord {
  readonly kind: 'gridmill-sweep';
  readonly engineVersion: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly dataHash: string;
  readonly profile: string;
  readonly assumption: string;
  readonly strategy: {
    readonly name: string;
    readonly description: string;
    readonly hash: string;
    /** Absolute path; absent for a built-in. */
    readonly path?: string;
    readonly source?: string;
  };
  readonly data: DataJson;
  readonly execution: ExecutionJson;
  /** Axes as they were scored. */
  readonly grid: {
    /** In the order of the strategy. */
    readonly parameterNames: readonly string[];
    readonly parameters: Readonly<Record<string, readonly number[]>>;
    readonly risk: Readonly<Record<string, readonly number[]>>;
    readonly sample: number | null;
    readonly seed: number;
    readonly offset: number | null;
    readonly limit: number | null;
    readonly where: readonly MetricCondition[];
  };
  readonly rankedBy: MetricName;
  /** Further objectives: the rows are the Pareto front. */
  readonly alsoRankedBy: readonly MetricName[];
  readonly bars: number;
  readonly variants: number;
  readonly scored: number;
  readonly preselect: number;
  /** Why the sweep ended early; the rows rank what was scored until then. */
  readonly partial: 'deadline' | 'cancelled' | null;
  readonly elapsedMs: number;
  /** Reading, checking and resampling candles; downloads are apart. */
  readonly loadMs: number;
  readonly downloadMs: number | null;
  readonly resultHash: string;
  readonly plan: SweepOutcome['plan'];
  /** Who scored; absent in results from before there were two engines. */
  readonly engine?: SweepOutcome['engine'];
  readonly top: readonly RankedRowJson[];
  /** The study it came from; rows are in the order of its objectives. */
  readonly study?: StudyJson;
  /** Scored variants for the heatmap; left out of `sweep --json`. */
  readonly heatmap?: ReportGrid;
}

export function rankedRowJson(row: RankedRow): RankedRowJson {
  return { rank: row.rank, ...rowJson(row) };
}

export function rowJson(row: ScoredRow): RowJson {
  const { variantKey, indicatorVariantKey, params, risk, metrics } = row;
  return { variantKey, indicatorVariantKey, params, risk, totalReturnPct: percentOf(metrics), metrics };
}

const percentOf = ({ totalReturn }: Metrics): number | null => (totalReturn === null ? null : totalReturn * 100);

/** A row as one flat record, for CSV and Parquet; parameters and barriers keep their names. */
export function flatRow(row: RowJson): Record<string, string | number | null> {
  const { rank, variantKey, indicatorVariantKey, params, risk, totalReturnPct, metrics } = row;
  return {
    ...(rank === undefined ? {} : { rank }),
    variantKey,
    indicatorVariantKey,
    ...params,
    stopLoss: risk.stopLoss ?? null,
    takeProfit: risk.takeProfit ?? null,
    trailingStop: risk.trailingStop ?? null,
    timeLimit: risk.timeLimit ?? null,
    totalReturnPct,
    ...Object.fromEntries(METRIC_NAMES.map((name) => [name, metrics[name]])),
  };
}
