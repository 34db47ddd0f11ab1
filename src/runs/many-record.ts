// What a sweep over many cells leaves behind: one JSON-safe record, and the view of one of its cells as a plain sweep.
import { AppError } from '../core/errors.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ManyRow } from '../sweep/many-request.ts';
import type { ScoringEngine } from '../sweep/request.ts';
import type { DataJson, RankedRowJson, ResultRecord } from './result-record.ts';
import type { WindowBounds } from './window-selection.ts';

export interface ManyMarketJson extends Pick<DataJson, 'origin' | 'label' | 'synthetic' | 'quality'> {
  readonly market: string;
  /** Numbers of its cells. */
  readonly cells: readonly number[];
  /** The best by its own cells alone; empty when there is one market. */
  readonly top: readonly ManyRow[];
}

export interface ManyCellJson extends WindowBounds {
  /** From 1; rows have their values in this order. */
  readonly cell: number;
  readonly market: string;
  /** The window as it was asked for, such as `2024-01-01..2024-07-01`. */
  readonly window: string;
  readonly dataHash: string;
  readonly bars: number;
  /** Bars that indicators saw before the window. */
  readonly barsBefore: number;
  /** Open times of the first and last bar of the window, ISO 8601. */
  readonly firstBar: string;
  readonly lastBar: string;
  readonly engine: ScoringEngine;
  /** The best variant of this cell alone, which nobody could have known; null when nothing was ranked. */
  readonly best: ManyRow | null;
}

export interface ManyRecord
  extends Pick<
    ResultRecord,
    | 'engineVersion'
    | 'createdAt'
    | 'profile'
    | 'assumption'
    | 'strategy'
    | 'execution'
    | 'grid'
    | 'rankedBy'
    | 'variants'
    | 'scored'
    | 'preselect'
    | 'partial'
    | 'elapsedMs'
    | 'loadMs'
    | 'resultHash'
    | 'study'
  > {
  readonly kind: 'gridmill-sweep-many';
  readonly across: Across;
  readonly timeframe: string;
  readonly policies: DataJson['policies'];
  /** What makes cells hard to compare, one sentence each. */
  readonly notes: readonly string[];
  readonly markets: readonly ManyMarketJson[];
  readonly cells: readonly ManyCellJson[];
  /** Of the last stage: variants that fail a condition in some cell, and those without a value in one. */
  readonly excluded: number;
  readonly undefinedScores: number;
  readonly plan: { readonly bytesPredicted: number; readonly workers: number; readonly columnsComputed: number };
  readonly top: readonly ManyRow[];
}

export const isMany = (record: ResultRecord | ManyRecord): record is ManyRecord =>
  record.kind === 'gridmill-sweep-many';

/** Rows as they were before a file sorted their members: parameters and metrics in the order of tables. */
export function inTableOrder(record: ManyRecord): ManyRecord {
  const row = (one: ManyRow): ManyRow => ({
    ...one,
    params: Object.fromEntries(record.grid.parameterNames.map((name) => [name, one.params[name]!])),
    cells: one.cells.map((cell) =>
      Object.fromEntries(METRIC_NAMES.filter((name) => Object.hasOwn(cell, name)).map((name) => [name, cell[name]])),
    ),
  });
  return {
    ...record,
    top: record.top.map(row),
    markets: record.markets.map((market) => ({ ...market, top: market.top.map(row) })),
    cells: record.cells.map((cell) => ({ ...cell, best: cell.best === null ? null : row(cell.best) })),
  };
}

/** The sweep that a row is run from: a plain one itself, one of many cells as of its cell. Errors: REQUEST_INVALID, RESULT_NOT_FOUND. */
export function recordToRun(record: ResultRecord | ManyRecord, cell: number | undefined): ResultRecord {
  if (isMany(record)) return recordOfCell(record, cell);
  if (cell === undefined) return record;
  throw new AppError('REQUEST_INVALID', {
    rule: '--cell belongs to results over several markets or windows.',
    found: `--cell ${cell} of a result over one.`,
    todo: 'Leave it out.',
  });
}

/**
 * The record of one cell, as a sweep of it alone would leave it, with the rows ranked across all of them. Their metrics
 * are those that are kept. Errors: RESULT_NOT_FOUND when there is no such cell, REQUEST_INVALID when none is named.
 */
export function recordOfCell(record: ManyRecord, number: number | undefined): ResultRecord {
  const cell = record.cells.find((one) => one.cell === number);
  if (cell === undefined) throw noSuchCell(record, number);
  const { origin, label, synthetic, quality } = record.markets.find(({ market }) => market === cell.market)!;
  const { from, to, coldStart, barsBefore, firstBar, lastBar, dataHash, bars, engine } = cell;
  const { timeframe, policies } = record;
  const { markets: _, cells: __, across: ___, notes: ____, ...shared } = record;
  return {
    ...shared,
    kind: 'gridmill-sweep',
    dataHash,
    bars,
    engine,
    alsoRankedBy: [],
    downloadMs: null,
    data: {
      origin,
      label,
      synthetic,
      quality,
      timeframe,
      policies,
      from,
      to,
      coldStart,
      barsBefore,
      firstBar,
      lastBar,
    },
    plan: {
      distinctColumns: 0,
      columnCacheHitRate: 0,
      sharedTrades: 0,
      singleTrades: 0,
      bytesActual: null,
      secondsPredicted: null,
      usefulShare: null,
      ...record.plan,
    },
    top: record.top.map((row) => rowOfCell(row, cell.cell - 1)),
  };
}

function rowOfCell(
  { rank, variantKey, indicatorVariantKey, params, risk, cells }: ManyRow,
  cell: number,
): RankedRowJson {
  const metrics = cells[cell] as Metrics;
  const { totalReturn } = metrics;
  const totalReturnPct = totalReturn === null ? null : totalReturn * 100;
  return { rank, variantKey, indicatorVariantKey, params, risk, totalReturnPct, metrics };
}

function noSuchCell({ cells }: ManyRecord, number: number | undefined): AppError {
  const shown = cells.slice(0, 12).map(({ cell, market, window }) => `${cell} ${market} ${window}`.trim());
  const list = `${shown.join(', ')}${cells.length > shown.length ? ` … ${cells.length}` : ''}`;
  return number === undefined
    ? new AppError('REQUEST_INVALID', {
        rule: 'A row of a sweep over many cells runs on one of them.',
        found: 'no --cell.',
        todo: `Add --cell N: ${list}.`,
      })
    : new AppError('RESULT_NOT_FOUND', {
        rule: 'A cell must be one of those of the result.',
        found: `cell ${number}.`,
        todo: `Choose one of ${list}.`,
      });
}

export const windowsPerMarket = ({ cells, markets }: Pick<ManyRecord, 'cells' | 'markets'>): number =>
  Math.round(cells.length / markets.length);

/** The shortest names of cells: the market, the day a window begins, or market and number of window. */
export function cellLabels(record: Pick<ManyRecord, 'cells' | 'markets'>): string[] {
  const windows = windowsPerMarket(record);
  return record.cells.map(({ market, firstBar }, i) =>
    windows === 1 ? market : record.markets.length === 1 ? firstBar.slice(0, 10) : `${market}/${(i % windows) + 1}`,
  );
}
