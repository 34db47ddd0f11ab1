// Where scored rows go besides the ranking: all of them in grid order, or an even share of them for a picture.
import type { MetricName } from '../metrics/metrics.ts';
import type { Grid } from './grid.ts';
import type { ScoredRow } from './request.ts';

/**
 * All rows, complete, of a sweep of up to SAMPLE_ALL times `most` rows. Of a larger one a share spread evenly over the
 * grid, about `most` of them, and with those metrics only that ranking needs. In any order.
 */
export interface RowSample {
  readonly most: number;
  /** `every`: one in so many rows is handed over. `point`: its place in the grid, risk points fastest. */
  readonly onRow: (row: ScoredRow, every: number, point: number) => void;
  /** Rows that came so far as plain data, and back: an interrupted sweep, or one in parts, then leaves the same picture. */
  readonly kept?: { readonly save: () => SampledRows; readonly restore: (rows: SampledRows) => void };
}

/** Rows kept for a picture, in columns. */
export interface SampledRows {
  /** Rows that were handed over, those dropped since among them. */
  readonly seen: number;
  /** One in so many scored rows was handed over, and one in so many is kept. */
  readonly every: number;
  readonly share: number;
  readonly points: readonly number[];
  /** As many values by metric; null for NaN. */
  readonly metrics: Readonly<Partial<Record<MetricName, readonly (number | null)[]>>>;
}

export interface RowTakers {
  /** Receives every row of the last stage, complete, in grid order (or in the order drawn, for a random search). */
  readonly onRow?: (row: ScoredRow) => void | Promise<void>;
  /** Receives rows of the last stage for a picture. */
  readonly rowSample?: RowSample;
  /** As onRow, without spelling rows out. */
  readonly scores?: ScoreTaker;
}

export interface ScoreTaker {
  /** What is read of a row; whatever else it holds may be NaN. */
  readonly metrics: readonly MetricName[];
  /** Row `row` of `rows`, valid during the call only. */
  take(rows: Float64Array, row: number, baseIndex: number, riskIndex: number): void;
}

/** What a stage does with each row besides ranking it. */
export interface RowSink {
  wants(baseIndex: number, riskIndex: number): boolean;
  take(row: ScoredRow, baseIndex: number, riskIndex: number): Promise<void>;
}

const SAMPLE_ALL = 8;

/** Whether rows must come in grid order. */
export const wantsGridOrder = ({ onRow, scores }: RowTakers): boolean => onRow !== undefined || scores !== undefined;

/** Whether rows must be complete. `rows`: those of the last stage, where known. */
export function wantsAllRows({ onRow, rowSample }: RowTakers, rows: number | undefined): boolean {
  if (onRow !== undefined) return true;
  return rowSample !== undefined && rows !== undefined && rows <= rowSample.most * SAMPLE_ALL;
}

export function rowSink(takers: RowTakers, grid: Grid, rows: number | undefined): RowSink | undefined {
  const { onRow, rowSample } = takers;
  if (onRow === undefined && rowSample === undefined) return undefined;
  const most = rowSample?.most ?? 1;
  const every = wantsAllRows({ rowSample }, rows) ? 1 : Math.ceil((rows ?? grid.basePoints * grid.riskPoints) / most);
  const pointOf = (baseIndex: number, riskIndex: number): number => baseIndex * grid.riskPoints + riskIndex;
  const samples = (baseIndex: number, riskIndex: number): boolean =>
    rowSample !== undefined && isSampled(pointOf(baseIndex, riskIndex), every);
  return {
    wants: (baseIndex, riskIndex) => onRow !== undefined || samples(baseIndex, riskIndex),
    async take(row, baseIndex, riskIndex) {
      if (samples(baseIndex, riskIndex)) rowSample!.onRow(row, every, pointOf(baseIndex, riskIndex));
      await onRow?.(row);
    },
  };
}

/** One in `every` points of a grid, scattered so that no axis is favoured: a stride would meet the same values again. */
export function isSampled(point: number, every: number): boolean {
  if (every <= 1) return true;
  let bits = point | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) % every === 0;
}
