// The folder of strategy files that requests may name: what is in it, and files put there whole, never over others unasked.
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { systemCode } from './disk.ts';
import { storeError } from './durable-write.ts';
import { checkName, reading } from './store-folder.ts';

/** Of files that the loader reads. */
const FILE_NAME = /^[A-Za-z0-9].*\.([cm]?[jt]s|ya?ml|json)$/;
/** What lies beside them for editors and package managers. */
const OTHER_FILES = /\.d\.[cm]?ts$|^(package(-lock)?|tsconfig(\..*)?)\.json$/;
const isStrategyName = (name: string): boolean => FILE_NAME.test(name) && !OTHER_FILES.test(name);

export interface StrategyFile {
  readonly name: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** By name, at most LIMITS.strategyFilesMax; none where there is no such folder. Errors: STORE_UNREADABLE. */
export function listStrategyFiles(folder: string): StrategyFile[] {
  return reading(folder, () => {
    const names = namesIn(folder).filter(isStrategyName).sort().slice(0, LIMITS.strategyFilesMax);
    return names.flatMap((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return found?.isFile() === true ? [{ name, bytes: found.size, changedAtMs: Math.round(found.mtimeMs) }] : [];
    });
  });
}

export interface NewStrategy {
  readonly folder: string;
  readonly name: string;
  readonly content: Uint8Array;
  /** Whether it may take the place of a file of that name. */
  readonly replace: boolean;
  /** One write, one id. */
  readonly id: string;
}

/**
 * Puts a file there; readers see it whole or not at all. Answers whether one of that name was there before.
 * Errors: PATH_FORBIDDEN for a name that is none of a strategy file, REQUEST_INVALID for one that is taken, STORE_FULL,
 * STORE_UNWRITABLE.
 */
export function putStrategyFile({ folder, name, content, replace, id }: NewStrategy): { readonly replaced: boolean } {
  const path = join(folder, strategyFileName(name));
  const temporary = join(folder, `.${name}.${checkName(id, 'the upload')}.tmp`);
  try {
    mkdirSync(folder, { recursive: true });
    const there = namesIn(folder);
    const isThere = there.includes(name);
    if (!isThere && there.length >= LIMITS.strategyFilesMax) throw folderIsFull(there.length);
    try {
      writeWhole(temporary, content);
      if (replace) renameSync(temporary, path);
      // Unlike a rename, a link is refused where there is a file already, whoever was faster.
      else linkSync(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
    sync(folder);
    return { replaced: isThere };
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw isTaken(name);
    throw storeError(error, folder);
  }
}

/** Answers the name of a file that the loader reads, inside a folder. Errors: PATH_FORBIDDEN. */
function strategyFileName(name: string): string {
  if (isStrategyName(checkName(name, 'the strategy'))) return name;
  throw new AppError('PATH_FORBIDDEN', {
    rule: 'A strategy file ends in .ts, .mts, .js, .mjs, .yml, .yaml or .json.',
    found: `${JSON.stringify(name)}.`,
    todo: 'Give it the ending of what it is.',
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function writeWhole(path: string, content: Uint8Array): void {
  const handle = openSync(path, 'wx');
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function sync(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const isTaken = (name: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A strategy file is not replaced by another unasked.',
    found: `a file ${name} already.`,
    todo: 'Choose another name, or add replace=true.',
  });

const folderIsFull = (count: number): AppError =>
  new AppError('STORE_FULL', {
    rule: 'The strategies folder must stay within its limit of files.',
    found: `${count} files; the limit is ${LIMITS.strategyFilesMax}.`,
    todo: 'Remove some of them.',
  });
