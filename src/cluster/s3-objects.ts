// Objects in S3, or in a server that speaks it, through the official client: conditional create, checks of what arrives, bounded retries.
import type * as Sdk from '@aws-sdk/client-s3';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { type Creation, checkBytes, checkKey, type ObjectInfo, type ObjectStore } from './object-store.ts';

export interface S3Options {
  readonly bucket: string;
  /** What all keys begin with; empty for none. */
  readonly prefix: string;
  /** Another server than that of AWS, such as http://127.0.0.1:9000. Credentials come from the client's own chain. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Ends a pause between two calls of one operation; setTimeout unless given. */
  readonly sleep?: (ms: number) => Promise<void>;
}

const CONNECT_MS = 5_000;
/** Silence of the server; the bytes of a large part take longer than that. */
const SILENCE_MS = 30_000;
const PAUSE_MS = 100;
/** Metadata of our own beside each object, so that equal bytes are seen without reading them. */
const HASH_NAME = 'sha256';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Errors: DEPENDENCY_MISSING without the package @aws-sdk/client-s3. */
export async function openS3Objects(options: S3Options): Promise<ObjectStore> {
  const { bucket: Bucket, prefix, endpoint, region, sleep = wait } = options;
  const sdk = await loadSdk();
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    maxAttempts: LIMITS.objectAttemptsMax,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
  const fullKey = (key: string): string => (prefix === '' ? checkKey(key) : `${prefix}/${checkKey(key)}`);
  const ownKey = (key: string): string => (prefix === '' ? key : key.slice(prefix.length + 1));
  const uri = `s3://${Bucket}${prefix === '' ? '' : `/${prefix}`}`;
  const about = (key: string): string => `${uri}/${key}`;

  const head = async (key: string): Promise<(ObjectInfo & { readonly hash: string | undefined }) | undefined> => {
    try {
      const found = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: fullKey(key) }));
      return { key, bytes: found.ContentLength ?? 0, hash: found.Metadata?.[HASH_NAME] };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw problem(error, about(key));
    }
  };

  /** Reading a body is not the client's to repeat: whatever breaks it is tried again from the beginning. */
  const get = async (key: string, bytesMax: number): Promise<Uint8Array | undefined> => {
    const Key = fullKey(key);
    for (let attempt = 1; ; attempt++) {
      try {
        const found = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
        checkBytes(key, found.ContentLength ?? 0, bytesMax);
        const bytes = await found.Body!.transformToByteArray();
        const hash = found.Metadata?.[HASH_NAME];
        const isWhole = bytes.byteLength === found.ContentLength && (hash === undefined || hash === sha256Hex(bytes));
        if (isWhole) return bytes;
        throw corrupt(about(key));
      } catch (error) {
        if (isMissing(error)) return undefined;
        const said = problem(error, about(key));
        if (!(said instanceof AppError) || !said.retryable || attempt === LIMITS.objectAttemptsMax) throw said;
        await sleep(PAUSE_MS * 2 ** attempt);
      }
    }
  };

  const putOne = (key: string, bytes: Uint8Array, condition: { readonly IfNoneMatch?: '*' }) =>
    client.send(
      new sdk.PutObjectCommand({
        Bucket,
        Key: fullKey(key),
        Body: bytes,
        Metadata: { [HASH_NAME]: sha256Hex(bytes) },
        ...condition,
      }),
    );

  /** In parts, each of which is repeated by itself. What is not completed is removed. */
  const putParts = async (key: string, bytes: Uint8Array): Promise<void> => {
    const at = { Bucket, Key: fullKey(key) };
    const { UploadId } = await client.send(
      new sdk.CreateMultipartUploadCommand({ ...at, Metadata: { [HASH_NAME]: sha256Hex(bytes) } }),
    );
    try {
      const Parts: Sdk.CompletedPart[] = [];
      for (let from = 0; from < bytes.byteLength; from += LIMITS.objectPartBytes) {
        const PartNumber = Parts.length + 1;
        const Body = bytes.subarray(from, from + LIMITS.objectPartBytes);
        const { ETag } = await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
        Parts.push({ PartNumber, ETag });
      }
      await client.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
    } catch (error) {
      // The lifecycle of the bucket removes what this cannot.
      await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
      throw error;
    }
  };

  const compare = async (key: string, bytes: Uint8Array): Promise<Creation | undefined> => {
    const found = await head(key);
    // Removed in between: the caller tries once more.
    if (found === undefined) return undefined;
    if (found.bytes !== bytes.byteLength) return 'taken';
    if (found.hash !== undefined) return found.hash === sha256Hex(bytes) ? 'same' : 'taken';
    const there = await get(key, LIMITS.objectBytesMax);
    return there === undefined ? undefined : Buffer.compare(there, bytes) === 0 ? 'same' : 'taken';
  };

  return {
    uri,
    async create(key, bytes) {
      checkBytes(key, bytes.byteLength, LIMITS.objectBytesMax);
      for (let attempt = 1; ; attempt++) {
        try {
          await putOne(key, bytes, { IfNoneMatch: '*' });
          return 'created';
        } catch (error) {
          // 412: it is there. 409: somebody else is making it at this moment.
          if (statusOf(error) !== 412 && statusOf(error) !== 409) throw problem(error, about(key));
          const found = await compare(key, bytes);
          if (found !== undefined) return found;
          if (attempt === LIMITS.objectAttemptsMax) throw problem(error, about(key));
          await sleep(PAUSE_MS * 2 ** attempt);
        }
      }
    },
    async put(key, bytes) {
      checkBytes(key, bytes.byteLength, LIMITS.objectBytesMax);
      try {
        if (bytes.byteLength > LIMITS.objectPartBytes) await putParts(key, bytes);
        else await putOne(key, bytes, {});
      } catch (error) {
        throw problem(error, about(key));
      }
    },
    get: (key, bytesMax = LIMITS.objectBytesMax) => get(key, bytesMax),
    async head(key) {
      const found = await head(key);
      return found && { key, bytes: found.bytes };
    },
    async *list(start) {
      const Prefix = prefix === '' ? start : `${prefix}/${start}`;
      let ContinuationToken: string | undefined;
      do {
        const page = await client
          .send(new sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }))
          .catch((error: unknown) => {
            throw problem(error, about(start));
          });
        for (const { Key = '', Size = 0 } of page.Contents ?? []) yield { key: ownKey(Key), bytes: Size };
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },
    async remove(key) {
      await client.send(new sdk.DeleteObjectCommand({ Bucket, Key: fullKey(key) })).catch((error: unknown) => {
        throw problem(error, about(key));
      });
    },
    close: () => client.destroy(),
  };
}

