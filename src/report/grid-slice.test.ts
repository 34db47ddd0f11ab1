// Planes cut out of the scored grid.
import { describe, expect, test } from 'vitest';
import { axisValues, sliceGrid } from './grid-slice.ts';
import type { ReportGrid } from './report-data.ts';

const grid: ReportGrid = {
  paramNames: ['fast', 'slow', 'stopLoss'],
  params: [
    [20, 5, 5, 20, 5],
    [50, 50, 90, 90, 50],
    [null, null, 0.02, null, 0.02],
  ],
  metrics: { sharpe: [0.4, 1, null, 0.9, 2], maxDrawdown: [0.4, 0.1, 0.2, 0.3, 0.5] },
  total: 5,
  capped: false,
};
const values = (slice: ReturnType<typeof sliceGrid>) => slice.cells.map(({ value }) => value);

describe('a slice', () => {
  test('has its axes ascending, with "off" first', () => {
    expect(axisValues(grid, 0)).toEqual([5, 20]);
    expect(axisValues(grid, 2)).toEqual([null, 0.02]);
  });

  test('shows the best of the variants that share a cell, by the direction of the metric', () => {
    const high = sliceGrid(grid, { metric: 'sharpe', better: 'higher', x: 0, y: 1, fixed: new Map() });
    expect(values(high)).toEqual([2, 0.4, null, 0.9]);
    expect(high.cells[0]).toEqual({ row: 4, value: 2, variants: 2 });
    const low = sliceGrid(grid, { metric: 'maxDrawdown', better: 'lower', x: 0, y: 1, fixed: new Map() });
    expect(values(low)).toEqual([0.1, 0.4, 0.2, 0.3]);
  });

  test('leaves out what a fixed parameter excludes; no variant is told from no value', () => {
    const off = sliceGrid(grid, { metric: 'sharpe', better: 'higher', x: 0, y: 1, fixed: new Map([[2, null]]) });
    expect(values(off)).toEqual([1, 0.4, null, 0.9]);
    expect(off.cells[2]!.row).toBe(-1);
    const on = sliceGrid(grid, { metric: 'sharpe', better: 'higher', x: 0, y: 1, fixed: new Map([[2, 0.02]]) });
    expect(on.cells[2]).toEqual({ row: 2, value: null, variants: 1 });
  });

  test('of one parameter is one row', () => {
    const bars = sliceGrid(grid, { metric: 'sharpe', better: 'higher', x: 1, fixed: new Map() });
    expect(values(bars)).toEqual([2, 0.9]);
  });
});
