// Reads the signals of another program from a file and lays them over the candles, bar by bar.
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { timeColumnOf } from './column-names.ts';
import { contentKind } from './content-kind.ts';
import { openCsvTable } from './csv-table.ts';
import { inputFault, shown } from './input-fault.ts';
import { type InputFile, openInputFile, readWhole } from './input-file.ts';
import type { ReadOptions } from './raw-candles.ts';
import type { RawTable } from './raw-table.ts';
import { readFlags, readTargets, signalColumns } from './signal-values.ts';
import { readTimes } from './table-candles.ts';

/** One byte per bar, aligned to the candles; 1 where the event is asked for, decided at the close of that bar. */
export type SignalValues =
  | { readonly kind: 'target'; readonly values: Int8Array }
  | {
      readonly kind: 'events';
      readonly enterLong: Uint8Array;
      readonly exitLong: Uint8Array;
      readonly enterShort: Uint8Array;
      readonly exitShort: Uint8Array;
    }
  | { readonly kind: 'entry-exit'; readonly entry: Uint8Array; readonly exit: Uint8Array };

export type Signals = SignalValues & { readonly sourceRows: number; readonly notes: readonly string[] };

export interface SignalOptions extends ReadOptions {
  /** Bars that the file does not list have no signal, instead of being an error. */
  readonly sparse?: boolean;
}

/** JavaScript strings end here, and a CSV file of signals is read as one. */
const TEXT_BYTES_MAX = 500_000_000;

/**
 * The file (CSV, CSV.gz, Parquet, Arrow) has a time column and either `signal` (1, 0, -1 or LONG, NEUTRAL, SHORT), or
 * entry/exit, or enter_long/exit_long/enter_short/exit_short. Every listed time must be the open time of a bar of
 * `candles`, once, and every bar must be listed unless `sparse`. Errors: SIGNALS_INVALID with line and time,
 * CANDLES_NOT_FOUND for a missing file, LIMIT_EXCEEDED.
 */
export async function readSignalsFile(
  path: string,
  candles: { readonly time: Float64Array },
  options: SignalOptions = {},
): Promise<Signals> {
  try {
    const input = await openInputFile(path, options.inputBytesMax ?? LIMITS.inputBytesMax);
    const table = await openSignals(input, options);
    const timeAt = timeColumnOf(table.names);
    if (timeAt < 0) {
      throw fault(path, undefined, `no time column among ${shown(table.names.join(', '))}`, 'Name one `time`.');
    }
    const columns = signalColumns(path, table.names);
    const times = await readTimes(path, table, timeAt, options);
    const bars = alignBars(path, table, times.ms, candles.time, options.sparse === true);
    const used = new Set([timeAt, ...Object.values(columns.at)]);
    const ignored = table.names.filter((_, at) => !used.has(at));
    const notes = [...times.notes];
    if (ignored.length > 0) notes.push(`Columns not used: ${ignored.join(', ')}.`);
    const missing = candles.time.length - table.rowCount;
    if (missing > 0) {
      const meaning = columns.kind === 'target' ? 'count as 0, which is flat' : 'have no signal';
      notes.push(`${missing} bars are not listed and ${meaning}.`);
    }
    const read = (at: number | undefined): Promise<Uint8Array> => readFlags(path, table, at, bars, candles.time.length);
    const meta = { sourceRows: table.rowCount, notes };
    if (columns.kind === 'target') {
      return {
        kind: 'target',
        values: await readTargets(path, table, columns.at.signal, bars, candles.time.length),
        ...meta,
      };
    }
    if (columns.kind === 'entry-exit') {
      return { kind: 'entry-exit', entry: await read(columns.at.entry), exit: await read(columns.at.exit), ...meta };
    }
    const { enterLong, exitLong, enterShort, exitShort } = columns.at;
    const events = {
      enterLong: await read(enterLong),
      exitLong: await read(exitLong),
      enterShort: await read(enterShort),
      exitShort: await read(exitShort),
    };
    return { kind: 'events', ...events, ...meta };
  } catch (error) {
    throw asSignalFault(error);
  }
}

async function openSignals(input: InputFile, options: SignalOptions): Promise<RawTable> {
  const bytesMax = options.inputBytesMax ?? LIMITS.inputBytesMax;
  const kind = contentKind(input.path, input.head);
  if (kind === 'json') throw fault(input.path, undefined, 'this is JSON', 'Give CSV, Parquet or Arrow.');
  if (kind === 'csv') {
    const bytes = await readWhole(input, Math.min(bytesMax, TEXT_BYTES_MAX));
    return openCsvTable(input.path, bytes.toString('utf8'), options.lineBytesMax);
  }
  // Parquet and Arrow are loaded only when such a file comes.
  return (await import('./table-file.ts')).openTable(input, kind, bytesMax);
}

/** The bar of every row. Rows may come in any order. */
function alignBars(
  file: string,
  table: RawTable,
  times: Float64Array,
  candleTimes: Float64Array,
  sparse: boolean,
): Int32Array {
  const bars = new Int32Array(times.length);
  const rowOfBar = new Int32Array(candleTimes.length).fill(-1);
  let strangers = 0;
  let firstStranger = -1;
  for (let row = 0; row < times.length; row++) {
    const bar = barAt(candleTimes, times[row]!);
    if (bar < 0) {
      if (strangers++ === 0) firstStranger = row;
      continue;
    }
    if (rowOfBar[bar]! >= 0) {
      const found = `${isoText(times[row]!)} is listed again after ${table.place(rowOfBar[bar]!)}`;
      throw fault(file, table.place(row), found, 'List every bar once.');
    }
    rowOfBar[bar] = row;
    bars[row] = bar;
  }
  if (strangers > 0) {
    const found = `${isoText(times[firstStranger]!)} is no bar of the candles (${strangers} of ${times.length} rows are none)`;
    const todo = 'List open times in UTC, of the same timeframe and window as the candles.';
    throw fault(file, table.place(firstStranger), found, todo);
  }
  const missing = rowOfBar.indexOf(-1);
  if (missing >= 0 && !sparse) {
    const count = candleTimes.length - times.length;
    const found = `the bar of ${isoText(candleTimes[missing]!)} is not listed (${count} of ${candleTimes.length} bars are not)`;
    throw fault(file, undefined, found, 'List every bar, or add --sparse: bars that are not listed then count as 0.');
  }
  return bars;
}

/** The bar that opens at `ms`, or -1. `times` rise strictly. */
function barAt(times: Float64Array, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return times[low] === ms ? low : -1;
}

/** ISO 8601 of epoch ms; the number itself where a calendar does not reach. */
const isoText = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));

const fault = (file: string, place: string | undefined, found: string, todo: string): AppError =>
  inputFault('SIGNALS_INVALID', file, place, found, todo);

/** Faults of the shared readers speak of candles; here the same finding is one of signals. */
function asSignalFault(error: unknown): unknown {
  if (!isAppError(error, 'CANDLE_FILE_UNREADABLE') && !isAppError(error, 'CANDLES_INVALID')) return error;
  return new AppError('SIGNALS_INVALID', { found: error.found, todo: error.todo, cause: error });
}
