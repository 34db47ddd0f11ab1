// Ranked rows of a result as a client asks for them: filtered, sorted, cut to a page, as JSON or as flat records.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { RowRecord } from '../feeds/encode-rows.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import { isMany, type ManyRecord, recordToRun } from '../runs/many-record.ts';
import { flatRow, type RankedRowJson, type ResultRecord } from '../runs/result-record.ts';
import { RISK_PARAMETERS } from '../sweep/grid.ts';
import type { RowsQuery } from './results-schemas.ts';

type ManyRow = ManyRecord['top'][number];

/** One ranked row in the forms it is needed in. */
export interface ListedRow {
  readonly rank: number;
  /** What it can be sorted and filtered by, by one of the names; null where it has no value. */
  readonly value: (name: string) => number | null;
  readonly json: RankedRowJson | ManyRow;
  readonly flat: () => RowRecord;
}

export interface ListedRows {
  /** Every name that rows have a value for, also where there is no row. */
  readonly names: readonly string[];
  readonly rows: readonly ListedRow[];
}

export interface RowPage {
  /** Rows that meet the conditions. */
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly ListedRow[];
}

/** What a row of many cells comes to over all of them. */
const ACROSS_CELLS = ['score', 'mean', 'median', 'worst', 'profitable', 'fewestTrades'] as const;

/**
 * The rows of a result; those of one over many markets and windows with their sums over all cells and what they are ranked by in
 * each, or as of one cell. Errors: RESULT_NOT_FOUND for no such cell, REQUEST_INVALID for a cell of a result over one.
 */
export function listedRows(record: ResultRecord | ManyRecord, cell: number | undefined): ListedRows {
  return isMany(record) && cell === undefined ? manyRows(record) : plainRows(recordToRun(record, cell));
}

const PARAMETER = 'params.';

/** A metric goes before a parameter of the same name; `params.NAME` is always the parameter. */
function ownValue(
  name: string,
  row: { readonly rank: number; readonly params: object; readonly risk: object },
  metrics: object,
): number | null {
  if (name === 'rank') return row.rank;
  const own = name.startsWith(PARAMETER) ? name.slice(PARAMETER.length) : name;
  const places = own === name ? [metrics, row.risk, row.params] : [row.params];
  const place = places.find((one) => Object.hasOwn(one, own)) as Readonly<Record<string, number | null>> | undefined;
  return place?.[own] ?? null;
}

const ownNames = ({ grid }: Pick<ResultRecord, 'grid'>): string[] => [
  'rank',
  ...grid.parameterNames,
  ...grid.parameterNames.map((name) => `${PARAMETER}${name}`),
  ...RISK_PARAMETERS,
];

function plainRows(record: ResultRecord): ListedRows {
  const rows = record.top.map((row): ListedRow => {
    const value = (name: string): number | null => ownValue(name, row, row.metrics);
    return { rank: row.rank, value, json: row, flat: () => flatRow(row) };
  });
  return { names: [...ownNames(record), ...METRIC_NAMES], rows };
}

function manyRows(record: ManyRecord): ListedRows {
  const { rankedBy, cells } = record;
  const ofCell = cells.map(({ cell }) => `${rankedBy}.cell${cell}`);
  const placeOfCell = new Map(ofCell.map((name, i) => [name, i]));
  const rows = record.top.map((row): ListedRow => {
    const { rank, variantKey, indicatorVariantKey, params, risk } = row;
    const across = (): Record<string, number | null> => ({
      ...Object.fromEntries(ACROSS_CELLS.map((name) => [name, row[name]])),
      ...Object.fromEntries(ofCell.map((name, i) => [name, row.cells[i]?.[rankedBy] ?? null])),
    });
    const barriers = () => Object.fromEntries(RISK_PARAMETERS.map((name) => [name, risk[name] ?? null]));
    return {
      rank,
      value(name) {
        if ((ACROSS_CELLS as readonly string[]).includes(name)) return row[name as (typeof ACROSS_CELLS)[number]];
        const cell = placeOfCell.get(name);
        return cell === undefined ? ownValue(name, row, {}) : (row.cells[cell]?.[rankedBy] ?? null);
      },
      json: row,
      flat: () => ({ rank, variantKey, indicatorVariantKey, ...params, ...barriers(), ...across() }),
    };
  });
  return { names: [...ownNames(record), ...ACROSS_CELLS, ...ofCell], rows };
}

