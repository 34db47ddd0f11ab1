// Cuts a plane out of the scored grid: one or two parameters as axes, the others fixed or at their best.
import type { MetricName } from '../metrics/metrics.ts';
import type { ReportGrid } from './report-data.ts';

/** The choice that takes the best value over a parameter instead of fixing it. */
export const BEST = 'best';

export interface SliceChoice {
  readonly metric: MetricName;
  readonly better: 'higher' | 'lower';
  /** Index of the parameter across. */
  readonly x: number;
  /** Index of the parameter up; undefined draws one row. */
  readonly y?: number;
  /** By parameter index; a parameter that is absent counts as BEST. */
  readonly fixed: ReadonlyMap<number, number | null>;
}

export interface SliceCell {
  /** Index of the grid row shown, or -1 when no variant falls here. */
  readonly row: number;
  readonly value: number | null;
  /** Variants that share this cell. */
  readonly variants: number;
}

export interface GridSlice {
  /** Axis values, ascending; null (off) first. */
  readonly xValues: readonly (number | null)[];
  readonly yValues: readonly (number | null)[];
  /** `cells[yIndex * xValues.length + xIndex]`. */
  readonly cells: readonly SliceCell[];
}

/** Distinct values of one parameter, ascending; null (off) first. */
export function axisValues(grid: ReportGrid, param: number): (number | null)[] {
  return [...new Set(grid.params[param])].sort((a, b) => (a === null ? -1 : b === null ? 1 : a - b));
}

/** The plane of a choice. Where several variants share a cell the best by the metric is shown; null is the worst. */
export function sliceGrid(grid: ReportGrid, choice: SliceChoice): GridSlice {
  const xValues = axisValues(grid, choice.x);
  const yValues = choice.y === undefined ? [null] : axisValues(grid, choice.y);
  const xIndex = new Map(xValues.map((value, index) => [value, index]));
  const yIndex = new Map(yValues.map((value, index) => [value, index]));
  const metric = grid.metrics[choice.metric] ?? [];
  const sign = choice.better === 'higher' ? 1 : -1;
  const cells: { row: number; value: number | null; variants: number }[] = Array.from(
    { length: xValues.length * yValues.length },
    () => ({ row: -1, value: null, variants: 0 }),
  );
  const fixed = [...choice.fixed];
  for (let row = 0; row < metric.length; row++) {
    if (!fixed.every(([param, value]) => grid.params[param]![row] === value)) continue;
    const x = xIndex.get(grid.params[choice.x]![row]!)!;
    const y = choice.y === undefined ? 0 : yIndex.get(grid.params[choice.y]![row]!)!;
    const cell = cells[y * xValues.length + x]!;
    const value = metric[row]!;
    cell.variants++;
    if (cell.row < 0 || (value !== null && (cell.value === null || sign * value > sign * cell.value))) {
      cell.row = row;
      cell.value = value;
    }
  }
  return { xValues, yValues, cells };
}
