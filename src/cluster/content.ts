// Bytes named by their content: put once however often, kept on the node that fetched them, checked whenever they are read.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
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
  if ((await objects.create(keyOf(hash), bytes)) === 'taken') throw corrupt(objects, hash);
  return { ...ref, sent: ref.bytes };
}

/** Content that a machine needs again and again: kept in a folder of its own, up to a number of bytes. */
export interface ContentCache {
  get(ref: ContentRef): Promise<Uint8Array>;
}

/** Errors of `get`: those of the store; OBJECT_CORRUPT for bytes of another hash, or none. */
export function cacheContent(objects: ObjectStore, folder: string): ContentCache {
  const kept = openFileObjects(folder);
  return {
    async get({ hash, bytes }) {
      const here = await kept.get(hash, Math.max(bytes, 1)).catch(() => undefined);
      if (here !== undefined && sha256Hex(here) === hash) return here;
      const there = await objects.get(keyOf(hash), Math.max(bytes, 1));
      if (there === undefined || sha256Hex(there) !== hash) throw corrupt(objects, hash);
      let total = bytes;
      for await (const other of kept.list('')) total += other.bytes;
      // A full cache costs the next fetch; what is in it is not known to be less wanted.
      if (total <= LIMITS.contentCacheBytesMax) await kept.put(hash, there);
      return there;
    },
  };
}

export const contentFolder = (storeRoot: string): string => join(storeRoot, 'cache', 'content');

const corrupt = ({ uri }: ObjectStore, hash: string): AppError =>
  new AppError('OBJECT_CORRUPT', {
    found: `no bytes of that hash at ${uri}/${keyOf(hash)}.`,
    todo: 'Remove that object, and plan the shards again.',
  });
