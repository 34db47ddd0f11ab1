// Bytes named by their content: put once however often, kept on the node that fetched them, checked whenever they are read.
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { REAL_DISK } from '../store/disk.ts';
import { removeAbandonedTemps } from '../store/durable-write.ts';
import { openFileObjects } from './file-objects.ts';
import type { ObjectStore } from './object-store.ts';

/** Bytes of the shared place, by the SHA-256 of what they are. */
export interface ContentRef {
  readonly hash: string;
  readonly bytes: number;
}

const keyOf = (hash: string): string => `content/${hash}`;

/** Answers where the bytes are, and how many had to be sent. Errors: those of the store; OBJECT_CORRUPT when other bytes hold the name. */
export async function putContent(
  objects: ObjectStore,
  bytes: Uint8Array,
): Promise<ContentRef & { readonly sent: number }> {
  const hash = sha256Hex(bytes);
  const ref = { hash, bytes: bytes.byteLength };
  const found = await objects.head(keyOf(hash));
  if (found?.bytes === ref.bytes) return { ...ref, sent: 0 };
  // What is named by its content is the same whoever wrote it last: only that can go in parts, whose completion knows no condition.
  if (found === undefined && ref.bytes > LIMITS.objectPartBytes) await objects.put(keyOf(hash), bytes);
  else if ((await objects.create(keyOf(hash), bytes)) === 'taken') throw corrupt(objects, hash);
  return { ...ref, sent: ref.bytes };
}

/** Content that a machine needs again and again: kept in a folder of its own, up to a number of bytes. */
export interface ContentCache {
  get(ref: ContentRef): Promise<Uint8Array>;
}

/**
 * What does not fit drives out what was used longest ago; what cannot be kept, on a full disk say, is fetched again.
 * Errors of `get`: those of the store; OBJECT_CORRUPT for bytes of another hash, or none.
 */
export function cacheContent(
  objects: ObjectStore,
  folder: string,
  clock: Pick<Clock, 'wallMs'>,
  bytesMax: number = LIMITS.contentCacheBytesMax,
): ContentCache {
  const kept = openFileObjects(folder);
  const keep = async (hash: string, bytes: Uint8Array): Promise<void> => {
    if (bytes.byteLength > bytesMax) return;
    try {
      makeRoom(folder, bytesMax - bytes.byteLength);
      await kept.put(hash, bytes);
      markUsed(join(folder, hash), clock.wallMs());
    } catch {
      // A cache costs the next fetch at worst, never this one.
    }
  };
  return {
    async get({ hash, bytes }) {
      const here = await kept.get(hash, Math.max(bytes, 1)).catch(() => undefined);
      if (here !== undefined && sha256Hex(here) === hash) {
        markUsed(join(folder, hash), clock.wallMs());
        return here;
      }
      const there = await objects.get(keyOf(hash), Math.max(bytes, 1));
      if (there === undefined || sha256Hex(there) !== hash) throw corrupt(objects, hash);
      await keep(hash, there);
      return there;
    },
  };
}

/** Removes what was used longest ago until so many bytes are left. Other processes remove too: what is gone is fine. */
function makeRoom(folder: string, bytesLeft: number): void {
  if (!existsSync(folder)) return;
  removeAbandonedTemps(REAL_DISK, folder);
  const files = readdirSync(folder).flatMap((name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return found?.isFile() === true ? [{ path: join(folder, name), bytes: found.size, usedMs: found.mtimeMs }] : [];
  });
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (total <= bytesLeft) return;
    rmSync(path, { force: true });
    total -= bytes;
  }
}

function markUsed(path: string, nowMs: number): void {
  try {
    utimesSync(path, nowMs / 1000, nowMs / 1000);
  } catch {
    // Driven out in between, or not ours to mark.
  }
}

export const contentFolder = (storeRoot: string): string => join(storeRoot, 'cache', 'content');

const corrupt = ({ uri }: ObjectStore, hash: string): AppError =>
  new AppError('OBJECT_CORRUPT', {
    found: `no bytes of that hash at ${uri}/${keyOf(hash)}.`,
    todo: 'Remove that object, and plan the shards again.',
  });
