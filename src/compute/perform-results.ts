// Performs the tasks about what is stored: rows and named variants run again, their tables, comparisons, reports.
import { AppError } from '../core/errors.ts';
import { columnsOf, encodeRows, type RowRecord } from '../feeds/encode-rows.ts';
import { CANDLE_COLUMNS, type Candles, sliceCandles } from '../market/candles.ts';
import type { Trade } from '../metrics/trade.ts';
import { compareResults } from '../runs/compare-results.ts';
import { recordToRun } from '../runs/many-record.ts';
import { runVariantNamed } from '../runs/named-variants.ts';
import { reproduceRow } from '../runs/reproduce.ts';
import { loadResult } from '../runs/saved-results.ts';
import { type FinishedRun, runJson, tradeJson } from '../runs/single-run.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import type {
  CandlePart,
  CompareAnswer,
  CompareTask,
  ReportAnswer,
  ReportTask,
  RowAnswer,
  RowTask,
  StoredRow,
  TableAnswer,
  TableTask,
} from './task.ts';

/** Errors: those of reproduceRow and runVariantNamed; RESULT_NOT_FOUND for a trade that is not there. */
export async function rowTask(task: RowTask, context: RunContext): Promise<RowAnswer> {
  const finished = await runAgain(task.of, context);
  const run = runJson(finished, context, task.withEquity);
  if (task.candles === undefined) return { kind: 'row', run };
  const { candles } = finished.loadedWindow.window;
  const [from, to] = barsOf(task.candles, candles, finished.run.simulation.trades);
  const part = sliceCandles(candles, from, to);
  const columns = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, Array.from(part[name])]));
  return { kind: 'row', run, candlesFrom: from, candles: columns as unknown as NonNullable<RowAnswer['candles']> };
}

/** Errors: those of rowTask. */
export async function tableTask(task: TableTask, context: RunContext): Promise<TableAnswer> {
  const finished = await runAgain(task.of, context);
  const { candles } = finished.loadedWindow.window;
  const { trades, equity } = finished.run.simulation;
  const isTrades = task.table === 'trades';
  const total = isTrades ? trades.length : candles.barCount;
  const recordAt = (at: number): RowRecord =>
    isTrades ? { trade: at + 1, ...tradeJson(trades[at]!, candles) } : equityAt(at, equity, candles);
  const record = (from: number, to: number): RowRecord[] =>
    Array.from({ length: Math.max(0, Math.min(to, total) - from) }, (_, i) => recordAt(from + i));
  if (task.format === 'json') {
    return { kind: 'table', total, rows: record(task.offset, task.offset + task.limit) };
  }
  const batches = function* (): Generator<RowRecord[]> {
    for (let from = 0; from < total; from += BATCH_ROWS) yield record(from, from + BATCH_ROWS);
  };
  // Which positions are named is known from all trades; every bar has the same members.
  const columns = columnsOf(isTrades ? record(0, total) : record(0, 1));
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeRows(batches(), columns, task.format)) pieces.push(piece);
  return { kind: 'table', total, file: Buffer.concat(pieces) };
}

/** Rows turned into one piece of a file at a time. */
const BATCH_ROWS = 4_096;

const equityAt = (bar: number, equity: Float64Array, { time, close }: Candles): RowRecord => ({
  bar,
  time: new Date(time[bar]!).toISOString(),
  close: close[bar]!,
  equity: equity[bar]!,
});

/** Errors: RESULT_NOT_FOUND, RESULT_CORRUPT. */
export function compareTask({ a, b, rowsMax }: CompareTask, context: RunContext): CompareAnswer {
  return { kind: 'compare', comparison: compareResults(loadResult(a, context), loadResult(b, context), rowsMax) };
}

/** Errors: those of renderStored. */
export async function reportTask(task: ReportTask, context: RunContext): Promise<ReportAnswer> {
  const { id, record } = loadResult(task.resultId, context);
  const { renderStored } = await import('../runs/report-of-stored.ts');
  return { kind: 'report', html: await renderStored(record, id, context) };
}

function runAgain(row: StoredRow, context: RunContext): Promise<FinishedRun> {
  if ('variant' in row) return runVariantNamed(row.variant, row.isCurrent, context);
  const { record } = loadResult(row.resultId, context);
  return reproduceRow(recordToRun(record, row.cell), row.rank, context);
}

/** First bar and the one after the last, within the window. */
function barsOf(part: CandlePart, { barCount }: Candles, trades: readonly Trade[]): readonly [number, number] {
  const within = (bar: number): number => Math.max(0, Math.min(barCount, bar));
  if (!('trade' in part)) return [within(part.fromBar), within(part.fromBar + part.bars)];
  const trade = trades[part.trade - 1];
  if (trade === undefined) {
    throw new AppError('RESULT_NOT_FOUND', {
      rule: 'A trade must be one of those of the run.',
      found: `trade ${part.trade} of ${trades.length}.`,
      todo: trades.length === 0 ? 'It made none.' : `Choose one from 1 to ${trades.length}.`,
    });
  }
  const from = within(trade.entryBar - part.margin);
  return [from, Math.min(within(trade.exitBar + 1 + part.margin), from + part.barsMax)];
}
