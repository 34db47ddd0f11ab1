// Takes the six candle columns out of a table with named columns.
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS, type CandleColumn } from '../market/candles.ts';
import { chooseColumns, ignoredNote } from './column-names.ts';
import { parseDecimal } from './decimal.ts';
import { inputFault, shown } from './input-fault.ts';
import { isMissing, MISSING_TODO } from './missing-value.ts';
import type { CandleFormat, RawCandles, ReadOptions, TimeUnit } from './raw-candles.ts';
import type { Cell, RawTable } from './raw-table.ts';
import { StampReader } from './stamp-reader.ts';

/** Errors (with file and row): CANDLE_FILE_UNREADABLE, CANDLES_INVALID, LIMIT_EXCEEDED. */
export async function candlesFromTable(file: string, table: RawTable, options: ReadOptions): Promise<RawCandles> {
  const { rowCount, names } = table;
  const { index, ignored, missing, repeated, timeIsMs } = chooseColumns(names);
  const needed = missing.filter((column) => column !== 'volume');
  if (needed.length > 0 || repeated.length > 0) {
    const found =
      needed.length > 0
        ? `no column for ${needed.join(', ')} among ${shown(names.join(', '))}`
        : `the column ${repeated.map(shown).join(', ')} stands twice`;
    throw inputFault(
      'CANDLE_FILE_UNREADABLE',
      file,
      undefined,
      found,
      'Name the columns time, open, high, low, close, volume.',
    );
  }
  if (rowCount === 0)
    throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, 'there are no rows', 'Give a file with candles.');
  if (rowCount > LIMITS.barsMax) {
    throw inputFault('LIMIT_EXCEEDED', file, undefined, `${rowCount} candles`, `Stay within ${LIMITS.barsMax}.`);
  }
  const notes = ignoredNote(ignored);
  const readOptions = timeIsMs ? { timeUnit: 'ms' as const, ...options } : options;
  const times = await readTimes(file, table, index.get('time')!, readOptions);
  notes.push(...times.notes);
  const columns = { time: times.ms } as Record<CandleColumn, Float64Array>;
  for (const name of CANDLE_COLUMNS) {
    if (name === 'time') continue;
    const at = index.get(name);
    if (at === undefined) {
      columns[name] = new Float64Array(rowCount);
      notes.push('There is no volume column: volume is 0.');
    } else columns[name] = await readNumbers(file, table, at, name, notes, options);
  }
  const format: CandleFormat = table.format;
  return { columns, format, timeUnit: times.unit, sourceRows: rowCount, notes };
}

/** Reads column `at` of a table as epoch ms. Errors (with file and row): CANDLES_INVALID. */
export async function readTimes(
  file: string,
  table: RawTable,
  at: number,
  options: ReadOptions,
): Promise<{ ms: Float64Array; unit: TimeUnit; notes: string[] }> {
  const { values, stampUnit, naive } = await table.column(at);
  const stamps = new StampReader(options.timeUnit);
  const ms = new Float64Array(table.rowCount);
  for (let row = 0; row < ms.length; row++) {
    const cell = values[row];
    const time = stampUnit === undefined ? cellMs(cell, stamps) : typeof cell === 'number' ? cell : Number.NaN;
    if (!Number.isFinite(time)) {
      const found = `the time in column ${shown(table.names[at]!)} is ${shown(String(cell))}`;
      throw inputFault(
        'CANDLES_INVALID',
        file,
        table.place(row),
        found,
        'Give whole milliseconds, one unit throughout.',
      );
    }
    ms[row] = time;
  }
  const notes: string[] = [];
  if (naive === true || stamps.naive) notes.push('Times without a zone were read as UTC.');
  if (stamps.unit === 'date') notes.push('Times were read as dates written YYYYMMDD.');
  if (stamps.switched) notes.push('Times switch between milliseconds and microseconds.');
  return { ms, unit: stampUnit ?? stamps.unit ?? 'ms', notes };
}

function cellMs(cell: Cell, stamps: StampReader): number {
  if (typeof cell === 'number') return stamps.fromNumber(cell);
  if (typeof cell === 'bigint') return stamps.fromBigInt(cell);
  return typeof cell === 'string' ? stamps.fromText(cell.trim()) : Number.NaN;
}

async function readNumbers(
  file: string,
  table: RawTable,
  at: number,
  name: CandleColumn,
  notes: string[],
  options: ReadOptions,
): Promise<Float64Array> {
  const { values } = await table.column(at);
  const numbers = new Float64Array(table.rowCount);
  let empty = 0;
  for (let row = 0; row < numbers.length; row++) {
    const cell = values[row];
    let number = typeof cell === 'number' ? cell : cellNumber(cell);
    if ((cell === null || cell === undefined) && name === 'volume') {
      number = 0;
      empty++;
    }
    if (!Number.isFinite(number)) {
      const missing = isMissing(String(cell ?? ''));
      if (missing && options.keepMissing === true) {
        numbers[row] = Number.NaN;
        continue;
      }
      const found = `column ${shown(table.names[at]!)} is ${cell === null ? 'empty' : shown(String(cell))}, not a finite number`;
      const todo = missing ? MISSING_TODO : 'Correct the value or remove the row.';
      throw inputFault('CANDLES_INVALID', file, table.place(row), found, todo);
    }
    numbers[row] = number;
  }
  if (empty > 0) notes.push(`Volume is empty in ${empty} rows and was read as 0.`);
  return numbers;
}

function cellNumber(cell: Cell): number {
  if (typeof cell === 'bigint') return Number(cell);
  return typeof cell === 'string' ? parseDecimal(cell.trim()) : Number.NaN;
}
