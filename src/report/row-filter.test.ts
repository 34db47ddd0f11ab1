// The filter line over ranked rows.
import { expect, test } from 'vitest';
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import { reportMetrics } from './metric-notes.ts';
import type { ReportRow } from './report-data.ts';
import { compileRowFilter } from './row-filter.ts';

const metrics = (values: Partial<Record<MetricName, number>>): Metrics =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, values[name] ?? null])) as Metrics;

const row: ReportRow = {
  rank: 2,
  variantKey: 'k',
  indicatorVariantKey: 'i',
  params: { fast: 10, 'k σ': -1.5 },
  risk: { stopLoss: 0.03 },
  metrics: metrics({ sharpe: 1.2, totalReturn: 0.5, trades: 40 }),
};
const passes = (text: string): boolean => {
  const filter = compileRowFilter(text, Object.keys(row.params), reportMetrics());
  if (typeof filter === 'string') throw new Error(filter);
  return filter(row);
};

test.each([
  ['', true],
  ['sharpe > 1', true],
  ['sharpe>1.2', false],
  ['SHARPE >= 1.2 trades=40', true],
  ['sharpe ratio > 1, max drawdown < 1', false],
  ['total return >= 50%', true],
  ['totalReturn > 50%', false],
  ['fast != 10', false],
  ['stop-loss = 3% rank <= 2', true],
  ['k σ = -1.5', true],
  ['takeProfit > 0', false],
])('"%s" passes the row: %s', (text, wanted) => {
  expect(passes(text)).toBe(wanted);
});

test.each([
  ['magic > 1', '"magic" is no parameter'],
  ['sharpe >', 'was not understood'],
  ['sharpe > 1 and', '"and" was not understood'],
  ['sharpe > one', 'was not understood'],
  ['constructor > 1', '"constructor" is no parameter'],
])('"%s" is answered with a reason', (text, wanted) => {
  expect(compileRowFilter(text, ['fast'], reportMetrics())).toContain(wanted);
});

test('a long line without sense is refused at once', () => {
  const started = performance.now();
  expect(typeof compileRowFilter('a '.repeat(20_000), [], reportMetrics())).toBe('string');
  expect(performance.now() - started).toBeLessThan(1_000);
});
