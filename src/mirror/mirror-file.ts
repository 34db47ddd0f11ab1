// The mirror file: candles as float64 columns with a checksum per block, so that any process can read any part and trust it.
import { crc32 } from 'node:zlib';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS, type CandleColumn, type Candles, createCandles } from '../market/candles.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import { type Disk, REAL_DISK, systemCode } from '../store/disk.ts';
import { forbidden, readFully, reading } from '../store/store-folder.ts';

// Layout, in the byte order of the machine, for the file never leaves it: 128 bytes of head, one uint32 CRC-32 per
// block of each column, padding to 64 bytes, then the columns in the order of CANDLE_COLUMNS.
const MAGIC = 'GRIDMIRR';
const VERSION = 1;
const AT = { version: 8, headSum: 12, headBytes: 16, barCount: 20, blockBars: 24, hash: 32, timeframe: 64 } as const;
const FIXED_BYTES = 128;
const ALIGNMENT = 64;
/** 64 KiB per block: small enough for windows, large enough that checksums cost nothing in bytes. */
const BLOCK_BARS = 8_192;
const COLUMNS = CANDLE_COLUMNS.length;
const BAR_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** An open mirror file. It stays readable, with the candles it had when it was opened, also when its name has gone. */
export interface MirrorAttachment {
  readonly path: string;
  readonly timeframe: Timeframe;
  readonly barCount: number;
  /** candlesHash of the candles inside. */
  readonly contentHash: string;
  /**
   * Reads bars [from, to), all of them when left out, into shared memory of this process. Every block that is read is
   * held against its checksum. Errors: CANDLE_FILE_CORRUPT, STORE_UNREADABLE.
   */
  read(from?: number, to?: number): Candles;
  close(): void;
}

const blocksOf = (barCount: number): number => Math.ceil(barCount / BLOCK_BARS);
const headBytesOf = (barCount: number): number =>
  Math.ceil((FIXED_BYTES + 4 * COLUMNS * blocksOf(barCount)) / ALIGNMENT) * ALIGNMENT;

/** Bytes of the mirror file of so many candles. */
export const mirrorFileBytes = (barCount: number): number => headBytesOf(barCount) + COLUMNS * BAR_BYTES * barCount;

/** The bytes of a mirror file, as chunks to write one after the other; the columns are not copied. */
export function encodeMirrorFile(candles: Candles, contentHash: string): Uint8Array[] {
  const { barCount, timeframe } = candles;
  assert(/^[0-9a-f]{64}$/.test(contentHash), 'a content hash is a SHA-256 in hex');
  const head = new Uint8Array(headBytesOf(barCount));
  const view = new DataView(head.buffer);
  head.set(Buffer.from(MAGIC, 'latin1'));
  view.setUint32(AT.version, VERSION, true);
  view.setUint32(AT.headBytes, head.byteLength, true);
  view.setUint32(AT.barCount, barCount, true);
  view.setUint32(AT.blockBars, BLOCK_BARS, true);
  head.set(Buffer.from(contentHash, 'hex'), AT.hash);
  head.set(Buffer.from(timeframe, 'latin1'), AT.timeframe);
  const columns = CANDLE_COLUMNS.map((name) => bytesOf(candles[name]));
  const blocks = blocksOf(barCount);
  for (const [k, column] of columns.entries()) {
    for (let block = 0; block < blocks; block++) {
      view.setUint32(FIXED_BYTES + 4 * (k * blocks + block), crc32(blockOf(column, block)), true);
    }
  }
  // The head is summed while this field is still zero.
  view.setUint32(AT.headSum, crc32(head), true);
  return [head, ...columns];
}

