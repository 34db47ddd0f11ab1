// Scored rows as columns of numbers: all of them for a file, or an even share of them for a heatmap.
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import { REPORT_LIMITS, type ReportGrid } from '../report/report-data.ts';
import type { Barriers } from '../simulate/simulation.ts';
import { type Grid, indicatorVariantKey, RISK_PARAMETERS, variantKey } from '../sweep/grid.ts';
import type { ScoredRow } from '../sweep/request.ts';
import { isSampled, type SampledRows } from '../sweep/row-sink.ts';

/** Metrics that a heatmap offers, besides the one rows are ranked by. */
const GRID_METRICS: readonly MetricName[] = [
  'totalReturn',
  'sharpe',
  'maxDrawdown',
  'trades',
  'winRate',
  'profitFactor',
  'calmar',
  'exposure',
];

const gridMetrics = (rank: MetricName): MetricName[] => [...new Set([rank, ...GRID_METRICS])];

type KeyNames = Pick<Grid, 'strategyName' | 'arithmetic'>;

/**
 * Takes rows as they are scored. Beyond `limit` rows half of them are dropped and from then on twice as many are passed
 * over. Which ones is drawn from their points of the grid, or their places in the order of rows where no points are given, so
 * that the same rows leave the same ones, in parts and in any order, and scattered, so that no axis of a grid loses every
 * other value.
 */
export class RowColumns {
  readonly #names: KeyNames;
  readonly #paramNames: readonly string[];
  readonly #limit: number;
  readonly #width: number;
  #values = new Float64Array(0);
  #count = 0;
  #seen = 0;
  /** One in so many scored rows is kept. */
  #share = 1;
  /** One in so many scored rows came here at all. */
  #every = 1;

  /** Bytes at most while `rows` rows are taken, by what the buffers hold when they grow. */
  static bytesOf(rows: number, paramNames: readonly string[], limit = Number.POSITIVE_INFINITY): number {
    const width = 1 + paramNames.length + RISK_PARAMETERS.length + METRIC_NAMES.length;
    return Math.min(rows, limit) * width * 8 * 3;
  }

  constructor(names: KeyNames, paramNames: readonly string[], limit = Number.POSITIVE_INFINITY) {
    this.#names = names;
    this.#paramNames = paramNames;
    this.#limit = limit;
    this.#width = 1 + paramNames.length + RISK_PARAMETERS.length + METRIC_NAMES.length;
  }

  /** Rows kept. */
  get count(): number {
    return this.#count;
  }

