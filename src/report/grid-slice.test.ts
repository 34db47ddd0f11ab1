// Planes cut out of the scored grid, and the collector that fills it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { axisValues, sliceGrid } from './grid-slice.ts';
import type { ReportGrid } from './report-data.ts';
import { GridCollector } from './report-grid.ts';

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

describe('the collector', () => {
  const metrics = (sharpe: number | null): Metrics =>
    Object.fromEntries(METRIC_NAMES.map((name) => [name, name === 'sharpe' ? sharpe : 0])) as Metrics;
  const collect = (rows: number, rowsMax: number): ReportGrid => {
    const collector = new GridCollector('sharpe', rowsMax);
    for (let i = 0; i < rows; i++) collector.add({ params: { a: i, b: i % 7 }, risk: {}, metrics: metrics(i / 10) });
    return collector.grid();
  };

  test('keeps every row up to its limit, and says so one row beyond', () => {
    expect(collect(64, 64)).toMatchObject({ total: 64, capped: false, paramNames: ['a', 'b'] });
    const beyond = collect(65, 64);
    expect(beyond.capped).toBe(true);
    expect(beyond.capRule).toContain('at most 64');
  });

  test('above the limit keeps an even share of the stream, the same every time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_000, max: 20_000 }), (rows) => {
        const { params, total, metrics: columns } = collect(rows, 1_000);
        expect(total).toBe(rows);
        expect(params[0]!.length).toBeLessThanOrEqual(1_000);
        expect(params[0]!.length).toBeGreaterThan(350);
        expect(columns.sharpe).toHaveLength(params[0]!.length);
        // Not one value of the fast axis is lost, and the middle of what is kept is the middle of the stream.
        expect(new Set(params[1]).size).toBe(7);
        const mean = params[0]!.reduce<number>((sum, value) => sum + value!, 0) / params[0]!.length;
        expect(Math.abs(mean / rows - 0.5)).toBeLessThan(0.08);
      }),
      { numRuns: 20 },
    );
    expect(collect(5_000, 1_000)).toEqual(collect(5_000, 1_000));
  });

  test('leaves out barriers that no variant uses', () => {
    const collector = new GridCollector('sharpe');
    collector.add({ params: { a: 1 }, risk: {}, metrics: metrics(1) });
    collector.add({ params: { a: 1 }, risk: { takeProfit: 0.1 }, metrics: metrics(null) });
    expect(collector.grid()).toMatchObject({
      paramNames: ['a', 'takeProfit'],
      params: [
        [1, 1],
        [null, 0.1],
      ],
    });
  });
});
