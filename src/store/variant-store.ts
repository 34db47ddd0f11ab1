// Variants kept under a name: one file each with a checksum, written durably, bounded in number.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import {
  checkSize,
  decodeResult,
  decodeResultHead,
  encodeResult,
  HEAD_BYTES_MAX,
  RESULT_BYTES_MAX,
  type ResultHead,
  type ResultSummary,
} from './result-file.ts';
import { checkName, findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';

export interface StoredVariant {
  readonly name: string;
  /** Epoch ms UTC. */
  readonly createdAt: number;
  readonly summary: ResultSummary;
  readonly body: Json;
}

/** One file of the store: `head` when it is readable, else `damage` says what is wrong. */
export interface VariantEntry {
  readonly name: string;
  readonly head?: ResultHead;
  readonly damage?: string;
}

/** Every method throws STORE_UNREADABLE when the disk fails, and PATH_FORBIDDEN for what is no name. */
export interface VariantStore {
  /** Newest first, then by name; damaged ones last. Bodies are not read and not verified. */
  list(): VariantEntry[];
  /** Undefined when there is none of that name; verified. Errors: RESULT_CORRUPT. */
  find(name: string): StoredVariant | undefined;
  /** Replaces what has the name. Errors: STORE_FULL when variantsMax others are stored, STORE_UNWRITABLE, LIMIT_EXCEEDED. */
  write(variant: StoredVariant): void;
  /** Whether there was one. Errors: STORE_UNWRITABLE. */
  remove(name: string): boolean;
}

export interface VariantStoreOptions {
  /** Variants the store may hold. Default LIMITS.variantsMax. */
  readonly variantsMax?: number;
  readonly disk?: Disk;
}

const FOLDER = ['variants'];
const ENDING = '.json';

/** The store in `<root>/variants`. Nothing is touched until a method is called; the first write makes folders. */
export function openVariantStore(root: string, options: VariantStoreOptions = {}): VariantStore {
  const { variantsMax = LIMITS.variantsMax, disk = REAL_DISK } = options;
  const pathOf = (folder: string, name: string): string => join(folder, `${checkName(name, 'the variant')}${ENDING}`);
  return {
    list: () => reading(root, () => listVariants(disk, root)),
    find: (name) =>
      reading(root, () => {
        checkName(name, 'the variant');
        const folder = findFolder(disk, root, FOLDER);
        return folder === undefined ? undefined : readVariant(disk, pathOf(folder, name), name);
      }),
    write: ({ name, createdAt, summary, body }) =>
      writing(root, () => {
        const bytes = encodeResult({ format: 'gridmill-result', createdAt, summary, body });
        checkName(name, 'the variant');
        const folder = makeFolder(disk, root, FOLDER);
        removeAbandonedTemps(disk, folder);
        const others = namesIn(disk, folder).filter((other) => other !== name).length;
        if (others >= variantsMax) throw isFull(others, variantsMax);
        durableWrite(disk, pathOf(folder, name), [bytes]);
      }),
    remove: (name) =>
      writing(root, () => {
        checkName(name, 'the variant');
        const folder = findFolder(disk, root, FOLDER);
        return folder !== undefined && removeFile(disk, folder, pathOf(folder, name));
      }),
  };
}

/** What was put there by hand under another kind of name is none of ours. */
function namesIn(disk: Disk, folder: string): string[] {
  return disk.list(folder).flatMap(({ name, kind }) => {
    const stem = name.slice(0, -ENDING.length);
    const isOurs = kind === 'file' && name.endsWith(ENDING) && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(stem);
    return isOurs ? [stem] : [];
  });
}

function listVariants(disk: Disk, root: string): VariantEntry[] {
  const folder = findFolder(disk, root, FOLDER);
  if (folder === undefined) return [];
  return namesIn(disk, folder)
    .flatMap((name) => describe(disk, join(folder, `${name}${ENDING}`), name))
    .sort((a, b) => (b.head?.createdAt ?? -Infinity) - (a.head?.createdAt ?? -Infinity) || (a.name < b.name ? -1 : 1));
}

function describe(disk: Disk, path: string, name: string): VariantEntry[] {
  try {
    const head = withFile(disk, path, (read, fileBytes) => {
      const start = new Uint8Array(Math.min(fileBytes, HEAD_BYTES_MAX));
      read(start, 0);
      return decodeResultHead(path, start);
    });
    // Somebody removed it while it was listed.
    return head === undefined ? [] : [{ name, head }];
  } catch (error) {
    if (error instanceof AppError) return [{ name, damage: error.found }];
    throw error;
  }
}

function readVariant(disk: Disk, path: string, name: string): StoredVariant | undefined {
  return withFile(disk, path, (read, fileBytes) => {
    checkSize(path, fileBytes, RESULT_BYTES_MAX);
    const bytes = new Uint8Array(fileBytes);
    read(bytes, 0);
    const { createdAt, summary, body } = decodeResult(path, bytes);
    return { name, createdAt, summary, body };
  });
}

function removeFile(disk: Disk, folder: string, path: string): boolean {
  try {
    disk.remove(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  disk.syncFolder(folder);
  return true;
}

const isFull = (count: number, limit: number): AppError =>
  new AppError('STORE_FULL', {
    rule: 'The store must stay within its limit of variants.',
    found: `${count} variants are stored; the limit is ${limit}.`,
    todo: 'Remove old ones: gridmill variants remove NAME.',
  });