  /** Takes a row, of which there is one in `every`. Its `point` of the grid says whether it is kept; all have one, or none. */
  push(row: ScoredRow, every = 1, point = this.#seen): void {
    this.#seen++;
    this.#thin(every, every);
    if (!this.#makeRoomAt(point)) return;
    this.#take(point, row.params, row.risk, (name) => row.metrics[name]);
  }

  /** What a heatmap shows of the rows, which came with their points. */
  save(rank: MetricName): SampledRows {
    const order = this.#byPlace();
    const metrics = gridMetrics(rank).map((name) => [name, this.#metric(name, order)] as const);
    const known = metrics.filter(([, values]) => values.some((value) => value !== null));
    const points = order.map((row) => this.#placeOf(row));
    return { seen: this.#seen, every: this.#every, share: this.#share, points, metrics: Object.fromEntries(known) };
  }

  /** Takes saved rows of the same grid besides those that are here; `at` says what lies at a point. */
  restore(rows: SampledRows, at: (point: number) => Pick<ScoredRow, 'params' | 'risk'>): void {
    const { seen, every, share, points, metrics } = rows;
    this.#seen += seen;
    this.#thin(every, share);
    for (const [row, point] of points.entries()) {
      if (!this.#makeRoomAt(point)) continue;
      const { params, risk } = at(point);
      this.#take(point, params, risk, (name) => metrics[name]?.[row]);
    }
  }

  /** Keeps no more than one in `share`, of rows of which one in `every` comes. */
  #thin(every: number, share: number): void {
    this.#every = Math.max(this.#every, every);
    if (share > this.#share) this.#keepOneIn(share);
  }

  /** Whether the row at `place` is one of those that are kept; if so there is room for it. */
  #makeRoomAt(place: number): boolean {
    while (isSampled(place, this.#share) && this.#count >= this.#limit) this.#keepOneIn(this.#share * 2);
    return isSampled(place, this.#share);
  }

  #take(
    place: number,
    params: ScoredRow['params'],
    risk: Barriers,
    metric: (name: MetricName) => number | null | undefined,
  ): void {
    this.#reserve();
    let at = this.#count++ * this.#width;
    this.#values[at++] = place;
    for (const name of this.#paramNames) this.#values[at++] = params[name] ?? Number.NaN;
    for (const name of RISK_PARAMETERS) this.#values[at++] = risk[name] ?? Number.NaN;
    for (const name of METRIC_NAMES) this.#values[at++] = metric(name) ?? Number.NaN;
  }

  /** Row `index` of those kept, as it came. */
  row(index: number): ScoredRow {
    let at = index * this.#width + 1;
    const take = (): number => this.#values[at++]!;
    const params = Object.fromEntries(this.#paramNames.map((name) => [name, take()]));
    const risk: Barriers = Object.fromEntries(
      RISK_PARAMETERS.map((name) => [name, take()] as const).filter(([, value]) => !Number.isNaN(value)),
    );
    const metrics = Object.fromEntries(METRIC_NAMES.map((name) => [name, nullable(take())])) as Metrics;
    return {
      variantKey: variantKey(this.#names, params, risk),
      indicatorVariantKey: indicatorVariantKey(this.#names, params),
      params,
      risk,
      metrics,
    };
  }

  /** What a heatmap needs: parameters, the barriers that were varied, and a few metrics. `scored` rows in all. */
  toGrid(rank: MetricName, riskNames: readonly string[], scored: number): ReportGrid {
    let share = this.#share;
    let rows = this.#byPlace();
    while (rows.length > REPORT_LIMITS.gridRowsMax) {
      share *= 2;
      rows = rows.filter((row) => isSampled(this.#placeOf(row), share));
    }
    const risks = RISK_PARAMETERS.filter((name) => riskNames.includes(name));
    const riskOffset = 1 + this.#paramNames.length;
    const isShare = rows.length < this.#seen || this.#every > 1;
    const columns = gridMetrics(rank).map((name) => [name, this.#metric(name, rows)] as const);
    return {
      paramNames: [...this.#paramNames, ...risks],
      params: [
        ...this.#paramNames.map((_, i) => this.#column(1 + i, rows)),
        ...risks.map((name) => this.#column(riskOffset + RISK_PARAMETERS.indexOf(name), rows)),
      ],
      // A large sweep computes only the metrics that its ranking needs; a map without a value would be empty.
      metrics: Object.fromEntries(
        columns.filter(
          ([name, values]) => this.#every === 1 || name === rank || values.some((value) => value !== null),
        ),
      ),
      total: scored,
      capped: isShare,
      ...(isShare ? { capRule: `About one in ${share} scored variants is drawn, evenly over the grid.` } : {}),
    };
  }

  /** Indices of the rows by their places: whatever order they came in. */
  #byPlace(): number[] {
    const rows = Array.from({ length: this.#count }, (_, i) => i);
    return rows.sort((a, b) => this.#placeOf(a) - this.#placeOf(b));
  }

  #column(offset: number, rows: readonly number[]): (number | null)[] {
    return rows.map((row) => nullable(this.#values[row * this.#width + offset]!));
  }

  #metric(name: MetricName, rows: readonly number[]): (number | null)[] {
    const offset = 1 + this.#paramNames.length + RISK_PARAMETERS.length + METRIC_NAMES.indexOf(name);
    return this.#column(offset, rows).map(shortened);
  }

  #keepOneIn(share: number): void {
    this.#share = share;
    const width = this.#width;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      if (isSampled(this.#placeOf(i), this.#share)) {
        this.#values.copyWithin(kept++ * width, i * width, (i + 1) * width);
      }
    }
    this.#count = kept;
  }

  #placeOf(index: number): number {
    return this.#values[index * this.#width]!;
  }

  #reserve(): void {
    const needed = (this.#count + 1) * this.#width;
    if (needed <= this.#values.length) return;
    const grown = new Float64Array(Math.max(needed, this.#values.length * 2, 256 * this.#width));
    grown.set(this.#values);
    this.#values = grown;
  }
}

const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value);
/** Seven significant digits: finer than a colour can show. */
const shortened = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(7)));
