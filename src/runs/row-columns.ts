// Scored rows as columns of numbers: all of them for a file, or an even share of them for a heatmap.
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import { REPORT_LIMITS, type ReportGrid } from '../report/report-data.ts';
import type { Barriers } from '../simulate/simulation.ts';
import { type Grid, indicatorVariantKey, RISK_PARAMETERS, variantKey } from '../sweep/grid.ts';
import type { ScoredRow } from '../sweep/request.ts';
import { isSampled } from '../sweep/row-sink.ts';

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

type KeyNames = Pick<Grid, 'strategyName' | 'arithmetic'>;

/**
 * Takes rows as they are scored. Beyond `limit` rows half of them are dropped and from then on twice as many are passed
 * over. Which ones is drawn from their places in the order of rows, so that the same rows leave the same ones, and
 * scattered, so that no axis of a grid loses every other value.
 */
export class RowColumns {
  readonly #names: KeyNames;
  readonly #paramNames: readonly string[];
  readonly #limit: number;
  readonly #width: number;
  #values = new Float64Array(0);
  #count = 0;
  #seen = 0;
  /** One in so many of those that came is kept. */
  #share = 1;
  /** One in so many scored rows comes here at all. */
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

  /** Takes a row of which there is one in `every`. */
  push(row: ScoredRow, every = 1): void {
    this.#every = every;
    const place = this.#seen++;
    while (isSampled(place, this.#share) && this.#count >= this.#limit) this.#halve();
    if (!isSampled(place, this.#share)) return;
    this.#reserve();
    let at = this.#count++ * this.#width;
    this.#values[at++] = place;
    for (const name of this.#paramNames) this.#values[at++] = row.params[name] ?? Number.NaN;
    for (const name of RISK_PARAMETERS) this.#values[at++] = row.risk[name] ?? Number.NaN;
    for (const name of METRIC_NAMES) this.#values[at++] = row.metrics[name] ?? Number.NaN;
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
    let rows = Array.from({ length: this.#count }, (_, i) => i);
    while (rows.length > REPORT_LIMITS.gridRowsMax) {
      share *= 2;
      rows = rows.filter((row) => isSampled(this.#placeOf(row), share));
    }
    const column = (offset: number): (number | null)[] =>
      rows.map((row) => nullable(this.#values[row * this.#width + offset]!));
    const risks = RISK_PARAMETERS.filter((name) => riskNames.includes(name));
    const riskOffset = 1 + this.#paramNames.length;
    const metricOffset = riskOffset + RISK_PARAMETERS.length;
    const metrics = [...new Set([rank, ...GRID_METRICS])];
    const every = this.#every * share;
    const capped = rows.length < this.#seen || this.#every > 1;
    const columns = metrics.map((name) => {
      const values = column(metricOffset + METRIC_NAMES.indexOf(name)).map(shortened);
      return [name, values] as const;
    });
    return {
      paramNames: [...this.#paramNames, ...risks],
      params: [
        ...this.#paramNames.map((_, i) => column(1 + i)),
        ...risks.map((name) => column(riskOffset + RISK_PARAMETERS.indexOf(name))),
      ],
      // A large sweep computes only the metrics that its ranking needs; a map without a value would be empty.
      metrics: Object.fromEntries(
        columns.filter(
          ([name, values]) => this.#every === 1 || name === rank || values.some((value) => value !== null),
        ),
      ),
      total: scored,
      capped,
      ...(capped ? { capRule: `About one in ${every} scored variants is drawn, evenly over the grid.` } : {}),
    };
  }

  #halve(): void {
    this.#share *= 2;
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
