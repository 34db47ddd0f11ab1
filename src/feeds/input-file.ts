// Opens an input file, unpacks gzip and zip, and gives its bytes in chunks within a limit.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { inputFault, reasonOf } from './input-fault.ts';
import { unzipOnly } from './zip-entry.ts';

const CHUNK_BYTES = 1 << 20;
/** Zip archives are read whole. */
const ARCHIVE_BYTES_MAX = 2 ** 30;

export interface InputFile {
  readonly path: string;
  /** Bytes on disk. */
  readonly size: number;
  readonly packed: 'no' | 'gzip' | 'zip';
  /** The first bytes after unpacking, at least 8 unless the content is shorter. */
  readonly head: Uint8Array;
  /** The whole content after unpacking, from its start. To be read once. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Errors: CANDLES_NOT_FOUND, CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED (also later, while chunks are read). */
export async function openInputFile(path: string, bytesMax: number = LIMITS.inputBytesMax): Promise<InputFile> {
  const { size, head } = await readHead(path);
  const packed = head[0] === 0x1f && head[1] === 0x8b ? 'gzip' : isZip(head) ? 'zip' : 'no';
  if (packed === 'no' && size > bytesMax) throw tooLarge(path, bytesMax);
  const chunks = limited(path, unpacked(path, size, packed, bytesMax), bytesMax);
  if (packed === 'no') return { path, size, packed, head, chunks };
  const first = await chunks.next();
  const inner = first.done === true ? new Uint8Array(0) : first.value;
  if ((inner[0] === 0x1f && inner[1] === 0x8b) || isZip(inner)) {
    await chunks.return(undefined);
    throw inputFault('CANDLE_FILE_UNREADABLE', path, undefined, 'an archive inside an archive', 'Unpack it once.');
  }
  return { path, size, packed, head: inner.subarray(0, 64), chunks: startingWith(inner, chunks) };
}

/** The whole content as one buffer. Errors: LIMIT_EXCEEDED beyond what one buffer may hold here. */
export async function readWhole(input: InputFile, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of input.chunks) {
    bytes += part.length;
    if (bytes > bytesMax) throw tooLarge(input.path, bytesMax);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const isZip = (head: Uint8Array): boolean => head[0] === 0x50 && head[1] === 0x4b && head[2]! <= 8 && head[3]! <= 8;

const tooLarge = (path: string, bytesMax: number): AppError =>
  inputFault('LIMIT_EXCEEDED', path, undefined, `the content is larger than ${bytesMax} bytes`, 'Split the file.');

async function readHead(path: string): Promise<{ size: number; head: Uint8Array }> {
  try {
    const about = await stat(path);
    if (!about.isFile()) {
      throw inputFault('CANDLE_FILE_UNREADABLE', path, undefined, 'this is no regular file', 'Name a file.');
    }
    const handle = await open(path, 'r');
    try {
      const head = new Uint8Array(64);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      return { size: about.size, head: head.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError('CANDLES_NOT_FOUND', { found: `${path}.`, todo: 'Check the path.', cause: error });
  }
  const found = code.startsWith('Z_') ? `the gzip data is damaged or cut off (${reasonOf(error)})` : reasonOf(error);
  return inputFault('CANDLE_FILE_UNREADABLE', path, undefined, found, 'Get the file again.', error);
}

async function* unpacked(
  path: string,
  size: number,
  packed: 'no' | 'gzip' | 'zip',
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    if (packed === 'gzip') {
      const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
      // A failure reaches the loop below through the stream itself; here it is only kept from being unhandled.
      pipeline(file, gunzip).catch(() => undefined);
      for await (const chunk of gunzip) yield chunk as Uint8Array;
      return;
    }
    if (packed === 'no') {
      for await (const chunk of file) yield chunk as Uint8Array;
      return;
    }
    if (size > ARCHIVE_BYTES_MAX) throw tooLarge(path, ARCHIVE_BYTES_MAX);
    const parts: Uint8Array[] = [];
    for await (const chunk of file) parts.push(chunk as Uint8Array);
    yield unzipOnly(path, Buffer.concat(parts), Math.min(bytesMax, ARCHIVE_BYTES_MAX)).content;
  } catch (error) {
    throw fileError(path, error);
  } finally {
    file.destroy();
  }
}

/** Passes chunks on until they exceed the limit: it is the output that counts, whatever the archive says of itself. */
async function* limited(path: string, chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(path, bytesMax);
    yield chunk;
  }
}

async function* startingWith(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}
