// The values that a part of a grid has in each cell: a few metrics per variant, in buffers that every part uses again.
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';
import { type MetricCondition, meetsConditions } from './metric-condition.ts';

/** The values of a stretch of variants in one cell. */
export interface PieceValues {
  /** One row of metrics per variant; NaN stands for null. */
  readonly values: Float64Array;
  /** 1 for each variant that meets the conditions. */
  readonly meets: Uint8Array;
}

/** Hears of variant `at` of a part. */
export type Offer = (scores: CellScores, at: number, baseIndex: number, riskIndex: number) => void;

export class CellScores {
  readonly metrics: readonly MetricName[];
  /** Per cell: one row of `metrics` per variant of the part. NaN stands for null. */
  readonly values: readonly Float64Array[];
  readonly #meets: readonly Uint8Array[];
  readonly #columns: readonly number[];
  readonly #where: readonly MetricCondition[];
  readonly #filled: number[];

  constructor(cells: number, rows: number, metrics: readonly MetricName[], where: readonly MetricCondition[]) {
    this.metrics = metrics;
    this.values = Array.from({ length: cells }, () => new Float64Array(rows * metrics.length));
    this.#meets = Array.from({ length: cells }, () => new Uint8Array(rows));
    this.#columns = metrics.map((name) => METRIC_NAMES.indexOf(name));
    this.#where = where;
    this.#filled = Array.from({ length: cells }, () => 0);
  }

  /** Bytes of one variant. */
  static bytesPerRow(cells: number, metrics: readonly MetricName[]): number {
    return cells * (metrics.length * 8 + 1);
  }

  /** Rows that cell `cell` has taken since the last clear. */
  filled(cell: number): number {
    return this.#filled[cell]!;
  }

  clear(): void {
    this.#filled.fill(0);
  }

  /** Takes the next variant of a cell: row `row` of a scored batch. */
  take(cell: number, rows: Float64Array, row: number): void {
    this.put(cell, this.#filled[cell]!, rows, row);
  }

  /** Takes variant `at` of a cell; each of them comes once, in any order. */
  put(cell: number, at: number, rows: Float64Array, row: number): void {
    this.#filled[cell]!++;
    const values = this.values[cell]!;
    const offset = row * METRIC_NAMES.length;
    let to = at * this.#columns.length;
    for (const column of this.#columns) values[to++] = rows[offset + column]!;
    this.#meets[cell]![at] = meetsConditions(this.#where, rows, row) ? 1 : 0;
  }

  /** All variants of the part in one cell, as another CellScores of that cell alone held them. */
  load(cell: number, { values, meets }: PieceValues): void {
    this.values[cell]!.set(values);
    this.#meets[cell]!.set(meets);
    this.#filled[cell] = meets.length;
  }

  /** What `load` takes: the first `rows` variants of a cell, without a copy. */
  piece(cell: number, rows: number): PieceValues {
    return {
      values: this.values[cell]!.subarray(0, rows * this.metrics.length),
      meets: this.#meets[cell]!.subarray(0, rows),
    };
  }

  /** Whether variant `at` of the part meets the conditions in each of `cells`. */
  meets(at: number, cells: readonly number[]): boolean {
    for (const cell of cells) if (this.#meets[cell]![at] === 0) return false;
    return true;
  }

  /** The values of variant `at` in all cells, copied: cell by cell, metrics in their order. */
  copy(at: number): Float64Array {
    const width = this.metrics.length;
    const copy = new Float64Array(this.values.length * width);
    this.values.forEach((values, cell) => {
      copy.set(values.subarray(at * width, (at + 1) * width), cell * width);
    });
    return copy;
  }
}
