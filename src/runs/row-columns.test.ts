// Tests of scored rows kept as columns.
import { expect, test } from 'vitest';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import type { ScoredRow } from '../sweep/request.ts';
import { RowColumns } from './row-columns.ts';

const NAMES = { strategyName: 's', arithmetic: 'standard' } as const;

function row(index: number): ScoredRow {
  const metrics = Object.fromEntries(METRIC_NAMES.map((name, m) => [name, index + m / 100])) as Metrics;
  return {
    variantKey: `s|standard|fast=${index}|stopLoss=0.02`,
    indicatorVariantKey: `s|standard|fast=${index}`,
    params: { fast: index },
    risk: { stopLoss: 0.02 },
    metrics: { ...metrics, sharpe: null },
  };
}

function filled(count: number, limit?: number): RowColumns {
  const rows = new RowColumns(NAMES, ['fast'], limit);
  for (let i = 0; i < count; i++) rows.push(row(i));
  return rows;
}

test('gives each row back as it came, nulls and missing barriers included', () => {
  const rows = filled(1_000);
  expect(rows.count).toBe(1_000);
  for (const index of [0, 1, 999]) expect(rows.row(index)).toEqual(row(index));
});

test('beyond the limit keeps an even share that depends on the order of rows alone', () => {
  for (const count of [10, 11, 20, 21, 64, 1_000]) {
    const rows = filled(count, 10);
    const kept = Array.from({ length: rows.count }, (_, i) => rows.row(i).params['fast']!);
    const stride = kept[1]!;
    expect(kept).toEqual(kept.map((_, i) => i * stride));
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(count - kept.at(-1)!).toBeLessThanOrEqual(stride);
  }
});

test('a heatmap says when it shows a share, and names the barriers that were varied', () => {
  const whole = filled(10).toGrid('totalReturn', ['stopLoss'], 10);
  expect(whole).toMatchObject({ paramNames: ['fast', 'stopLoss'], total: 10, capped: false });
  expect(whole.params[1]).toEqual(Array(10).fill(0.02));
  expect(whole.metrics.sharpe).toEqual(Array(10).fill(null));
  const part = filled(25, 10).toGrid('sqn', [], 25);
  expect(part).toMatchObject({ paramNames: ['fast'], total: 25, capped: true });
  expect(part.capRule).toContain('One in 4');
  expect(part.params[0]).toEqual([0, 4, 8, 12, 16, 20, 24]);
  expect(part.metrics.sqn).toHaveLength(7);
});
