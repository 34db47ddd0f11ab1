// Candles as a file of the format that its ending names.
import { extname } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { CandleExport } from '../feeds/encode-candles.ts';

const FORMATS: Readonly<Record<string, CandleExport>> = {
  csv: 'csv',
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
};

/** Errors: REQUEST_INVALID for another ending. */
export function candleFormat(path: string): CandleExport {
  const format = FORMATS[extname(path).slice(1).toLowerCase()];
  if (format !== undefined) return format;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Candles are exported as .csv, .parquet, .arrow or .feather.',
    found: `"${path}".`,
    todo: 'Write for example --out candles.parquet.',
  });
}

export { encodeCandles } from '../feeds/encode-candles.ts';
