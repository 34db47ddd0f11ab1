// Collects scored variants for the heatmap as they stream by, in bounded memory.
import type { MetricName, Metrics } from '../metrics/metrics.ts';
import { formatCount } from './format.ts';
import { REPORT_LIMITS, type ReportGrid, type ReportRisk } from './report-data.ts';

/** What the heatmap offers unless told otherwise; the metric of the ranking is always kept. */
const HEATMAP_METRICS: readonly MetricName[] = [
  'totalReturn',
  'maxDrawdown',
  'sharpe',
  'profitFactor',
  'winRate',
  'trades',
];

const RISK_NAMES = ['stopLoss', 'takeProfit', 'trailingStop', 'timeLimit'] as const;

interface GridRow {
  readonly params: Readonly<Record<string, number>>;
  readonly risk: ReportRisk;
  readonly metrics: Metrics;
}

interface KeptRow {
  readonly lot: number;
  readonly params: (number | null)[];
  readonly metrics: (number | null)[];
}

/**
 * Keeps every row until `rowsMax` are there, then an even random share of all rows seen. The share is drawn from the
 * row's place in the stream, so the same sweep always keeps the same rows.
 */
export class GridCollector {
  private readonly rowsMax: number;
  private readonly metricNames: readonly MetricName[];
  private paramNames: string[] = [];
  private rows: KeptRow[] = [];
  private seen = 0;
  /** Rows with a lot below this are kept; lots are uniform in [0, 2^32). */
  private lotLimit = 0x1_0000_0000;

  constructor(rankedBy: MetricName, rowsMax: number = REPORT_LIMITS.gridRowsMax) {
    this.rowsMax = rowsMax;
    this.metricNames = [...new Set([rankedBy, ...HEATMAP_METRICS])];
  }

  add(row: GridRow): void {
    if (this.seen === 0) this.paramNames = Object.keys(row.params);
    const lot = lotOf(this.seen++);
    if (lot >= this.lotLimit) return;
    this.rows.push({
      lot,
      params: [
        ...this.paramNames.map((name) => row.params[name] ?? null),
        ...RISK_NAMES.map((name) => row.risk[name] ?? null),
      ],
      metrics: this.metricNames.map((name) => short(row.metrics[name])),
    });
    while (this.rows.length > this.rowsMax) {
      this.lotLimit /= 2;
      this.rows = this.rows.filter((kept) => kept.lot < this.lotLimit);
    }
  }

  /** The columns so far; barriers that no row uses are left out. */
  grid(): ReportGrid {
    const names = [...this.paramNames, ...RISK_NAMES];
    const used = names.map((_, p) => p < this.paramNames.length || this.rows.some((row) => row.params[p] !== null));
    const capped = this.rows.length < this.seen;
    return {
      paramNames: names.filter((_, p) => used[p]),
      params: names.flatMap((_, p) => (used[p] ? [this.rows.map((row) => row.params[p]!)] : [])),
      metrics: Object.fromEntries(this.metricNames.map((name, m) => [name, this.rows.map((row) => row.metrics[m]!)])),
      total: this.seen,
      capped,
      ...(capped
        ? { capRule: `an even random share, because a report holds at most ${formatCount(this.rowsMax)}.` }
        : {}),
    };
  }
}

/** Six significant digits: finer than a colour. */
const short = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(6)));

/** A uniform 32-bit number for a place in the stream: the finaliser of MurmurHash3. */
function lotOf(place: number): number {
  let lot = (place + 0x9e3779b9) | 0;
  lot = Math.imul(lot ^ (lot >>> 16), 0x85ebca6b);
  lot = Math.imul(lot ^ (lot >>> 13), 0xc2b2ae35);
  return (lot ^ (lot >>> 16)) >>> 0;
}
