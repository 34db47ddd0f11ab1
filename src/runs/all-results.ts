// Every scored row as one file: JSON, CSV or Parquet by the ending of its name.
import { extname } from 'node:path';
import { AppError } from '../core/errors.ts';
import { encodeRows } from '../feeds/encode-rows.ts';
import { flatRow, rowJson } from './result-record.ts';
import type { RowColumns } from './row-columns.ts';

/** Rows turned into one chunk of text at a time. */
const CHUNK_ROWS = 4_096;

type RowFormat = 'json' | 'csv' | 'parquet';

/** The format that the ending of `path` names. Errors: REQUEST_INVALID. */
export function checkRowFormat(path: string): RowFormat {
  const ending = extname(path).slice(1).toLowerCase();
  if (ending === 'json' || ending === 'csv' || ending === 'parquet') return ending;
  throw new AppError('REQUEST_INVALID', {
    rule: '--all-results must name a .json, .csv or .parquet file.',
    found: `"${path}".`,
    todo: 'Write for example --all-results rows.parquet.',
  });
}

/** The bytes of the file. JSON is one array of the rows that `sweep --json` shows, without rank. */
export async function encodeAllRows(path: string, rows: RowColumns): Promise<readonly Uint8Array[]> {
  const format = checkRowFormat(path);
  if (format === 'json') return [...jsonChunks(rows)];
  const records = Array.from({ length: rows.count }, (_, index) => flatRow(rowJson(rows.row(index))));
  return encodeRows(records, format);
}

function* jsonChunks(rows: RowColumns): Generator<Uint8Array> {
  yield Buffer.from('[');
  for (let start = 0; start < rows.count; start += CHUNK_ROWS) {
    const texts: string[] = [];
    for (let i = start; i < Math.min(rows.count, start + CHUNK_ROWS); i++) {
      texts.push(JSON.stringify(rowJson(rows.row(i))));
    }
    yield Buffer.from(`${start === 0 ? '\n' : ',\n'}${texts.join(',\n')}`);
  }
  yield Buffer.from('\n]\n');
}
