// Finds the one data file inside a zip archive and unpacks it, bounded by a limit and checked against its CRC.
import { crc32, inflateRawSync } from 'node:zlib';
import { inputFault, reasonOf, shown } from './input-fault.ts';

const DIRECTORY_END = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const ENTRIES_MAX = 1_000;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

/**
 * The content of the only file in `archive`, which is read through its central directory. Folders and the resource
 * files of macOS do not count. Names are never used as paths. Errors: CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED.
 */
export function unzipOnly(file: string, archive: Buffer, bytesMax: number): { name: string; content: Buffer } {
  const fault = (found: string, cause?: unknown): Error =>
    inputFault('CANDLE_FILE_UNREADABLE', file, undefined, found, 'Give a zip with one CSV or JSON file in it.', cause);
  const files = listEntries(archive, fault).filter(({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'));
  const entry = files[0];
  if (entry === undefined || files.length > 1) {
    throw fault(
      `the archive holds ${files.length} files (${files
        .slice(0, 5)
        .map(({ name }) => shown(name))
        .join(', ')})`,
    );
  }
  if (entry.encrypted) throw fault(`${shown(entry.name)} is encrypted`);
  if (entry.bytes > bytesMax) throw tooLarge(file, entry.name, bytesMax);
  if (entry.offset + 30 > archive.length || archive.readUInt32LE(entry.offset) !== LOCAL_ENTRY) {
    throw fault(`the archive is damaged at byte ${entry.offset}`);
  }
  const start = entry.offset + 30 + archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28);
  const packed = archive.subarray(start, start + entry.packedBytes);
  if (packed.length < entry.packedBytes) throw fault('the archive is cut off');
  const content = unpack(file, entry, packed, bytesMax, fault);
  if (content.length !== entry.bytes || crc32(content) !== entry.crc)
    throw fault(`${shown(entry.name)} fails its checksum`);
  return { name: entry.name, content };
}

function unpack(
  file: string,
  entry: Entry,
  packed: Buffer,
  bytesMax: number,
  fault: (found: string, cause?: unknown) => Error,
): Buffer {
  if (entry.method === 0) return packed;
  if (entry.method !== 8) throw fault(`${shown(entry.name)} is packed by method ${entry.method}, not by deflate`);
  try {
    // The output is bounded, not the declared size: a bomb lies about that.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, Math.min(entry.bytes, bytesMax)) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      if (entry.bytes >= bytesMax) throw tooLarge(file, entry.name, bytesMax);
      throw fault(`${shown(entry.name)} is larger than the ${entry.bytes} bytes it declares`);
    }
    throw fault(`${shown(entry.name)} does not unpack (${reasonOf(error)})`, error);
  }
}

const tooLarge = (file: string, name: string, bytesMax: number): Error =>
  inputFault(
    'LIMIT_EXCEEDED',
    file,
    undefined,
    `${shown(name)} unpacks to more than ${bytesMax} bytes`,
    'Split the file.',
  );

function listEntries(archive: Buffer, fault: (found: string) => Error): Entry[] {
  // The end record is 22 bytes plus a comment of at most 65,535.
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + 22 > archive.length || archive.readUInt32LE(end) !== DIRECTORY_END) {
    throw fault('the archive is cut off: its directory is missing');
  }
  const count = archive.readUInt16LE(end + 10);
  if (count > ENTRIES_MAX) throw fault(`the archive holds ${count} files`);
  const entries: Entry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      throw fault('the directory of the archive is damaged, or it is a zip64 archive');
    }
    const nameLength = archive.readUInt16LE(at + 28);
    entries.push({
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      encrypted: (archive.readUInt16LE(at + 8) & 1) === 1,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packedBytes: archive.readUInt32LE(at + 20),
      bytes: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}
