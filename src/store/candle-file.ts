// The candle file: an Arrow IPC file with fixed layout, checksums and a seal. Layout: docs/formats/candle-file.md.
import {
  Batch,
  Column,
  Endianness,
  field,
  float64,
  Table,
  TimeUnit,
  tableFromIPC,
  tableToIPC,
  timestamp,
  Version,
} from '@uwdata/flechette';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { canonicalJson, type Json } from '../core/hash.ts';
import {
  CANDLE_COLUMNS,
  type CandleColumn,
  type CandleKey,
  type Candles,
  candlesHash,
  createCandles,
} from '../market/candles.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { candleFileCorrupt, ENVELOPE_BYTES_MAX, openEnvelope, sealTail } from './candle-seal.ts';
import { floatTimes, writeInt64Times } from './int64-time.ts';
import { xxhash32 } from './xxhash32.ts';

/** What the importer says about candles. */
export interface CandleMeta {
  /** Where they came from: a path, a URL, an exchange call. */
  readonly source: string;
  /** Epoch ms UTC. */
  readonly importedAt: number;
  readonly quality: QualityReport | null;
}

/** Stored as canonical JSON in the schema metadata `gridmill`. */
export interface CandleFileHeader extends CandleMeta, CandleKey {
  readonly format: 'gridmill-candles';
  readonly barCount: number;
  readonly firstTime: number;
  readonly lastTime: number;
  /** candlesHash of the candles, over float64 columns. */
  readonly contentHash: string;
  /** XXH32 of each padded column as stored, 8 hex digits. */
  readonly checksums: Readonly<Record<CandleColumn, string>>;
}

const METADATA_KEY = 'gridmill';
const ALIGNMENT = 64;
const TIME_TYPE = timestamp(TimeUnit.MILLISECOND, 'UTC');
const paddedBytes = (barCount: number): number => Math.ceil((8 * barCount) / ALIGNMENT) * ALIGNMENT;
const hex = (checksum: number): string => checksum.toString(16).padStart(8, '0');

/** The bytes of a new file, as chunks to write one after the other. Needs at least one candle and whole times. */
export function encodeCandleFile(
  key: CandleKey,
  candles: Candles,
  meta: CandleMeta,
): { readonly chunks: readonly Uint8Array[]; readonly header: CandleFileHeader } {
  const { barCount } = candles;
  assert(
    barCount > 0 && candles.timeframe === key.timeframe,
    'stored candles exist and have the timeframe of their key',
  );
  const columnBytes = paddedBytes(barCount);
  const body = new Uint8Array(columnBytes * CANDLE_COLUMNS.length);
  const checksums = {} as Record<CandleColumn, string>;
  CANDLE_COLUMNS.forEach((name, k) => {
    const at = k * columnBytes;
    if (name === 'time') writeInt64Times(candles.time, new Int32Array(body.buffer, at, 2 * barCount));
    else new Float64Array(body.buffer, at, barCount).set(candles[name]);
    checksums[name] = hex(xxhash32(body.subarray(at, at + columnBytes)));
  });
  const { exchange, symbol, timeframe } = key;
  const { source, importedAt, quality } = meta;
  const header: CandleFileHeader = {
    format: 'gridmill-candles',
    ...{ exchange, symbol, timeframe, barCount, firstTime: candles.time[0]!, lastTime: candles.time[barCount - 1]! },
    ...{ contentHash: candlesHash(candles), checksums, source, importedAt, quality },
  };
  const text = canonicalJson(header as unknown as Json);
  // Spaces after the JSON move the columns to a multiple of 64 bytes.
  const unaligned = encodeArrow(body, barCount, text).head.byteLength % ALIGNMENT;
  const { head, tail } = encodeArrow(body, barCount, text + ' '.repeat((ALIGNMENT - unaligned) % ALIGNMENT));
  assert(head.byteLength % ALIGNMENT === 0, 'columns start at a multiple of 64 bytes');
  if (Math.max(head.byteLength, tail.byteLength) > ENVELOPE_BYTES_MAX / 2) {
    throw new AppError('LIMIT_EXCEEDED', {
      found: `${head.byteLength} bytes of description; the limit is ${ENVELOPE_BYTES_MAX / 2}.`,
      todo: 'Shorten the source text.',
    });
  }
  return { chunks: [head, body, sealTail(head, body.byteLength, tail)], header };
}

