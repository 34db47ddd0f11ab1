// The contract of the report of a sweep over many cells: everything the page shows, as JSON-safe data, and its caps.
import type { MetricName } from '../metrics/metrics.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ManyRow } from '../sweep/many-request.ts';
import type { ReportData, ReportMetric, ReportSetting } from './report-data.ts';

/** Caps of one report. What is left out is always said on the page. */
export const MANY_REPORT_LIMITS = {
  /** Values in the matrix of variants by cells. */
  matrixValuesMax: 20_000,
  /** Curves of chosen variants, one per cell. */
  curvesMax: 240,
  /** Ranked rows with curves. */
  curveRowsMax: 5,
  /** Steps of a curve; each keeps up to four points. */
  curveStepsMax: 40,
} as const;

export interface ManyReportCell {
  readonly cell: number;
  readonly market: string;
  /** As it was asked for; empty when there is one window. */
  readonly window: string;
  /** The shortest name that tells it from the others. */
  readonly label: string;
  /** Open times of the first and last bar, ISO 8601. */
  readonly firstBar: string;
  readonly lastBar: string;
  readonly bars: number;
  readonly dataHash: string;
  /** The best variant of this cell alone. */
  readonly best: ManyRow | null;
}

/** Equity of a row in a cell, as shares of the initial cash minus one; x counts bars. */
export interface ManyReportCurve {
  readonly rank: number;
  readonly cell: number;
  readonly bar: readonly number[];
  readonly equity: readonly number[];
  readonly buyAndHold: readonly number[];
}

export interface ManyReportData
  extends Pick<
    ReportData,
    'title' | 'createdAt' | 'engineVersion' | 'resultHash' | 'strategy' | 'profile' | 'engine' | 'costless' | 'timing'
  > {
  readonly kind: 'many';
  readonly timeframe: string;
  readonly synthetic: boolean;
  readonly quality: readonly string[];
  readonly notes: readonly string[];
  readonly rankedBy: MetricName;
  /** That metric inside a sentence: `total return`. */
  readonly rankPhrase: string;
  readonly across: Across;
  /** What the ranking means, in one sentence. */
  readonly ranking: string;
  readonly initialCash: number;
  readonly settings: readonly ReportSetting[];
  readonly counts: ReportData['counts'] & { readonly excluded: number; readonly undefinedScores: number };
  /** Metrics kept of every cell, the one rows are ranked by first. */
  readonly metrics: readonly ReportMetric[];
  readonly cells: readonly ManyReportCell[];
  readonly rows: readonly ManyRow[];
  /** Ranked rows that are not in `rows`. */
  readonly omittedRows: number;
  /** The best of each market over its own windows; empty where the cells say the same. */
  readonly markets: readonly { readonly market: string; readonly cells: number; readonly top: readonly ManyRow[] }[];
  readonly curves: readonly ManyReportCurve[];
  /** Command that runs one row in one cell; `{row}` and `{cell}` stand for their numbers. */
  readonly reproduce: string;
}
