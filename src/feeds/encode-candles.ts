// Writes candles as CSV, Parquet or Arrow bytes that this project and the usual tools read back bit for bit.
import { assert } from '../core/assert.ts';
import { CANDLE_COLUMNS, type CandleColumn } from '../market/candles.ts';

export type CandleExport = 'csv' | 'parquet' | 'arrow';
type Columns = Readonly<Record<CandleColumn, Float64Array>>;

const TEXT_ROWS = 16_384;

/**
 * CSV has the header `time_ms,open,high,low,close,volume` (the unit is in the name because small stamps could be taken
 * for seconds) and the shortest decimals that read back to the same doubles. Parquet (Snappy) and Arrow (IPC file) have
 * `time` as a timestamp in milliseconds UTC and float64 values.
 */
export async function encodeCandles(candles: Columns, format: CandleExport): Promise<Uint8Array> {
  if (format === 'csv') return encodeCsv(candles);
  return format === 'parquet' ? encodeParquet(candles) : encodeArrow(candles);
}

function encodeCsv({ time, open, high, low, close, volume }: Columns): Uint8Array {
  const parts: Buffer[] = [Buffer.from('time_ms,open,high,low,close,volume\n')];
  for (let start = 0; start < time.length; start += TEXT_ROWS) {
    let text = '';
    for (let i = start; i < Math.min(time.length, start + TEXT_ROWS); i++) {
      text += `${time[i]},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]}\n`;
    }
    parts.push(Buffer.from(text));
  }
  return Buffer.concat(parts);
}

async function encodeParquet(candles: Columns): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const bytes = parquetWriteBuffer({
    columnData: CANDLE_COLUMNS.map((name) => ({ name, data: candles[name] })),
    schema: [
      { name: 'candles', num_children: CANDLE_COLUMNS.length },
      {
        name: 'time',
        type: 'INT64',
        repetition_type: 'REQUIRED',
        converted_type: 'TIMESTAMP_MILLIS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      },
      ...CANDLE_COLUMNS.slice(1).map((name) => ({ name, type: 'DOUBLE', repetition_type: 'REQUIRED' }) as const),
    ],
    createdBy: 'gridmill',
  });
  return new Uint8Array(bytes);
}

async function encodeArrow(candles: Columns): Promise<Uint8Array> {
  const { columnFromArray, float64, tableFromColumns, tableToIPC, timestamp, TimeUnit } = await import(
    '@uwdata/flechette'
  );
  const stamp = timestamp(TimeUnit.MILLISECOND, 'UTC');
  const table = tableFromColumns(
    CANDLE_COLUMNS.map((name) => [name, columnFromArray(candles[name], name === 'time' ? stamp : float64())]),
  );
  const bytes = tableToIPC(table, { format: 'file' });
  assert(bytes !== null, 'an Arrow table without a sink is encoded to bytes');
  return bytes;
}