/** The Arrow file around `body`: what comes before it and what comes after. `body` itself is not copied. */
function encodeArrow(
  body: Uint8Array<ArrayBuffer>,
  barCount: number,
  text: string,
): { head: Uint8Array; tail: Uint8Array } {
  const columnBytes = paddedBytes(barCount);
  const columns = CANDLE_COLUMNS.map((name, k) => {
    const type = name === 'time' ? TIME_TYPE : float64();
    const ArrayType = name === 'time' ? BigInt64Array : Float64Array;
    // The buffers carry their padding: that is how every column starts at a multiple of 64 bytes.
    const values = new ArrayType(body.buffer, k * columnBytes, columnBytes / 8);
    // The base class: the ones for direct access cut their values to the length, and with them the padding.
    return new Column([new Batch({ length: barCount, nullCount: 0, type, validity: new Uint8Array(0), values })]);
  });
  const fields = CANDLE_COLUMNS.map((name, k) => field(name, columns[k]!.type, false));
  const metadata = new Map([[METADATA_KEY, text]]);
  const schema = { version: Version.V5, endianness: Endianness.Little, fields, metadata };
  const parts: { readonly head: Uint8Array[]; readonly tail: Uint8Array[] } = { head: [], tail: [] };
  let inHead = true;
  const sink = {
    write(bytes: Uint8Array): void {
      if (bytes.buffer === body.buffer) inHead = false;
      else (inHead ? parts.head : parts.tail).push(bytes.slice());
    },
    pad: (byteCount: number): void => sink.write(new Uint8Array(byteCount)),
    finish: (): null => null,
  };
  tableToIPC(new Table(schema, columns), { format: 'file', sink });
  return { head: Buffer.concat(parts.head), tail: Buffer.concat(parts.tail) };
}

/** Parses the description in a verified head. */
export function decodeHeader(path: string, head: Uint8Array): CandleFileHeader {
  // A file starts with 8 bytes of magic; from there to the end of the first message it is a stream without batches.
  const schemaEnd = 16 + new DataView(head.buffer, head.byteOffset).getInt32(12, true);
  return parseHeader(path, tableFromIPC(head.slice(8, schemaEnd)).schema.metadata?.get(METADATA_KEY));
}

function parseHeader(path: string, text: string | undefined): CandleFileHeader {
  let header: Partial<CandleFileHeader> | null = null;
  try {
    header = JSON.parse(text ?? 'null');
  } catch (error) {
    throw candleFileCorrupt(path, 'schema', 0, 'the Gridmill metadata is no JSON', error);
  }
  const isSound =
    header?.format === 'gridmill-candles' && Number(header.barCount) > 0 && header.checksums !== undefined;
  if (!isSound) throw candleFileCorrupt(path, 'schema', 0, 'no Gridmill metadata');
  return header as CandleFileHeader;
}

/**
 * Candles from the bytes of a whole file, every byte checked first. The columns are views of `bytes`; the stored int64
 * times are turned into float64 in place. Errors: CANDLE_FILE_CORRUPT, CANDLE_FILE_UNREADABLE.
 */
export function decodeCandleFile(path: string, bytes: Uint8Array): { candles: Candles; header: CandleFileHeader } {
  const { head, bodyBytes } = openEnvelope(path, bytes.byteLength, (at, length) => bytes.subarray(at, at + length));
  const header = decodeHeader(path, head);
  const { barCount, timeframe, checksums } = header;
  const columnBytes = paddedBytes(barCount);
  if (bodyBytes !== columnBytes * CANDLE_COLUMNS.length) {
    throw candleFileCorrupt(path, 'columns', head.byteLength, `${bodyBytes} bytes do not hold ${barCount} candles`);
  }
  CANDLE_COLUMNS.forEach((name, k) => {
    const at = head.byteLength + k * columnBytes;
    const found = hex(xxhash32(bytes.subarray(at, at + columnBytes)));
    if (found !== checksums[name]) {
      throw candleFileCorrupt(path, `column ${name}`, at, `checksum ${found} instead of ${checksums[name]}`);
    }
  });
  const table = tableFromIPC(bytes);
  const columns = {} as Record<CandleColumn, Float64Array>;
  CANDLE_COLUMNS.forEach((name, k) => {
    const values = table.getChild(name).data[0]!.values as Float64Array | BigInt64Array;
    const at = head.byteLength + k * columnBytes;
    assert(values.byteOffset === bytes.byteOffset + at && values.length >= barCount, `${name} lies at ${at}`);
    columns[name] =
      name === 'time' ? floatTimes(values as BigInt64Array, barCount) : (values as Float64Array).subarray(0, barCount);
  });
  return { candles: createCandles(timeframe, columns), header };
}
