// The tables the command line prints.
import { describe, expect, test } from 'vitest';
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import type { Trade } from '../metrics/trade.ts';
import { reportMetrics } from './metric-notes.ts';
import { brailleChart, sparkline } from './sparkline.ts';
import { keyValueTable, metricsTable, rankedTable, tradesTable } from './terminal.ts';
import { visibleWidth } from './text-table.ts';

const metrics = (values: Partial<Record<MetricName, number>>): Metrics =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, values[name] ?? null])) as Metrics;
const rows = [
  {
    rank: 1,
    params: { fast: 8, slow: 240 },
    risk: { stopLoss: 0.03 },
    metrics: metrics({ sharpe: 1.239, totalReturn: 1.2219, maxDrawdown: 0.3228, trades: 104 }),
  },
  {
    rank: 2,
    params: { fast: 16, slow: 80 },
    risk: {},
    metrics: metrics({ sharpe: -0.5, totalReturn: -0.1, maxDrawdown: 0.4741, trades: 1298 }),
  },
];
const plain = { width: 60, color: false };

describe('the ranked table', () => {
  test('aligns numbers, starts with the ranking metric, and names the columns that did not fit', () => {
    const lines = rankedTable(rows, reportMetrics(), { ...plain, rankedBy: 'sharpe' }).split('\n');
    expect(lines.slice(0, 4)).toEqual([
      '#  fast  slow     SL  Sharpe   Return  Max DD  Trades  Win',
      '─  ────  ────  ─────  ──────  ───────  ──────  ──────  ───',
      '1     8   240  3.00%    1.24  122.19%  32.28%     104    –',
      '2    16    80    off   -0.50  -10.00%  47.41%   1,298    –',
    ]);
    expect(lines.at(-1)).toMatch(/^not shown: .*Skipped/);
  });

  test('no line is wider than the terminal until only rank and ranking metric are left', () => {
    for (let width = 20; width <= 240; width++) {
      const lines = rankedTable(rows, reportMetrics(), { width, color: false }).split('\n');
      for (const line of lines.slice(0, 4)) expect(visibleWidth(line)).toBeLessThanOrEqual(width);
    }
    expect(rankedTable(rows, reportMetrics(), { width: 1, color: false })).toMatch(/^# {3}Return\n/);
  });

  test('colour changes no width, and hostile names cannot steer the terminal', () => {
    const coloured = rankedTable(rows, reportMetrics(), { width: 80, color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
    expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(
      rankedTable(rows, reportMetrics(), { width: 80, color: false }),
    );
    expect(coloured).toContain('\x1b[32m');
    const hostile = [{ ...rows[0]!, params: { 'x\x1b]0;owned\x07': 1 } }];
    expect(rankedTable(hostile, reportMetrics(), plain)).not.toContain('\x1b');
    expect(rankedTable([], reportMetrics(), plain)).toBe('No variants.');
  });
});

test('the metrics table has one aligned line per metric', () => {
  const lines = metricsTable(rows[0]!.metrics, reportMetrics(), plain).split('\n');
  expect(lines).toHaveLength(METRIC_NAMES.length);
  expect(lines[0]).toMatch(/^Total return +122\.19%$/);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test('the trades table drops detail before it drops the trade', () => {
  const trade: Trade = {
    side: 'short',
    entryBar: 0,
    entryPrice: 34_793.23,
    exitBar: 31,
    exitPrice: 35_851.36,
    size: 0.2872686,
    fees: 10.15,
    pnl: -314.12,
    return: -0.0314,
    exitReason: 'stop-loss',
  };
  const time = (bar: number): number => Date.UTC(2022, 0, 25, 17) + bar * 3_600_000;
  const wide = tradesTable([trade], time, { width: 160, color: false });
  expect(wide.split('\n')[2]).toBe(
    '1  short  2022-01-25 17:00  34,793.23  2022-01-27 00:00  35,851.36  0.2872686  -3.14%  -314.12  10.15    31  stop-loss',
  );
  const narrow = tradesTable([trade], time, { width: 48, color: false });
  expect(narrow.split('\n')[2]).toMatch(/^1 {2}short .*-3\.14%/);
  expect(tradesTable([], time, plain)).toBe('No trades.');
});

test('labelled values wrap under their value', () => {
  const text = keyValueTable(
    [
      { label: 'Profile', value: 'close, a signal fills at that same close of the bar' },
      { label: 'Fee', value: '0.1%' },
    ],
    { width: 35, color: false },
  );
  expect(text.split('\n')).toEqual([
    'Profile  close, a signal fills at',
    '         that same close of the bar',
    'Fee      0.1%',
  ]);
});

describe('curves in text', () => {
  test('a sparkline ends with the last value and keeps its width', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([5, 5, 5], 3)).toBe('▁▁▁');
    expect(sparkline(new Float64Array(1_000).fill(1), 20)).toHaveLength(20);
    expect(sparkline([], 10)).toBe('');
  });

  test('a braille chart shows a spike of one bar in a million', () => {
    const values = new Float64Array(1_000_000);
    values[500_000] = 1;
    const chart = brailleChart(values, 40, 3);
    expect(chart).toHaveLength(3);
    expect(chart.every((line) => line.length === 40)).toBe(true);
    expect(chart[0]!.replaceAll('\u2800', '')).not.toBe('');
    expect(chart[2]!.replaceAll('⣀', '').length).toBe(1);
  });
});
