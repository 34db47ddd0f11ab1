// Ranked rows of a result as a client asks for them: filtered, sorted, cut to a page.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { parseWhere } from '../runs/where-text.ts';
import type { RowsQuery } from './schemas.ts';

export interface RankedJson {
  readonly rank: number;
  readonly params: Readonly<Record<string, number>>;
  readonly metrics: Partial<Metrics>;
}

export interface RowPage<Row> {
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly Row[];
}

/** Rows without a value come last whichever way they are sorted. Errors: REQUEST_INVALID. */
export function pageOfRows<Row extends RankedJson>(rows: readonly Row[], query: RowsQuery): RowPage<Row> {
  const { offset = 0, limit = 100 } = query;
  const conditions = query.where === undefined ? [] : parseWhere(query.where);
  const kept = rows.filter(({ metrics }) =>
    conditions.every(({ metric, operator, value }) => meets(metrics[metric], operator, value)),
  );
  const sorted = query.sort === undefined ? kept : sortRows(kept, query.sort);
  return { total: sorted.length, offset, rows: sorted.slice(offset, offset + limit) };
}

function meets(found: number | null | undefined, operator: string, value: number): boolean {
  if (found === null || found === undefined) return false;
  if (operator === '>=') return found >= value;
  if (operator === '<=') return found <= value;
  return operator === '>' ? found > value : found < value;
}

function sortRows<Row extends RankedJson>(rows: readonly Row[], sort: string): Row[] {
  const isDescending = sort.startsWith('-');
  const name = isDescending ? sort.slice(1) : sort;
  const names = ['rank', ...METRIC_NAMES, ...Object.keys(rows[0]?.params ?? {})];
  if (!names.includes(name)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Rows are sorted by rank, a metric or a parameter.',
      found: `"${name}".${didYouMean(name, names)}`,
      todo: `Choose one of ${names.join(', ')}; "-" before it sorts the other way round.`,
    });
  }
  const sortValue = (row: Row): number | null =>
    (name === 'rank' ? row.rank : (row.metrics as Record<string, number | null>)[name]) ?? row.params[name] ?? null;
  return rows.toSorted((a, b) => {
    const [x, y] = [sortValue(a), sortValue(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.rank - b.rank;
    return (isDescending ? y - x : x - y) || a.rank - b.rank;
  });
}
