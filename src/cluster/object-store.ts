// The place that machines of a cluster share: objects by key, in a folder or in S3. What each operation promises is said here once.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
}

/**
 * How a create-only write ended. `created`: this call made the object. `same`: it was there with these bytes, which is also
 * what a repeated call finds whose answer was lost. `taken`: it was there with other bytes, and stays as it was.
 */
export type Creation = 'created' | 'same' | 'taken';

/**
 * Objects are whole or absent: a reader never sees half of one, and what a call has answered survives the machine it ran on.
 * All operations throw OBJECTS_UNREACHABLE when the place does not answer after bounded retries, OBJECTS_REFUSED when it
 * forbids the operation, and OBJECT_CORRUPT when bytes arrive that are not those that were put.
 */
export interface ObjectStore {
  /** The place itself, as it was named. */
  readonly uri: string;
  /** Writes an object that must not be there yet; of several at once, one makes it. */
  create(key: string, bytes: Uint8Array): Promise<Creation>;
  /** Writes an object, or replaces the one that is there. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** All bytes of an object, checked; undefined when there is none. Errors: LIMIT_EXCEEDED beyond `bytesMax`. */
  get(key: string, bytesMax?: number): Promise<Uint8Array | undefined>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose keys begin with `prefix`, by key. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes an object; one that is not there is fine. */
  remove(key: string): Promise<void>;
  close(): void;
}

/** Folders and names of plain characters: they mean the same in a folder, in a bucket, in a URL and in a shell. */
const KEY = /^[A-Za-z0-9_=+-][A-Za-z0-9._=+-]*(?:\/[A-Za-z0-9_=+-][A-Za-z0-9._=+-]*)*$/;

/** Errors: REQUEST_INVALID. */
export function checkKey(key: string): string {
  if (key.length <= LIMITS.objectKeyMax && KEY.test(key)) return key;
  throw new AppError('REQUEST_INVALID', {
    rule: `The key of an object has at most ${LIMITS.objectKeyMax} letters, digits and . _ = + - in parts that do not begin with a dot.`,
    found: JSON.stringify(key.slice(0, 80)),
    todo: 'Choose another name.',
  });
}

/** Errors: LIMIT_EXCEEDED. */
export function checkBytes(key: string, bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: `The object ${key} may have at most ${bytesMax.toLocaleString('en')} bytes.`,
    found: `${bytes.toLocaleString('en')} bytes.`,
    todo: 'See who wrote it.',
  });
}

export interface ObjectPlace {
  readonly kind: 'file' | 's3';
  /** Of `file`: the folder, absolute. Of `s3`: the bucket. */
  readonly root: string;
  /** Of `s3`: what all keys begin with, without slashes at its ends; empty for none. */
  readonly prefix: string;
}

/** `file:///shared/runs` or `s3://bucket/runs`. Errors: REQUEST_INVALID. */
export function parseObjectUri(text: string): ObjectPlace {
  const file = decoded(/^file:\/\/(\/.+?)\/*$/.exec(text)?.[1]);
  if (file !== undefined) return { kind: 'file', root: file, prefix: '' };
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/*$/.exec(text) ?? [];
  if (bucket !== undefined) return { kind: 's3', root: bucket, prefix: prefix === '' ? '' : checkKey(prefix) };
  throw new AppError('REQUEST_INVALID', {
    rule: 'A shared place is a URI: file:///an/absolute/folder or s3://bucket/prefix.',
    found: JSON.stringify(text.slice(0, 80)),
    todo: 'Name one that all machines reach.',
  });
}

/** Undefined for what is no encoding of anything. */
function decoded(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The URI of a folder: what parseObjectUri reads back, whatever its name. */
export const fileUri = (folder: string): string => `file://${folder.split('/').map(encodeURIComponent).join('/')}`;

/** How to reach a place in S3, where that is not what the client finds by itself. */
export interface ObjectSettings {
  readonly endpoint?: string;
  readonly region?: string;
}