async function loadSdk(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      rule: 'A place in S3 needs the package @aws-sdk/client-s3.',
      found: 'it is not installed.',
      todo: 'npm install @aws-sdk/client-s3@3',
      cause,
    });
  }
}

const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'an unknown error');

/** A missing bucket is a 404 too, and no missing object. */
const isMissing = (error: unknown): boolean => statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';

const REFUSALS: readonly string[] = ['NoSuchBucket', 'CredentialsProviderError', 'PermanentRedirect'];

/** What went wrong, by its name and status alone: errors of the client carry the request with its signature and tokens. */
function problem(error: unknown, place: string): Error {
  if (error instanceof AppError) return error;
  const status = statusOf(error);
  const found = `${nameOf(error)}${status === undefined ? '' : ` (${status})`} at ${place}.`;
  const isRefused = status === 401 || status === 403 || REFUSALS.includes(nameOf(error));
  return isRefused
    ? new AppError('OBJECTS_REFUSED', {
        found,
        todo: 'Check the bucket, its region, the credentials and what they allow.',
      })
    : new AppError('OBJECTS_UNREACHABLE', { found, todo: 'Check network and endpoint, or try again.' });
}

const corrupt = (place: string): AppError =>
  new AppError('OBJECT_CORRUPT', { found: `other bytes at ${place}.`, todo: 'Put the object again.' });
