// Files the user asked for: whether they can be written is known before the work, and each appears whole or not at all.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { REAL_DISK } from '../store/disk.ts';
import { durableWrite } from '../store/durable-write.ts';

/** The absolute path of an output file. Errors: STORE_UNWRITABLE when its folder is missing or cannot be written. */
export function outputPath(folder: string, name: string): string {
  const path = resolve(folder, name);
  const parent = dirname(path);
  const refuse = (found: string): AppError =>
    new AppError('STORE_UNWRITABLE', {
      rule: 'The folder of an output file must exist and be writable.',
      found,
      todo: 'Create the folder, or name another file.',
    });
  if (!existsSync(parent) || !statSync(parent).isDirectory()) throw refuse(`no folder ${parent}.`);
  if (existsSync(path) && statSync(path).isDirectory()) throw refuse(`${path}, which is a folder.`);
  try {
    accessSync(parent, constants.W_OK);
  } catch {
    throw refuse(`${parent}, which cannot be written.`);
  }
  return path;
}

/** Errors: STORE_UNWRITABLE when the store folder, or the nearest one above it that exists, cannot be written. */
export function checkStoreWritable(storeRoot: string): void {
  let folder = storeRoot;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new AppError('STORE_UNWRITABLE', {
      found: `${folder}, which cannot be written.`,
      todo: 'Set GRIDMILL_HOME to a folder of yours, or add --no-save to keep no result.',
      cause,
    });
  }
}

/** Writes text or bytes as one file that appears whole. Errors: STORE_FULL, STORE_UNWRITABLE. */
export function writeOutput(path: string, content: string | readonly Uint8Array[]): void {
  durableWrite(REAL_DISK, path, typeof content === 'string' ? [Buffer.from(content)] : content);
}
