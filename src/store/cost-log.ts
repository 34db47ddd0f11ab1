// What sweeps were foretold to cost and what they did cost: a bounded log of one line each, shared by the processes of a store.
import { join } from 'node:path';
import { canonicalJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, REAL_DISK } from './disk.ts';
import { writeFully } from './disk-bytes.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import { findFolder, makeFolder, reading, withFile, writing } from './store-folder.ts';
import { xxhash32 } from './xxhash32.ts';

/** One sweep that was scored to its end. */
export interface CostRecord {
  /** When it ended, epoch ms UTC. */
  readonly atMs: number;
  readonly engineVersion: string;
  /** `signals`, or the kind of a program. */
  readonly strategyKind: string;
  readonly engine: string;
  readonly bars: number;
  /** Scoring threads. */
  readonly workers: number;
  readonly variantsPredicted: number;
  readonly variantsActual: number;
  /** Of the whole process; null where nobody measured. */
  readonly bytesPredicted: number;
  readonly bytesActual: number | null;
  /** Foretold from the pace of the first batches; null for a sweep that was soon over. */
  readonly secondsPredicted: number | null;
  readonly secondsActual: number;
}

export interface CostLog {
  /** Survives a power loss when it returns. Beside a rewrite by another process a record may get lost. Errors: STORE_FULL, STORE_UNWRITABLE. */
  append(record: CostRecord): void;
  /** Oldest first, at most recordsMax of the newest; damaged lines are left out. Errors: STORE_UNREADABLE. */
  list(): CostRecord[];
}

export interface CostLogOptions {
  /** Records kept. Default LIMITS.costRecordsMax. */
  readonly recordsMax?: number;
  readonly disk?: Disk;
}

const FOLDER = ['costs'];
const FILE = 'sweeps.log';
/** Bytes of one line, about: the file is rewritten when it has twice as many as fit. */
const LINE_BYTES = 512;

/** The log in `<root>/costs`. A line is the XXH32 of its JSON in hex, a space, the JSON. */
export function openCostLog(root: string, options: CostLogOptions = {}): CostLog {
  const { recordsMax = LIMITS.costRecordsMax, disk = REAL_DISK } = options;
  return {
    append: (record) =>
      writing(root, () => {
        const folder = makeFolder(disk, root, FOLDER);
        const path = join(folder, FILE);
        if (appendLine(disk, path, record) < 2 * recordsMax * LINE_BYTES) return;
        removeAbandonedTemps(disk, folder);
        const kept = readRecords(disk, path).slice(-recordsMax);
        durableWrite(disk, path, [Buffer.from(kept.map(lineOf).join(''))]);
      }),
    list: () =>
      reading(root, () => {
        const folder = findFolder(disk, root, FOLDER);
        return folder === undefined ? [] : readRecords(disk, join(folder, FILE)).slice(-recordsMax);
      }),
  };
}

/** Begins with the line break: a torn end before it damages itself alone. */
function lineOf(record: CostRecord): string {
  const text = canonicalJson(record as unknown as Json);
  return `\n${checksum(text)} ${text}`;
}

const checksum = (text: string): string => xxhash32(Buffer.from(text)).toString(16).padStart(8, '0');

/** Answers the bytes of the file then. */
function appendLine(disk: Disk, path: string, record: CostRecord): number {
  const handle = disk.openAppend(path);
  try {
    writeFully(disk, handle, Buffer.from(lineOf(record)));
    disk.sync(handle);
    return disk.size(handle);
  } finally {
    disk.close(handle);
  }
}

/** A file that something else has made huge is none of ours: its beginning is not read. */
function readRecords(disk: Disk, path: string): CostRecord[] {
  const text = withFile(disk, path, (read, size) => {
    const bytes = new Uint8Array(Math.min(size, 4 * LIMITS.costRecordsMax * LINE_BYTES));
    read(bytes, size - bytes.byteLength);
    return new TextDecoder().decode(bytes);
  });
  return (text ?? '').split('\n').flatMap((line) => {
    const json = line.slice(9);
    return line.length > 9 && line.slice(0, 8) === checksum(json) ? [JSON.parse(json) as CostRecord] : [];
  });
}
