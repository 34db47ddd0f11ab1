// The files of a strategy on their way to other machines: by content, under the names they have beside each other.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { REAL_DISK } from '../store/disk.ts';
import { durableWrite, storeError } from '../store/durable-write.ts';
import { type ContentCache, type ContentRef, putContent } from './content.ts';
import type { ObjectStore } from './object-store.ts';

export interface StrategyFile extends ContentRef {
  /** From the folder that all files share, with `/`. */
  readonly name: string;
}

export interface StrategyFiles {
  /** The name that a run calls it by: a built-in one, or that of its file among `files`. */
  readonly name: string;
  readonly hash: string;
  /** None for a built-in. */
  readonly files: readonly StrategyFile[];
}

/** `paths`: absolute, that of the strategy itself first. Errors: those of putContent; LIMIT_EXCEEDED for too many files. */
export async function putStrategy(
  objects: ObjectStore,
  hash: string,
  paths: readonly [string, ...string[]],
): Promise<StrategyFiles> {
  if (paths.length > LIMITS.shardFilesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A strategy may consist of at most ${LIMITS.shardFilesMax.toLocaleString('en')} files.`,
      found: `${paths.length.toLocaleString('en')} files.`,
      todo: 'Import less.',
    });
  }
  const root = sharedFolder(paths);
  const nameOf = (path: string): string => relative(root, path).split(sep).join('/');
  const files: StrategyFile[] = [];
  for (const path of new Set(paths)) {
    const { sent: _, ...ref } = await putContent(objects, readFileSync(path));
    files.push({ ...ref, name: nameOf(path) });
  }
  return { name: nameOf(paths[0]), hash, files };
}

function sharedFolder(paths: readonly string[]): string {
  const split = paths.map((path) => dirname(path).split(sep));
  const [first = []] = split;
  let length = 0;
  while (length < first.length && split.every((parts) => parts[length] === first[length])) length++;
  return first.slice(0, length).join(sep) || sep;
}

/** Writes the files below `folder`, and answers what to load. Errors: those of the cache; STORE_FULL, STORE_UNWRITABLE; REQUEST_INVALID for names that lead elsewhere. */
export async function unpackStrategy(
  cache: ContentCache,
  { name, files }: StrategyFiles,
  folder: string,
): Promise<string> {
  for (const file of files) {
    const path = inside(folder, file.name);
    // Tasks of one machine start together and share the folder: a file is there whole or not at all.
    if (existsSync(path) && sha256Hex(readFileSync(path)) === file.hash) continue;
    makeFolder(dirname(path));
    durableWrite(REAL_DISK, path, [await cache.get(file)]);
  }
  return files.length === 0 ? name : inside(folder, name);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw storeError(cause, folder);
  }
}

/** A manifest may come from anywhere: none of its names leaves the folder. */
function inside(folder: string, name: string): string {
  const path = resolve(folder, name);
  const from = relative(folder, path);
  if (from !== '' && !from.startsWith('..') && !isAbsolute(from)) return join(folder, from);
  throw new AppError('REQUEST_INVALID', {
    rule: 'Files of a strategy lie below its folder.',
    found: JSON.stringify(name.slice(0, 80)),
    todo: 'Plan the shards again.',
  });
}
