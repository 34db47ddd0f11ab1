// Uploaded files: streamed into a folder of their own inside the store, bounded in size, gone when they have been used.
import { createWriteStream, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../core/errors.ts';
import { REAL_DISK } from './disk.ts';
import { storeError } from './durable-write.ts';
import { checkName, findFolder, makeFolder } from './store-folder.ts';

export interface Upload {
  readonly path: string;
  readonly bytes: number;
  remove(): void;
}

export interface UploadPlace {
  readonly root: string;
  /** One upload, one id. */
  readonly id: string;
  /** The name the file had where it came from. */
  readonly name: string;
  readonly bytesMax: number;
}

/** Errors: PATH_FORBIDDEN, LIMIT_EXCEEDED, STORE_FULL, STORE_UNWRITABLE; nothing is left of it then. */
export async function receiveUpload({ root, id, name, bytesMax }: UploadPlace, content: Readable): Promise<Upload> {
  const file = checkName(name, 'file');
  const folder = makeFolder(REAL_DISK, root, ['uploads', checkName(id, 'upload')]);
  const path = join(folder, file);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      yield chunk;
    }
  };
  try {
    // It is read at once and then removed, so nothing is lost by not syncing it.
    await pipeline(content, counted, createWriteStream(path, { flags: 'wx' }));
  } catch (error) {
    remove();
    throw storeError(error, root);
  }
  return { path, bytes, remove };
}

const ABANDONED_MS = 86_400_000;

/** Removes what dead processes left. */
export function removeAbandonedUploads(root: string, nowMs: number): void {
  const folder = findFolder(REAL_DISK, root, ['uploads']);
  if (folder === undefined) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
    if (nowMs - modified > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
}

const tooLarge = (bytesMax: number): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    rule: `An upload may have at most ${bytesMax.toLocaleString('en')} bytes.`,
    found: 'more.',
    todo: 'Pack it, or cut it into parts and import them with append.',
  });
