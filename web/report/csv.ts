// Ranked rows as CSV text: raw numbers, every parameter, barrier and metric.
import type { ReportMetric, ReportRow } from '../../src/report/report-data.ts';
import { RISKS } from './page.ts';

/** RFC 4180 text with a header; undefined values are empty cells. */
export function rowsAsCsv(
  rows: readonly ReportRow[],
  paramNames: readonly string[],
  metrics: readonly ReportMetric[],
): string {
  const heads = ['rank', ...paramNames, ...RISKS.map(({ key }) => key), ...metrics.map(({ name }) => name)];
  const lines = rows.map((row) =>
    [
      row.rank,
      ...paramNames.map((name) => row.params[name]),
      ...RISKS.map(({ key }) => row.risk[key]),
      ...metrics.map(({ name }) => row.metrics[name]),
    ]
      .map((value) => String(value ?? ''))
      .join(','),
  );
  return `${[heads.map(headCell).join(','), ...lines].join('\r\n')}\r\n`;
}

/** Spreadsheets run cells that start like a formula; names come from outside, so such a start is defused. */
function headCell(name: string): string {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
