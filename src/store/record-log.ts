// An append-only log of JSON records on disk: a checksum each, written in batches, synced now and then, torn ends cut off.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { Disk } from './disk.ts';
import { writeFully } from './disk-bytes.ts';
import { storeError } from './durable-write.ts';
import { reading, withFile } from './store-folder.ts';
import { xxhash32 } from './xxhash32.ts';

/** What a kill can take: records younger than this are not written yet. */
const WRITTEN_EVERY_MS = 200;
/** What a power loss can take. */
const SYNCED_EVERY_MS = 1_000;
const WRITE_BYTES = 1 << 18;

export interface RecordLog {
  /** Records of earlier writers. */
  readonly count: number;
  /** Records of earlier writers whose checksum does not fit: they count as never written. */
  readonly damaged: number;
  /** Reads record `n` of an earlier writer once. */
  take(n: number): Json | undefined;
  /** Errors: STORE_FULL, STORE_UNWRITABLE, LIMIT_EXCEEDED. */
  append(record: Json): void;
  /** Writes and syncs what was appended. */
  sync(): void;
  close(): void;
}

/**
 * Opens or creates the log. A record is a JSON array that begins with its number; a line is the XXH32 of the JSON in hex, a
 * space, the JSON. Errors: STORE_UNREADABLE, STORE_UNWRITABLE, STORE_FULL, LIMIT_EXCEEDED.
 */
export function openRecordLog(disk: Disk, path: string, clock: Clock): RecordLog {
  const { bytes, places, damaged, soundBytes } = reading(path, () => readRecords(disk, path));
  const handle = guarded(path, () => disk.openAppend(path));
  // What comes after the last whole line would become part of the next record.
  if (soundBytes < bytes.byteLength) guarded(path, () => disk.truncate(handle, soundBytes));
  let size = soundBytes;
  let waiting: string[] = [];
  let waitingChars = 0;
  let writtenMs = clock.monotonicMs();
  let syncedMs = writtenMs;
  let isSynced = true;
  const write = (): void => {
    if (waiting.length === 0) return;
    const chunk = Buffer.from(waiting.join(''));
    waiting = [];
    waitingChars = 0;
    size += chunk.byteLength;
    if (size > LIMITS.studyLogBytesMax) {
      throw new AppError('LIMIT_EXCEEDED', {
        found: `a log of ${size} bytes at ${path}; the limit is ${LIMITS.studyLogBytesMax}.`,
        todo: 'Run fewer trials, or fewer markets at a time.',
      });
    }
    guarded(path, () => writeFully(disk, handle, chunk));
    writtenMs = clock.monotonicMs();
    isSynced = false;
  };
  const sync = (): void => {
    write();
    if (isSynced) return;
    guarded(path, () => disk.sync(handle));
    syncedMs = clock.monotonicMs();
    isSynced = true;
  };
  return {
    count: places.size,
    damaged,
    take(n) {
      const place = places.get(n);
      if (place === undefined) return undefined;
      places.delete(n);
      return JSON.parse(textOf(bytes.subarray(place[0], place[1]))) as Json;
    },
    append(record) {
      const text = JSON.stringify(record);
      const line = `${xxhash32(Buffer.from(text)).toString(16).padStart(8, '0')} ${text}\n`;
      waiting.push(line);
      waitingChars += line.length;
      const nowMs = clock.monotonicMs();
      if (waitingChars >= WRITE_BYTES || nowMs - writtenMs >= WRITTEN_EVERY_MS) write();
      if (nowMs - syncedMs >= SYNCED_EVERY_MS) sync();
    },
    sync,
    close() {
      try {
        sync();
      } finally {
        disk.close(handle);
      }
    },
  };
}

interface FoundRecords {
  readonly bytes: Uint8Array;
  readonly places: Map<number, readonly [start: number, end: number]>;
  readonly damaged: number;
  /** Up to the end of the last whole line. */
  readonly soundBytes: number;
}

const NEWLINE = 0x0a;
const CHECKSUM = /^[0-9a-f]{8} \[(\d{1,9})[,\]]/;

function readRecords(disk: Disk, path: string): FoundRecords {
  const bytes =
    withFile(disk, path, (read, size) => {
      if (size > LIMITS.studyLogBytesMax) {
        throw new AppError('LIMIT_EXCEEDED', {
          found: `a log of ${size} bytes at ${path}; the limit is ${LIMITS.studyLogBytesMax}.`,
          todo: 'Remove the study.',
        });
      }
      const all = new Uint8Array(size);
      read(all, 0);
      return all;
    }) ?? new Uint8Array(0);
  const places: FoundRecords['places'] = new Map();
  let damaged = 0;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const match = CHECKSUM.exec(textOf(bytes.subarray(start, Math.min(end, start + 24))));
    const json = bytes.subarray(start + 9, end);
    const fits = match !== null && xxhash32(json) === Number.parseInt(match[0].slice(0, 8), 16);
    // A record that was written twice says the same twice.
    if (fits) places.set(Number(match[1]), [start + 9, end]);
    else damaged++;
    start = end + 1;
  }
  return { bytes, places, damaged, soundBytes: start };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(error, path);
  }
}