/**
 * Rows without a value come last whichever way they are sorted, and equal ones in the order of their rank. Without a limit a page
 * has 100 rows and a file all. Errors: REQUEST_INVALID.
 */
export function pageOfRows({ names, rows }: ListedRows, query: RowsQuery): RowPage {
  const { offset = 0, limit = query.format === undefined || query.format === 'json' ? 100 : rows.length } = query;
  const conditions = query.where === undefined ? [] : parseConditions(query.where, names);
  const kept = conditions.length === 0 ? rows : rows.filter((row) => conditions.every((condition) => condition(row)));
  const sorted = query.sort === undefined ? kept : sortRows(kept, query.sort, names);
  return { total: sorted.length, offset, rows: sorted.slice(offset, offset + limit) };
}

type Condition = (row: ListedRow) => boolean;

const CONDITION =
  /^\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(>=|<=|!=|>|<|=)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(%?)\s*$/;

const COMPARE: Readonly<Record<string, (found: number, value: number) => boolean>> = {
  '>=': (found, value) => found >= value,
  '<=': (found, value) => found <= value,
  '>': (found, value) => found > value,
  '<': (found, value) => found < value,
  '=': (found, value) => found === value,
  '!=': (found, value) => found !== value,
};

/** All of them hold; a row without the value meets none of its conditions. */
function parseConditions(text: string, names: readonly string[]): Condition[] {
  return text.split(',').map((part) => {
    const match = CONDITION.exec(part);
    if (match === null) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'Rows are filtered by conditions on numbers, separated by commas.',
        found: `"${part.trim()}".`,
        todo: 'Write for example "trades>=30, maxDrawdown<=30%, fast=10"; there are >=, <=, >, <, = and !=.',
      });
    }
    const [, given = '', operator = '', digits, percent] = match;
    const name = checkedName(given, names, 'filtered');
    const value = Number(digits) / (percent === '%' ? 100 : 1);
    const holds = COMPARE[operator]!;
    return (row) => {
      const found = row.value(name);
      return found !== null && holds(found, value);
    };
  });
}

function sortRows(rows: readonly ListedRow[], sort: string, names: readonly string[]): ListedRow[] {
  const keys = sort.split(',').map((text) => {
    const isDescending = text.trim().startsWith('-');
    const name = checkedName(text.trim().slice(isDescending ? 1 : 0), names, 'sorted');
    return { name, sign: isDescending ? -1 : 1 };
  });
  // Each value is read once, not once per comparison.
  const listed = rows.map((row) => ({ row, values: keys.map(({ name }) => row.value(name)) }));
  listed.sort((a, b) => {
    for (const [at, { sign }] of keys.entries()) {
      const [x, y] = [a.values[at]!, b.values[at]!];
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1;
      } else if (x !== y) return sign * (x - y);
    }
    return a.row.rank - b.row.rank;
  });
  return listed.map(({ row }) => row);
}

/** As it is, or written in another case or with underscores. */
function checkedName(given: string, names: readonly string[], what: 'sorted' | 'filtered'): string {
  if (names.includes(given)) return given;
  const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');
  const found = names.filter((name) => plain(name) === plain(given));
  if (found.length === 1) return found[0]!;
  throw new AppError('REQUEST_INVALID', {
    rule: `Rows are ${what} by rank, a metric, a parameter or a barrier.`,
    found: `"${given.slice(0, 64)}".${didYouMean(given, names)}`,
    todo: `Choose one of ${names.slice(0, NAMES_SHOWN).join(', ')}${names.length > NAMES_SHOWN ? ' …' : ''}.`,
  });
}

const NAMES_SHOWN = 80;
