// Reads the JSON candles of freqtrade: an array of rows [time, open, high, low, close, volume].
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS } from '../market/candles.ts';
import { ColumnBuilder } from './column-builder.ts';
import { inputFault, reasonOf, shown } from './input-fault.ts';
import { MISSING_TODO } from './missing-value.ts';
import type { RawCandles, ReadOptions } from './raw-candles.ts';
import { StampReader } from './stamp-reader.ts';

/** Errors (with file and row, counted from 1): CANDLE_FILE_UNREADABLE, CANDLES_INVALID, LIMIT_EXCEEDED. */
export function parseFreqtradeJson(file: string, text: string, options: ReadOptions): RawCandles {
  const shape = 'Give an array of rows [time, open, high, low, close, volume].';
  const rows = parseArray(file, text, shape);
  if (rows.length > LIMITS.barsMax) {
    throw inputFault('LIMIT_EXCEEDED', file, undefined, `${rows.length} candles`, `Stay within ${LIMITS.barsMax}.`);
  }
  const builder = new ColumnBuilder();
  const stamps = new StampReader(options.timeUnit);
  let emptyVolumes = 0;
  for (let row = 0; row < rows.length; row++) {
    const values = rows[row];
    const place = `row ${row + 1}`;
    if (!Array.isArray(values) || values.length !== CANDLE_COLUMNS.length) {
      throw inputFault(
        'CANDLE_FILE_UNREADABLE',
        file,
        place,
        `${shown(JSON.stringify(values))} is not 6 numbers`,
        shape,
      );
    }
    builder.reserve();
    for (let column = 0; column < CANDLE_COLUMNS.length; column++) {
      let value: unknown = values[column];
      if (column === 5 && value === null) {
        value = 0;
        emptyVolumes++;
      }
      const number = typeof value !== 'number' ? Number.NaN : column === 0 ? stamps.fromNumber(value) : value;
      const missing = value === null && column > 0;
      if (!Number.isFinite(number) && !(missing && options.keepMissing === true)) {
        const found = `${CANDLE_COLUMNS[column]} is ${shown(JSON.stringify(values[column]))}`;
        const todo = missing ? MISSING_TODO : 'Correct the value or remove the row.';
        throw inputFault('CANDLES_INVALID', file, place, found, todo);
      }
      builder.columns[column]![row] = number;
    }
    builder.rows = row + 1;
  }
  if (stamps.unit === undefined)
    throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, 'there are no rows', shape);
  const notes = emptyVolumes > 0 ? [`Volume is null in ${emptyVolumes} rows and was read as 0.`] : [];
  return { columns: builder.finish(), format: 'freqtrade-json', timeUnit: stamps.unit, sourceRows: rows.length, notes };
}

function parseArray(file: string, text: string, todo: string): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, `the JSON is broken (${reasonOf(error)})`, todo, error);
  }
  if (!Array.isArray(parsed)) throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, 'the JSON is no array', todo);
  return parsed;
}
