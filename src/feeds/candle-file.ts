// Reads a file of candles in any known format, told apart by its content.
import { LIMITS } from '../core/limits.ts';
import { contentKind } from './content-kind.ts';
import { CsvCandleParser } from './csv-candles.ts';
import { parseFreqtradeJson } from './freqtrade-json.ts';
import { type InputFile, openInputFile, readWhole } from './input-file.ts';
import type { RawCandles, ReadOptions } from './raw-candles.ts';
import { candlesFromTable } from './table-candles.ts';
import { openTable } from './table-file.ts';

/** JSON is parsed as one string, which cannot be longer in this engine. */
const JSON_BYTES_MAX = 500_000_000;

/**
 * Reads CSV, freqtrade JSON (both also in gzip, or alone in a zip), Parquet, or Arrow (Feather, IPC file or stream).
 * The format is told by the first bytes; the name does not matter. What is checked: shape, finite numbers, times in one
 * unit. What is not: order, gaps, high and low. Errors name file and line or row: CANDLES_NOT_FOUND,
 * CANDLE_FILE_UNREADABLE, CANDLES_INVALID, LIMIT_EXCEEDED.
 */
export async function readCandleFile(path: string, options: ReadOptions = {}): Promise<RawCandles> {
  const bytesMax = options.inputBytesMax ?? LIMITS.inputBytesMax;
  const input = await openInputFile(path, bytesMax);
  const kind = contentKind(path, input.head);
  if (kind === 'csv') return readCsv(input, options);
  if (kind === 'json') {
    const bytes = await readWhole(input, Math.min(bytesMax, JSON_BYTES_MAX));
    return parseFreqtradeJson(path, bytes.toString('utf8'), options);
  }
  return candlesFromTable(path, await openTable(input, kind, bytesMax), options);
}

async function readCsv(input: InputFile, options: ReadOptions): Promise<RawCandles> {
  const parser = new CsvCandleParser(input.path, options);
  for await (const chunk of input.chunks) parser.push(chunk);
  return parser.finish();
}
