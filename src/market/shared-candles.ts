// Candles in memory that all threads see.
import { CANDLE_COLUMNS, type CandleColumn, type Candles, createCandles } from './candles.ts';

/**
 * The same candles over one SharedArrayBuffer: column after column, in the order of CANDLE_COLUMNS. Candles that are
 * shared already come back as they are. A message to another thread then carries views of that memory, not a copy.
 */
export function shareCandles(candles: Candles): Candles {
  if (CANDLE_COLUMNS.every((name) => candles[name].buffer instanceof SharedArrayBuffer)) return candles;
  const { barCount } = candles;
  const bytes = barCount * Float64Array.BYTES_PER_ELEMENT;
  const memory = new SharedArrayBuffer(bytes * CANDLE_COLUMNS.length);
  const columns = CANDLE_COLUMNS.map((name, i) => {
    const column = new Float64Array(memory, i * bytes, barCount);
    column.set(candles[name]);
    return [name, column] as const;
  });
  return createCandles(candles.timeframe, Object.fromEntries(columns) as Record<CandleColumn, Float64Array>);
}
