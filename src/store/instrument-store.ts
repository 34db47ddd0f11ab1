// Lists of instruments in the store: one file per exchange, written durably, read only when its checksum agrees.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { canonicalJson, hashJson, type Json, sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Disk, REAL_DISK } from './disk.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import { checkName, findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';

export interface StoredInstruments {
  readonly exchange: string;
  /** Name of the file that it came from. */
  readonly source: string;
  /** Epoch ms. */
  readonly storedAt: number;
  readonly instruments: readonly Instrument[];
  /** SHA-256 of the instruments. */
  readonly hash: string;
}

export interface InstrumentStore {
  /** Replaces the list of its exchange. Errors: PATH_FORBIDDEN, STORE_FULL, STORE_UNWRITABLE. */
  write(list: Omit<StoredInstruments, 'hash'>): StoredInstruments;
  /** Undefined when none is stored. Errors: INSTRUMENTS_CORRUPT, STORE_UNREADABLE. */
  read(exchange: string): StoredInstruments | undefined;
  /** Exchanges with a list, sorted. */
  list(): string[];
}

const FOLDER = 'instruments';
const FILE_NAME = /^([A-Za-z0-9_-][A-Za-z0-9._-]{0,63})\.json$/;
/** Two lines: the hash of all bytes after the first, and the list. */
const LINE_1 = /^\{"format":"gridmill-instruments","sha256":"([0-9a-f]{64})",\n/;

export const instrumentsHash = (instruments: readonly Instrument[]): string => hashJson(instruments as unknown as Json);

/** Opens the store in `<root>/instruments`. Nothing is touched until a method is called. */
export function openInstrumentStore(root: string, disk: Disk = REAL_DISK): InstrumentStore {
  return {
    write: (list) =>
      writing(root, () => {
        const name = checkName(list.exchange, 'exchange');
        const folder = makeFolder(disk, root, [FOLDER]);
        removeAbandonedTemps(disk, folder);
        const stored = { ...list, hash: instrumentsHash(list.instruments) };
        durableWrite(disk, join(folder, `${name}.json`), [encode(stored)]);
        return stored;
      }),
    read: (exchange) =>
      reading(root, () => {
        const folder = findFolder(disk, root, [FOLDER]);
        if (folder === undefined) return undefined;
        const path = join(folder, `${checkName(exchange, 'exchange')}.json`);
        return withFile(disk, path, (read, fileBytes) => {
          if (fileBytes > LIMITS.instrumentBytesMax) throw corrupt(path, `${fileBytes} bytes`);
          const bytes = new Uint8Array(fileBytes);
          read(bytes, 0);
          return decode(path, bytes);
        });
      }),
    list: () =>
      reading(root, () => {
        const folder = findFolder(disk, root, [FOLDER]);
        const entries = folder === undefined ? [] : disk.list(folder);
        return entries.flatMap(({ name, kind }) => (kind === 'file' ? (FILE_NAME.exec(name)?.[1] ?? []) : [])).sort();
      }),
  };
}

function encode(stored: StoredInstruments): Uint8Array {
  const rest = Buffer.from(`${canonicalJson(stored as unknown as Json).slice(1)}\n`);
  return Buffer.concat([Buffer.from(`{"format":"gridmill-instruments","sha256":"${sha256Hex(rest)}",\n`), rest]);
}

function decode(path: string, bytes: Uint8Array): StoredInstruments {
  const text = new TextDecoder().decode(bytes);
  const match = LINE_1.exec(text);
  if (match === null) throw corrupt(path, 'the first line is not that of a list of instruments');
  const found = sha256Hex(bytes.subarray(match[0].length));
  if (found !== match[1]) throw corrupt(path, 'the checksum differs');
  return JSON.parse(`{${text.slice(match[0].length)}`) as StoredInstruments;
}

const corrupt = (path: string, what: string): AppError =>
  new AppError('INSTRUMENTS_CORRUPT', {
    found: `${path}: ${what}.`,
    todo: 'Import the list again: gridmill data instruments import FILE --exchange NAME.',
  });
