// Reads Arrow IPC files and streams, which Feather version 2 files are, through flechette.
import {
  TimeUnit as ArrowUnit,
  type Batch,
  CompressionType,
  type DataType,
  setCompressionCodec,
  type Table,
  Type,
  tableFromIPC,
} from '@uwdata/flechette';
import { decompress as unzstd } from 'fzstd';

import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { checkArrowShape } from './arrow-shape.ts';
import { inputFault, reasonOf } from './input-fault.ts';
import { unpackLz4Frame } from './lz4-frame.ts';
import type { TimeUnit } from './raw-candles.ts';
import { type Cell, type RawTable, stampMs, type TableColumn } from './raw-table.ts';

/**
 * What the file being decoded may still unpack to. The codecs of flechette are global and decoding is synchronous, so
 * that this one number is enough.
 */
let bytesLeft = 0;

function unpackWith(unpack: (packed: Uint8Array, target: Uint8Array) => number) {
  return (packed: Uint8Array, length: number): Uint8Array => {
    bytesLeft -= length;
    if (!(length >= 0) || bytesLeft < 0) {
      throw new AppError('LIMIT_EXCEEDED', {
        found: 'Arrow buffers that unpack beyond the input limit.',
        todo: 'Split the file.',
      });
    }
    // The target has the declared size and bounds what is written, whatever the packed bytes ask for.
    const target = new Uint8Array(length);
    const written = unpack(packed, target);
    if (written !== length) throw new Error(`a buffer unpacks to ${written} of ${length} bytes`);
    return target;
  };
}

const encode = (): never => {
  throw new Error('Arrow files are written without compression');
};
setCompressionCodec(CompressionType.LZ4_FRAME, { encode, decode: unpackWith(unpackLz4Frame) });
setCompressionCodec(CompressionType.ZSTD, {
  encode,
  decode: unpackWith((packed, target) => unzstd(packed, target).length),
});

/** Errors: CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED. */
export function openArrow(file: string, bytes: Uint8Array, bytesMax: number): RawTable {
  const table = decode(file, bytes, bytesMax);
  const uneven = table.names.findIndex((_, index) => table.getChildAt(index).length !== table.numRows);
  if (uneven >= 0) throw damaged(file, `column ${table.names[uneven]} has another length than the first`);
  if (table.numRows > LIMITS.barsMax) {
    throw inputFault('LIMIT_EXCEEDED', file, undefined, `${table.numRows} rows`, `Stay within ${LIMITS.barsMax}.`);
  }
  return {
    format: 'arrow',
    names: table.names,
    rowCount: table.numRows,
    place: (row) => `row ${row + 1}`,
    column: async (index) => readColumn(file, table, index),
  };
}

function decode(file: string, bytes: Uint8Array, bytesMax: number): Table {
  bytesLeft = bytesMax;
  try {
    checkArrowShape(bytes);
    // Columns of 8-byte values are viewed in place, which needs an aligned start.
    return tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes), {
      useBigInt: true,
      useBigIntTimestamp: true,
    });
  } catch (error) {
    if (isAppError(error))
      throw inputFault('LIMIT_EXCEEDED', file, undefined, reasonOf(error.found), error.todo, error);
    throw damaged(file, reasonOf(error), error);
  }
}

const damaged = (file: string, found: string, cause?: unknown): Error =>
  inputFault(
    'CANDLE_FILE_UNREADABLE',
    file,
    undefined,
    `the Arrow file does not read (${found})`,
    'Write it again.',
    cause,
  );

function readColumn(file: string, table: Table, index: number): TableColumn {
  const column = table.getChildAt(index);
  const type = column.type as DataType;
  const stamp = stampType(type);
  const values: Cell[] | Float64Array =
    type.typeId === Type.Float && column.nullCount === 0 ? new Float64Array(column.length) : new Array(column.length);
  let row = 0;
  try {
    for (const batch of column.data as Batch<Cell>[]) {
      for (let at = 0; at < batch.length; at++, row++) {
        const cell = batch.at(at) ?? null;
        values[row] = (stamp === undefined || cell === null ? cell : stamp.toMs(cell)) as number;
      }
    }
  } catch (error) {
    throw damaged(file, `column ${table.names[index]}: ${reasonOf(error)}`, error);
  }
  return stamp === undefined ? { values } : { values, stampUnit: stamp.unit, naive: stamp.naive };
}

interface StampType {
  readonly unit: TimeUnit;
  readonly naive: boolean;
  toMs(cell: Cell): number;
}

function stampType(type: DataType): StampType | undefined {
  // Dates come as epoch ms already.
  if (type.typeId === Type.Date) return { unit: 'date', naive: true, toMs: (cell) => Number(cell) };
  if (type.typeId !== Type.Timestamp) return undefined;
  const naive = type.timezone === null || type.timezone === '';
  const stamp = (cell: Cell): bigint => BigInt(cell as bigint);
  switch (type.unit) {
    case ArrowUnit.SECOND:
      return { unit: 's', naive, toMs: (cell) => Number(stamp(cell)) * 1_000 };
    case ArrowUnit.MILLISECOND:
      return { unit: 'ms', naive, toMs: (cell) => Number(stamp(cell)) };
    case ArrowUnit.MICROSECOND:
      return { unit: 'us', naive, toMs: (cell) => stampMs(stamp(cell), 1_000n) };
    default:
      return { unit: 'ns', naive, toMs: (cell) => stampMs(stamp(cell), 1_000_000n) };
  }
}