const bytesOf = (column: Float64Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

const blockOf = (bytes: Uint8Array, block: number): Uint8Array =>
  bytes.subarray(block * BLOCK_BARS * BAR_BYTES, (block + 1) * BLOCK_BARS * BAR_BYTES);

/**
 * Opens a mirror file for reading; its description is checked at once, its candles as they are read. Errors:
 * CANDLES_NOT_FOUND, CANDLE_FILE_CORRUPT, PATH_FORBIDDEN for a link or what is no file, STORE_UNREADABLE.
 */
export function attachMirrorFile(path: string, disk: Disk = REAL_DISK): MirrorAttachment {
  return reading(path, () => {
    const found = disk.inspect(path);
    if (found === undefined) throw vanished(path);
    // Opening a pipe would wait for its writer.
    if (found.kind !== 'file') throw forbidden(path, 'is not a file');
    const handle = openFile(path, disk);
    try {
      return attachment(path, disk, handle, readHead(path, disk, handle));
    } catch (error) {
      disk.close(handle);
      throw error;
    }
  });
}

function openFile(path: string, disk: Disk): number {
  try {
    return disk.open(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw vanished(path);
    if (systemCode(error) === 'ELOOP') throw forbidden(path, 'is a link');
    throw error;
  }
}

interface MirrorHead {
  readonly timeframe: Timeframe;
  readonly barCount: number;
  readonly contentHash: string;
  readonly sums: Uint32Array;
  readonly headBytes: number;
}

function readHead(path: string, disk: Disk, handle: number): MirrorHead {
  const fileBytes = disk.size(handle);
  const fixed = new Uint8Array(FIXED_BYTES);
  readFully(disk, handle, fixed, 0);
  const view = new DataView(fixed.buffer);
  const [barCount, headBytes] = [view.getUint32(AT.barCount, true), view.getUint32(AT.headBytes, true)];
  const isMirror = Buffer.from(fixed.buffer, 0, MAGIC.length).toString('latin1') === MAGIC;
  if (!isMirror || view.getUint32(AT.version, true) !== VERSION) throw corrupt(path, 0, 'it is no mirror file');
  const isWhole =
    barCount >= 1 &&
    barCount <= LIMITS.barsMax &&
    view.getUint32(AT.blockBars, true) === BLOCK_BARS &&
    headBytes === headBytesOf(barCount) &&
    fileBytes === mirrorFileBytes(barCount);
  if (!isWhole) throw corrupt(path, fileBytes, `${fileBytes} bytes do not hold ${barCount} candles`);
  const head = new Uint8Array(headBytes);
  readFully(disk, handle, head, 0);
  const recorded = view.getUint32(AT.headSum, true);
  new DataView(head.buffer).setUint32(AT.headSum, 0, true);
  if (crc32(head) !== recorded) throw corrupt(path, 0, 'the checksum of its description differs');
  const text = Buffer.from(head.buffer, AT.timeframe, 8).toString('latin1').replaceAll('\0', '');
  return {
    timeframe: parseTimeframe(text),
    barCount,
    contentHash: Buffer.from(head.buffer, AT.hash, 32).toString('hex'),
    sums: new Uint32Array(head.buffer, FIXED_BYTES, COLUMNS * blocksOf(barCount)),
    headBytes,
  };
}

function attachment(path: string, disk: Disk, handle: number, head: MirrorHead): MirrorAttachment {
  const { timeframe, barCount, contentHash } = head;
  let isOpen = true;
  return {
    ...{ path, timeframe, barCount, contentHash },
    read(from = 0, to = barCount) {
      assert(isOpen, 'a closed mirror file is not read');
      assert(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= barCount, 'bars exist');
      return reading(path, () => readBars(path, disk, handle, head, from, to));
    },
    close() {
      if (isOpen) disk.close(handle);
      isOpen = false;
    },
  };
}

/** Whole blocks are read, for only those have checksums; the columns are views of the bars asked for. */
function readBars(path: string, disk: Disk, handle: number, head: MirrorHead, from: number, to: number): Candles {
  const { barCount, headBytes, sums } = head;
  const firstBlock = Math.floor(from / BLOCK_BARS);
  const firstBar = firstBlock * BLOCK_BARS;
  const bars = Math.max(0, Math.min(barCount, Math.ceil(to / BLOCK_BARS) * BLOCK_BARS) - firstBar);
  const memory = new SharedArrayBuffer(COLUMNS * BAR_BYTES * bars);
  const columns = {} as Record<CandleColumn, Float64Array>;
  for (const [k, name] of CANDLE_COLUMNS.entries()) {
    const bytes = new Uint8Array(memory, k * BAR_BYTES * bars, BAR_BYTES * bars);
    const at = headBytes + BAR_BYTES * (k * barCount + firstBar);
    readFully(disk, handle, bytes, at);
    for (let block = 0; block < blocksOf(bars); block++) {
      if (crc32(blockOf(bytes, block)) === sums[k * blocksOf(barCount) + firstBlock + block]) continue;
      const blockAt = at + block * BLOCK_BARS * BAR_BYTES;
      throw corrupt(path, blockAt, `the checksum of a block of ${name} differs`);
    }
    columns[name] = new Float64Array(memory, bytes.byteOffset + BAR_BYTES * (from - firstBar), to - from);
  }
  return createCandles(head.timeframe, columns);
}

function corrupt(path: string, offset: number, what: string): AppError {
  return new AppError('CANDLE_FILE_CORRUPT', {
    rule: 'A mirror file must match its checksums.',
    found: `${path} at byte ${offset}: ${what}.`,
    todo: 'Remove the file; the mirror writes it anew from the candle store.',
  });
}

function vanished(path: string): AppError {
  return new AppError('CANDLES_NOT_FOUND', {
    rule: 'A mirror file lasts as long as a process uses it.',
    found: `${path}, which does not exist.`,
    todo: 'Take the path from a mirror that is open.',
  });
}
