// Ranked rows as CSV.
import { expect, test } from 'vitest';
import type { Metrics } from '../../src/metrics/metrics.ts';
import type { ReportRow } from '../../src/report/report-data.ts';
import { rowsAsCsv } from './csv.ts';

test('keeps numbers raw, leaves undefined empty, and defuses formulas in names', () => {
  const row = {
    rank: 1,
    params: { '=cmd("x")': 0.1, fast: 8 },
    risk: { stopLoss: 0.03 },
    metrics: { sharpe: 1 / 3, calmar: null } as unknown as Metrics,
  } as unknown as ReportRow;
  const metrics = [
    { name: 'sharpe', label: 'Sharpe', unit: 'ratio', better: 'higher' },
    { name: 'calmar', label: 'Calmar', unit: 'ratio', better: 'higher' },
  ] as const;
  expect(rowsAsCsv([row], Object.keys(row.params), metrics)).toBe(
    'rank,"\'=cmd(""x"")",fast,stopLoss,takeProfit,trailingStop,timeLimit,sharpe,calmar\r\n1,0.1,8,0.03,,,,0.3333333333333333,\r\n',
  );
});
