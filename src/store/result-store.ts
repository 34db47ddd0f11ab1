// The result store: one JSON file per result, named by its hash, with a checksum of its own. docs/formats/result-file.md.
import { join } from 'node:path';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
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
  type StoredResult,
} from './result-file.ts';
import { findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';

export interface ResultStoreOptions {
  /** Results the store may hold. Default LIMITS.resultsMax. */
  readonly resultsMax?: number;
  /** Whether what was read for a list is kept for the next one, so that only files that changed are read again; no unless given. */
  readonly keepsList?: boolean;
  readonly disk?: Disk;
}

/** One file of the store: `head` when it is readable, else `damage` says what is wrong. */
export interface ResultStoreEntry {
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  readonly head?: ResultHead;
  readonly damage?: string;
}

/** Every method throws STORE_UNREADABLE when the disk fails. */
export interface ResultStore {
  /** All results, newest first (by createdAt, then id), damaged ones last. Bodies are not read and not verified. */
  list(): ResultStoreEntry[];
  /**
   * Stores a result under the first 16 hex digits of `resultHash` and answers that id; an equal result is replaced.
   * Errors: STORE_FULL when resultsMax are stored, STORE_UNWRITABLE, LIMIT_EXCEEDED when the summary is too long.
   */
  write(result: StoredResult, resultHash: string): string;
  /** Reads by id or by the start of one that no other has; verified. Errors: RESULT_NOT_FOUND, RESULT_CORRUPT. */
  read(idPrefix: string): { readonly id: string; readonly result: StoredResult };
  /** Whether there is a file of this whole id. */
  has(id: string): boolean;
  /** Removes by id or unique start; answers the id. Errors: RESULT_NOT_FOUND, STORE_UNWRITABLE. */
  remove(idPrefix: string): string;
  /** Keeps the newest `keep` sound results (0 to resultsMax), removes the older ones, and answers their ids. */
  prune(keep: number): string[];
  /** Removes temporary files that dead writers left and answers how many. */
  recover(endedThread?: number): number;
}

const FILE_NAME = /^([0-9a-f]{16})\.json$/;

/** Opens the store in `<root>/results`. Nothing is touched until a method is called; the first write makes folders. */
export function openResultStore(root: string, options: ResultStoreOptions = {}): ResultStore {
  const { resultsMax = LIMITS.resultsMax, keepsList = false, disk = REAL_DISK } = options;
  const known: KnownEntries | undefined = keepsList ? new Map() : undefined;
  return {
    list: () => reading(root, () => listResults(disk, root, known)),
    write: (result, resultHash) => writing(root, () => writeResult(disk, root, resultsMax, result, resultHash)),
    read: (idPrefix) =>
      reading(root, () => {
        const { id, path } = findResult(disk, root, idPrefix);
        return { id, result: readResultFile(path, disk) };
      }),
    has: (id) =>
      reading(root, () => {
        const folder = findFolder(disk, root, ['results']);
        const isId = FILE_NAME.test(`${id}.json`);
        return folder !== undefined && isId && disk.inspect(join(folder, `${id}.json`))?.kind === 'file';
      }),
    remove: (idPrefix) =>
      writing(root, () => {
        const { id, path } = findResult(disk, root, idPrefix);
        removeFiles(disk, root, [path]);
        return id;
      }),
    prune: (keep) => writing(root, () => pruneResults(disk, root, resultsMax, keep)),
    recover: (endedThread) =>
      writing(root, () => {
        const folder = findFolder(disk, root, ['results']);
        return folder === undefined ? 0 : removeAbandonedTemps(disk, folder, endedThread);
      }),
  };
}

/** Reads and verifies any result file, in a store or not. Errors: RESULT_NOT_FOUND, RESULT_CORRUPT, STORE_UNREADABLE. */
export function readResultFile(path: string, disk: Disk = REAL_DISK): StoredResult {
  const result = reading(path, () =>
    withFile(disk, path, (read, fileBytes) => {
      checkSize(path, fileBytes, RESULT_BYTES_MAX);
      const bytes = new Uint8Array(fileBytes);
      read(bytes, 0);
      return decodeResult(path, bytes);
    }),
  );
  if (result === undefined) throw notFound(path, 'no such file');
  return result;
}

function writeResult(disk: Disk, root: string, resultsMax: number, result: StoredResult, resultHash: string): string {
  assert(/^[0-9a-f]{64}$/.test(resultHash), 'a result hash is a SHA-256 in hex');
  const id = resultHash.slice(0, 16);
  const bytes = encodeResult(result);
  const folder = makeFolder(disk, root, ['results']);
  removeAbandonedTemps(disk, folder);
  const others = listIds(disk, folder).filter((other) => other !== id).length;
  if (others >= resultsMax) {
    throw new AppError('STORE_FULL', {
      rule: 'The result store must stay within its limit.',
      found: `${others} results are stored; the limit is ${resultsMax}.`,
      todo: 'Prune old results first.',
    });
  }
  durableWrite(disk, join(folder, `${id}.json`), [bytes]);
  return id;
}

function listIds(disk: Disk, folder: string): string[] {
  try {
    return disk.list(folder).flatMap(({ name, kind }) => (kind === 'file' ? (FILE_NAME.exec(name)?.[1] ?? []) : []));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** By id, with the version of the file it was read from. */
type KnownEntries = Map<string, { readonly version: string; readonly entry: ResultStoreEntry }>;

function listResults(disk: Disk, root: string, known?: KnownEntries): ResultStoreEntry[] {
  const folder = findFolder(disk, root, ['results']);
  if (folder === undefined) return [];
  const ids = listIds(disk, folder);
  if (known !== undefined) forgetOthers(known, ids);
  return ids
    .map((id) => {
      const path = join(folder, `${id}.json`);
      return known === undefined ? describe(disk, id, path) : describeOnce(disk, id, path, known);
    })
    .sort((a, b) => (b.head?.createdAt ?? -Infinity) - (a.head?.createdAt ?? -Infinity) || (a.id < b.id ? -1 : 1));
}

function forgetOthers(known: KnownEntries, ids: readonly string[]): void {
  const present = new Set(ids);
  for (const id of known.keys()) if (!present.has(id)) known.delete(id);
}

function describeOnce(disk: Disk, id: string, path: string, known: KnownEntries): ResultStoreEntry {
  // Asked before it is read: a file replaced in between is read again for the next list.
  const version = disk.inspect(path)?.version;
  const found = known.get(id);
  if (found !== undefined && found.version === version) return found.entry;
  const entry = describe(disk, id, path);
  if (version !== undefined) known.set(id, { version, entry });
  return entry;
}

function describe(disk: Disk, id: string, path: string): ResultStoreEntry {
  let bytes = 0;
  try {
    const head = withFile(disk, path, (read, fileBytes) => {
      bytes = fileBytes;
      const start = new Uint8Array(Math.min(fileBytes, HEAD_BYTES_MAX));
      read(start, 0);
      return decodeResultHead(path, start);
    });
    return head === undefined
      ? { id, path, bytes, damage: 'removed while it was being listed' }
      : { id, path, bytes, head };
  } catch (error) {
    if (error instanceof AppError) return { id, path, bytes, damage: error.found };
    throw error;
  }
}

function findResult(disk: Disk, root: string, idPrefix: string): { readonly id: string; readonly path: string } {
  const isPrefix = /^[0-9a-f]{1,16}$/.test(idPrefix);
  const folder = isPrefix ? findFolder(disk, root, ['results']) : undefined;
  const ids = folder === undefined ? [] : listIds(disk, folder).filter((id) => id.startsWith(idPrefix));
  if (folder === undefined || ids.length === 0) throw notFound(idPrefix, `no result with this id in ${root}`);
  if (ids.length > 1) throw notFound(idPrefix, `${ids.length} results start so: ${ids.sort().slice(0, 5).join(', ')}`);
  return { id: ids[0]!, path: join(folder, `${ids[0]}.json`) };
}

function notFound(name: string, what: string): AppError {
  return new AppError('RESULT_NOT_FOUND', {
    found: `${JSON.stringify(name.slice(0, 200))}: ${what}.`,
    todo: 'See `gridmill results` for the ids.',
  });
}

function pruneResults(disk: Disk, root: string, resultsMax: number, keep: number): string[] {
  assert(Number.isInteger(keep) && keep >= 0 && keep <= resultsMax, `keep is 0 to ${resultsMax}`);
  const sound = listResults(disk, root).filter(({ head }) => head !== undefined);
  const old = sound.slice(keep);
  removeFiles(
    disk,
    root,
    old.map(({ path }) => path),
  );
  return old.map(({ id }) => id);
}

function removeFiles(disk: Disk, root: string, paths: readonly string[]): void {
  const folder = findFolder(disk, root, ['results']);
  if (folder === undefined || paths.length === 0) return;
  for (const path of paths) {
    try {
      disk.remove(path);
    } catch (error) {
      // Someone else removed it first.
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  disk.syncFolder(folder);
}
