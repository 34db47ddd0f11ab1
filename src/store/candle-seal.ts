// The seal of a candle file: 40 bytes before the Arrow footer that vouch for everything outside the columns.
import { AppError } from '../core/errors.ts';
import { xxhash32 } from './xxhash32.ts';

// Layout, little-endian; docs/formats/candle-file.md draws it.
const MAGIC = 'GRIDMILL';
const AT = { version: 8, headBytes: 12, tailBytes: 16, headHash: 20, fileBytes: 24, tailHash: 32 } as const;
const SEAL_BYTES = 40;
const VERSION = 1;
/** The Arrow file ends with the footer, its length (int32) and `ARROW1`. */
const ARROW_END_BYTES = 10;
/** Bytes of everything before the columns, and of everything after them. */
export const ENVELOPE_BYTES_MAX = 1_048_576;

/** Reads `length` bytes at `offset` of the file; both lie inside it. */
export type ReadRange = (offset: number, length: number) => Uint8Array;

/** A file whose head (before the columns) and tail (after them) are as they were written. */
export interface Envelope {
  readonly head: Uint8Array;
  readonly bodyBytes: number;
}

export function candleFileCorrupt(path: string, part: string, offset: number, what: string, cause?: unknown): AppError {
  return new AppError('CANDLE_FILE_CORRUPT', {
    found: `${path}: ${part} at byte ${offset}: ${what}.`,
    todo: 'Remove the file and import the candles again.',
    cause,
  });
}

/**
 * Puts the seal into the tail of a new file, directly before the Arrow footer, and answers the new tail.
 * `arrowTail` is what follows the columns in the Arrow file; `head` and `bodyBytes` are what come before it.
 */
export function sealTail(head: Uint8Array, bodyBytes: number, arrowTail: Uint8Array): Uint8Array {
  const tail = new Uint8Array(arrowTail.byteLength + SEAL_BYTES);
  const sealAt = arrowTail.byteLength - ARROW_END_BYTES - footerBytes(arrowTail);
  tail.set(arrowTail.subarray(0, sealAt));
  tail.set(arrowTail.subarray(sealAt), sealAt + SEAL_BYTES);
  const seal = new DataView(tail.buffer, sealAt, SEAL_BYTES);
  for (let k = 0; k < MAGIC.length; k++) seal.setUint8(k, MAGIC.charCodeAt(k));
  seal.setUint32(AT.version, VERSION, true);
  seal.setUint32(AT.headBytes, head.byteLength, true);
  seal.setUint32(AT.tailBytes, tail.byteLength, true);
  seal.setUint32(AT.headHash, xxhash32(head), true);
  seal.setBigUint64(AT.fileBytes, BigInt(head.byteLength + bodyBytes + tail.byteLength), true);
  // The tail is hashed while this field is still zero.
  seal.setUint32(AT.tailHash, xxhash32(tail), true);
  return tail;
}

/** Checks the seal and with it every byte outside the columns. Errors: CANDLE_FILE_CORRUPT, CANDLE_FILE_UNREADABLE. */
export function openEnvelope(path: string, fileBytes: number, read: ReadRange): Envelope {
  const corrupt = (part: string, at: number, what: string): AppError => candleFileCorrupt(path, part, at, what);
  if (fileBytes < ARROW_END_BYTES + SEAL_BYTES) throw corrupt('file', fileBytes, 'it is cut off');
  const sealAt = fileBytes - ARROW_END_BYTES - SEAL_BYTES - footerBytes(read(fileBytes - ARROW_END_BYTES, 10));
  if (sealAt < 0 || sealAt > fileBytes - SEAL_BYTES) throw corrupt('end', fileBytes - ARROW_END_BYTES, 'no footer');
  const sealed = read(sealAt, SEAL_BYTES);
  const seal = new DataView(sealed.buffer, sealed.byteOffset, SEAL_BYTES);
  for (let k = 0; k < MAGIC.length; k++) {
    if (seal.getUint8(k) !== MAGIC.charCodeAt(k))
      throw corrupt('seal', sealAt, 'not found; the file is cut or foreign');
  }
  const headBytes = seal.getUint32(AT.headBytes, true);
  const tailBytes = seal.getUint32(AT.tailBytes, true);
  const recorded = seal.getBigUint64(AT.fileBytes, true);
  if (recorded !== BigInt(fileBytes))
    throw corrupt('seal', sealAt, `file of ${fileBytes} bytes instead of ${recorded}`);
  const tailAt = fileBytes - tailBytes;
  const sizesFit = headBytes <= ENVELOPE_BYTES_MAX && tailBytes <= ENVELOPE_BYTES_MAX && headBytes <= tailAt;
  if (!sizesFit || tailAt > sealAt) throw corrupt('seal', sealAt, 'the sizes it names do not fit the file');

  const tail = read(tailAt, tailBytes).slice();
  new DataView(tail.buffer).setUint32(sealAt - tailAt + AT.tailHash, 0, true);
  if (xxhash32(tail) !== seal.getUint32(AT.tailHash, true)) throw corrupt('tail', tailAt, 'the checksum differs');
  const head = read(0, headBytes);
  if (xxhash32(head) !== seal.getUint32(AT.headHash, true)) throw corrupt('head', 0, 'the checksum differs');
  const version = seal.getUint32(AT.version, true);
  if (version !== VERSION) {
    throw new AppError('CANDLE_FILE_UNREADABLE', {
      found: `${path} has format version ${version}; this Gridmill reads ${VERSION}.`,
      todo: 'Import the candles again, or use a newer Gridmill.',
    });
  }
  return { head, bodyBytes: tailAt - headBytes };
}

/** The footer length that the last 10 bytes state. */
function footerBytes(end: Uint8Array): number {
  return new DataView(end.buffer, end.byteOffset + end.byteLength - ARROW_END_BYTES).getInt32(0, true);
}
