// Tests of scored rows kept as columns.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import type { ScoredRow } from '../sweep/request.ts';
import { isSampled } from '../sweep/row-sink.ts';
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
  for (const count of [1_000, 1_001, 2_500, 5_000, 20_000]) {
    const keptOf = (rows: RowColumns) => Array.from({ length: rows.count }, (_, i) => rows.row(i).params['fast']!);
    const kept = keptOf(filled(count, 1_000));
    expect(kept).toEqual(keptOf(filled(count, 1_000)));
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
    expect(kept.length).toBeGreaterThan(400);
    expect(kept.length).toBeLessThanOrEqual(1_000);
    const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    expect(Math.abs(mean / count - 0.5)).toBeLessThan(0.08);
  }
});

test('a share of a grid holds every value of its axes, whatever their lengths', () => {
  for (const length of [2, 4, 8, 64]) {
    const rows = filled(4_096, 1_000);
    const digits = (place: number) => [place % length, Math.floor(place / length) % length] as const;
    const kept = Array.from({ length: rows.count }, (_, i) => digits(rows.row(i).params['fast']!));
    expect(new Set(kept.map(([fast]) => fast)).size).toBe(length);
    expect(new Set(kept.map(([, slow]) => slow)).size).toBe(length);
  }
});

test('a heatmap says when it shows a share, and names the barriers that were varied', () => {
  const whole = filled(10).toGrid('totalReturn', ['stopLoss'], 10);
  expect(whole).toMatchObject({ paramNames: ['fast', 'stopLoss'], total: 10, capped: false });
  expect(whole.params[1]).toEqual(Array(10).fill(0.02));
  expect(whole.metrics.sharpe).toEqual(Array(10).fill(null));
  const part = filled(2_500, 1_000).toGrid('sqn', [], 2_500);
  expect(part).toMatchObject({ paramNames: ['fast'], total: 2_500, capped: true });
  expect(part.capRule).toContain('About one in 4');
  expect(part.metrics.sqn).toHaveLength(part.params[0]!.length);
  expect(part.metrics.sqn![1]).toBeCloseTo(part.params[0]![1]! + METRIC_NAMES.indexOf('sqn') / 100, 2);
});

test('a heatmap of rows that are all kept is bounded', () => {
  const { params, capRule } = filled(50_000).toGrid('totalReturn', [], 50_000);
  expect(params[0]!.length).toBeGreaterThan(10_000);
  expect(params[0]!.length).toBeLessThanOrEqual(20_000);
  expect(capRule).toContain('About one in 4');
});

describe('rows with points of a grid', () => {
  const COUNT = 2_500;
  const shuffled = (seed: number): number[] => {
    const prng = createPrng(seed);
    return Array.from({ length: COUNT }, (_, point) => ({ point, at: prng.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ point }) => point);
  };
  const at = (point: number) => ({ params: { fast: point }, risk: { stopLoss: 0.02 } });
  const took = (points: readonly number[], every = 1): RowColumns => {
    const rows = new RowColumns(NAMES, ['fast'], 1_000);
    for (const point of points) if (isSampled(point, every)) rows.push(row(point), every, point);
    return rows;
  };
  const grid = (rows: RowColumns) => rows.toGrid('totalReturn', ['stopLoss'], COUNT);

  test('leave the same ones in any order, and in parts that are saved and joined', () => {
    for (const every of [1, 2, 3]) {
      const whole = grid(took(shuffled(0), every));
      for (let seed = 1; seed <= 12; seed++) {
        const points = shuffled(seed);
        expect(grid(took(points, every))).toEqual(whole);
        const joined = new RowColumns(NAMES, ['fast'], 1_000);
        const size = Math.ceil(COUNT / seed);
        for (let from = 0; from < COUNT; from += size) {
          const saved = took(points.slice(from, from + size), every).save('totalReturn');
          joined.restore(JSON.parse(JSON.stringify(saved)), at);
        }
        expect(grid(joined)).toEqual(whole);
      }
    }
  });

  test('and rows that are told apart by their order of arrival do not', () => {
    const arrived = (seed: number): RowColumns => {
      const rows = new RowColumns(NAMES, ['fast'], 1_000);
      for (const point of shuffled(seed)) rows.push(row(point));
      return rows;
    };
    const kept = (rows: RowColumns): number[] =>
      grid(rows)
        .params[0]!.map(Number)
        .sort((a, b) => a - b);
    expect(kept(arrived(1))).not.toEqual(kept(arrived(2)));
    expect(kept(took(shuffled(1)))).toEqual(kept(took(shuffled(2))));
  });
});
