// Reads Parquet files through hyparquet.

import { decompress as unzstd } from 'fzstd';
import { type FileMetaData, parquetMetadata, parquetRead, parquetSchema, type SchemaElement } from 'hyparquet';
import { compressors as allCompressors } from 'hyparquet-compressors';
import { isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { inputFault, reasonOf } from './input-fault.ts';
import type { TimeUnit } from './raw-candles.ts';
import { type Cell, type RawTable, stampMs, type TableColumn } from './raw-table.ts';

type Compressors = typeof allCompressors;

/** Errors: CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED. */
export function openParquet(file: string, bytes: Buffer, bytesMax: number): RawTable {
  const content = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = guarded(file, () => parquetMetadata(content, { geoparquet: false }));
  const unpackedBytes = metadata.row_groups.reduce((sum, group) => sum + Number(group.total_byte_size), 0);
  if (unpackedBytes > bytesMax) throw tooLarge(file, bytesMax);
  const rowCount = Number(metadata.num_rows);
  if (rowCount > LIMITS.barsMax) {
    throw inputFault('LIMIT_EXCEEDED', file, undefined, `${rowCount} rows`, `Stay within ${LIMITS.barsMax}.`);
  }
  const groupRows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rowCount < 0 || groupRows !== rowCount) throw damaged(file, `${groupRows} rows where ${rowCount} are declared`);
  const fields = guarded(file, () => parquetSchema(metadata)).children;
  return {
    format: 'parquet',
    names: fields.map(({ element }) => element.name),
    rowCount,
    place: (row) => `row ${row + 1}`,
    column: async (index) => {
      const { element, children } = fields[index]!;
      if (children.length > 0) throw damaged(file, `column ${element.name} is nested`);
      return readColumn(file, content, metadata, element, bytesMax);
    },
  };
}

async function readColumn(
  file: string,
  content: ArrayBuffer,
  metadata: FileMetaData,
  element: SchemaElement,
  bytesMax: number,
): Promise<TableColumn> {
  const values: Cell[] = new Array(Number(metadata.num_rows));
  let seen = 0;
  try {
    await parquetRead({
      file: { byteLength: content.byteLength, slice: (start, end) => content.slice(start, end) },
      metadata,
      columns: [element.name],
      compressors: bounded(file, bytesMax),
      geoparquet: false,
      parsers: {
        // Stamps become epoch ms without going through Date, which would drop what is finer than a millisecond.
        timestampFromMilliseconds: (value) => (value === undefined ? null : Number(value)),
        timestampFromMicroseconds: (value) => (value === undefined ? null : stampMs(value, 1_000n)),
        timestampFromNanoseconds: (value) => (value === undefined ? null : stampMs(value, 1_000_000n)),
        dateFromDays: (days) => (days === undefined ? null : days * 86_400_000),
      },
      onChunk: ({ columnData, rowStart }) => {
        for (let at = 0; at < columnData.length; at++) values[rowStart + at] = columnData[at] as Cell;
        seen += columnData.length;
      },
    });
  } catch (error) {
    throw isAppError(error) ? error : damaged(file, `column ${element.name}: ${reasonOf(error)}`, error);
  }
  if (seen !== values.length) throw damaged(file, `column ${element.name} has ${seen} of ${values.length} values`);
  return { values, ...stampType(element) };
}

/** The unit and zone of a column with a time type; nothing for others. */
function stampType(element: SchemaElement): { stampUnit?: TimeUnit; naive?: boolean } {
  const { logical_type: logical, converted_type: converted, type } = element;
  if (logical?.type === 'TIMESTAMP') {
    const unit = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' } as const;
    return { stampUnit: unit[logical.unit], naive: !logical.isAdjustedToUTC };
  }
  if (converted === 'TIMESTAMP_MILLIS') return { stampUnit: 'ms' };
  if (converted === 'TIMESTAMP_MICROS') return { stampUnit: 'us' };
  if (converted === 'DATE' || logical?.type === 'DATE') return { stampUnit: 'date' };
  return type === 'INT96' ? { stampUnit: 'ns', naive: true } : {};
}

/** Decompressors that refuse to unpack more than `bytesMax` in sum and never more than a page declares. */
function bounded(file: string, bytesMax: number): Compressors {
  let left = bytesMax;
  const spend = (bytes: number): void => {
    left -= bytes;
    if (left < 0) throw tooLarge(file, bytesMax);
  };
  const wrapped: Compressors = {};
  for (const [codec, unpack] of Object.entries(allCompressors) as [
    keyof Compressors,
    Compressors[keyof Compressors],
  ][]) {
    wrapped[codec] = (input, length) => {
      spend(length);
      // Given its output buffer, this decompressor cannot grow beyond it.
      return codec === 'ZSTD' ? unzstd(input, new Uint8Array(length)) : unpack!(input, length);
    };
  }
  return wrapped;
}

function guarded<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw damaged(file, reasonOf(error), error);
  }
}

const damaged = (file: string, found: string, cause?: unknown): Error =>
  inputFault(
    'CANDLE_FILE_UNREADABLE',
    file,
    undefined,
    `the Parquet file does not read (${found})`,
    'Write it again.',
    cause,
  );

const tooLarge = (file: string, bytesMax: number): Error =>
  inputFault('LIMIT_EXCEEDED', file, undefined, `the columns unpack to more than ${bytesMax} bytes`, 'Split the file.');
