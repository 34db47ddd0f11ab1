// Joins pieces of candle columns and keeps the rows of a window.
import { CANDLE_COLUMNS, type CandleColumn } from '../../market/candles.ts';

type Columns = Readonly<Record<CandleColumn, Float64Array>>;

/** New columns of the rows with fromMs <= time < toMs, in the order of `parts`. */
export function cutWindow(parts: readonly Columns[], fromMs: number, toMs: number): Record<CandleColumn, Float64Array> {
  const inside = (ms: number): boolean => ms >= fromMs && ms < toMs;
  const rows = parts.reduce((sum, { time }) => sum + time.reduce((count, ms) => count + (inside(ms) ? 1 : 0), 0), 0);
  const column = (name: CandleColumn): Float64Array => {
    const out = new Float64Array(rows);
    let row = 0;
    for (const part of parts) {
      const values = part[name];
      for (let at = 0; at < values.length; at++) if (inside(part.time[at]!)) out[row++] = values[at]!;
    }
    return out;
  };
  const [time, open, high, low, close, volume] = CANDLE_COLUMNS.map(column) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { time, open, high, low, close, volume };
}
