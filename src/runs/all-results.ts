// Every scored row as one file: JSON, CSV or Parquet by the ending of its name.
import { extname } from 'node:path';
import { AppError } from '../core/errors.ts';
import { columnsOf, encodeRows, type RowFormat, type RowRecord } from '../feeds/encode-rows.ts';
import { flatRow, rowJson } from './result-record.ts';
import type { RowColumns } from './row-columns.ts';

/** Rows turned into one piece of the file at a time. */
const BATCH_ROWS = 4_096;

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

/** The pieces of the file. JSON is one array of the rows that `sweep --json` shows, without rank. */
export async function encodeAllRows(path: string, rows: RowColumns): Promise<readonly Uint8Array[]> {
  const format = checkRowFormat(path);
  if (format === 'json') return [...jsonPieces(rows)];
  // Which columns there are is known from any row; text and numbers from their names.
  const columns = columnsOf(rows.count === 0 ? [] : [flatRow(rowJson(rows.row(0)))]);
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeRows(flatBatches(rows), columns, format)) pieces.push(piece);
  return pieces;
}

/** Flat records as a file of the format that the ending of `path` names. Errors: REQUEST_INVALID. */
export async function encodeRecords(path: string, records: readonly RowRecord[]): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeRows([records], columnsOf(records), checkRowFormat(path))) pieces.push(piece);
  return pieces;
}

function* batches(rows: RowColumns): Generator<number[]> {
  for (let start = 0; start < rows.count; start += BATCH_ROWS) {
    yield Array.from({ length: Math.min(BATCH_ROWS, rows.count - start) }, (_, i) => start + i);
  }
}

function* flatBatches(rows: RowColumns): Generator<RowRecord[]> {
  for (const indices of batches(rows)) yield indices.map((index) => flatRow(rowJson(rows.row(index))));
}

function* jsonPieces(rows: RowColumns): Generator<Uint8Array> {
  yield Buffer.from('[');
  let separator = '\n';
  for (const indices of batches(rows)) {
    const texts = indices.map((index) => JSON.stringify(rowJson(rows.row(index))));
    yield Buffer.from(`${separator}${texts.join(',\n')}`);
    separator = ',\n';
  }
  yield Buffer.from('\n]\n');
}
