// Reads the real candles of the shared folder (gzip CSV, header t,o,h,l,c,v) as columns.
import type { CandleColumns } from '../../src/market/quality.ts';
import { readShared } from './oracle.ts';

/** Columns of a shared candle file. An empty volume is NaN. */
export function readSharedColumns(path: string): CandleColumns {
  const lines = readShared(path).trimEnd().split('\n').slice(1);
  const column = (index: number): Float64Array =>
    Float64Array.from(lines, (line) => {
      const text = line.split(',')[index]!;
      return text === '' ? Number.NaN : Number(text);
    });
  return { time: column(0), open: column(1), high: column(2), low: column(3), close: column(4), volume: column(5) };
}
