// The filter line over ranked rows: `sharpe > 1 trades>=30 fast<20`, conditions joined by AND.
import type { ReportMetric, ReportRow } from './report-data.ts';

type Read = (row: ReportRow) => number | null | undefined;
export type RowTest = (row: ReportRow) => boolean;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

const RISK_NAMES = ['stopLoss', 'takeProfit', 'trailingStop', 'timeLimit'] as const;

/**
 * Compiles a filter. Names are parameters, metrics (by name or label) and barriers, in any case and without spaces;
 * a number may end in %. An undefined value passes no condition. Returns the reason, as a sentence, when it cannot.
 */
export function compileRowFilter(
  text: string,
  paramNames: readonly string[],
  metrics: readonly ReportMetric[],
): RowTest | string {
  const readers = readersByName(paramNames, metrics);
  const tests: RowTest[] = [];
  const condition =
    /\s*,?\s*([^\s<>=!,]+(?: [^\s<>=!,]+)*?)\s*(>=|<=|!=|>|<|=)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%?)(?=[\s,]|$)\s*/iy;
  let rest = 0;
  while (text.slice(rest).trim() !== '') {
    condition.lastIndex = rest;
    const match = condition.exec(text);
    if (match === null)
      return `Write conditions such as "sharpe > 1"; "${text.slice(rest).trim()}" was not understood.`;
    const [, name = '', operator = '', digits = '', percent] = match;
    const read = readers.get(canonical(name));
    if (read === undefined) return `"${name.trim()}" is no parameter or metric of this report.`;
    const bound = Number(digits) / (percent === '%' ? 100 : 1);
    const compare = COMPARE[operator]!;
    tests.push((row) => {
      const value = read(row);
      return value !== null && value !== undefined && compare(value, bound);
    });
    rest = condition.lastIndex;
  }
  return (row) => tests.every((test) => test(row));
}

const canonical = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');

function readersByName(paramNames: readonly string[], metrics: readonly ReportMetric[]): ReadonlyMap<string, Read> {
  const readers = new Map<string, Read>();
  readers.set('rank', (row) => row.rank);
  for (const name of RISK_NAMES) readers.set(canonical(name), (row) => row.risk[name]);
  for (const { name, label } of metrics) {
    readers.set(canonical(label), (row) => row.metrics[name]);
    readers.set(canonical(name), (row) => row.metrics[name]);
  }
  // A parameter of the same name is what the reader meant.
  for (const name of paramNames) readers.set(canonical(name), (row) => row.params[name]);
  return readers;
}
