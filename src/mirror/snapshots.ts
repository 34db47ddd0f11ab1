// The memory of the mirror: which candles are held, by whom, in how many bytes, and what may be let go.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Candles } from '../market/candles.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { megabytes } from './memory-text.ts';
import type { FileLease } from './mirror-folder.ts';

/** Candles as they were when they were read; nobody writes to them again. */
export interface Snapshot {
  readonly key: string;
  readonly candles: Candles;
  readonly contentHash: string;
  /** Bytes of the shared memory the columns lie in. */
  readonly bytes: number;
  /** Which reading this is: numbers rise over all keys of one mirror. */
  readonly snapshot: number;
  /** What was read: tells whether the store has changed. */
  readonly origin: string;
  readonly quality: QualityReport | null;
  readonly resampledFrom?: string;
  readonly file?: FileLease;
}

interface Held {
  readonly snapshot: Snapshot;
  pins: number;
}

export interface SnapshotCounts {
  readonly entries: number;
  readonly bytes: number;
  readonly pins: number;
  readonly pinnedBytes: number;
  /** Earlier snapshots of keys that have a newer one, or that are gone: they last as long as they are pinned. */
  readonly retired: number;
  readonly retiredBytes: number;
  readonly evictions: number;
  /** Bytes let go since memory was last reclaimed: the system does not have them back yet. */
  readonly droppedBytes: number;
}

/** Share of the memory that may be let go before it is reclaimed. */
const DROPPED_SHARE = 1 / 8;

/** Holds the newest snapshot of each key, in the order of their last use, and earlier ones while they are pinned. */
export class Snapshots {
  readonly #bytesMax: number;
  readonly #reclaim: () => void;
  /** Least recently used first. */
  readonly #newest = new Map<string, Held>();
  readonly #retired = new Set<Held>();
  #bytes = 0;
  #evictions = 0;
  #droppedBytes = 0;

  constructor(bytesMax: number, reclaim: () => void) {
    this.#bytesMax = bytesMax;
    this.#reclaim = reclaim;
  }

  keys(): string[] {
    return [...this.#newest.keys()];
  }

  /** The newest snapshot, without counting as a use. */
  peek(key: string): Snapshot | undefined {
    return this.#newest.get(key)?.snapshot;
  }

  /** The newest snapshot, now the most recently used. */
  use(key: string): Snapshot | undefined {
    const held = this.#newest.get(key);
    if (held === undefined) return undefined;
    this.#newest.delete(key);
    this.#newest.set(key, held);
    return held.snapshot;
  }

  /** Pins the newest snapshot of a key and answers the undo, which counts once however often it is called. */
  pin(key: string): () => void {
    const held = this.#newest.get(key);
    assert(held !== undefined, 'what is pinned is held');
    held.pins++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      held.pins--;
      if (held.pins === 0 && this.#retired.delete(held)) this.#drop(held);
    };
  }

  /**
   * Lets go of the least recently used snapshots that nobody holds until `bytes` more fit; of none when that is not
   * enough. Errors: BUDGET_BYTES with the arithmetic, LIMIT_EXCEEDED.
   */
  makeRoom(key: string, bytes: number): void {
    const free = (): number => this.#bytesMax - this.#bytes;
    const idle = [...this.#newest.values()].filter(({ pins }) => pins === 0);
    const idleBytes = idle.reduce((sum, { snapshot }) => sum + snapshot.bytes, 0);
    if (bytes > free() + idleBytes) throw this.#full(key, bytes, free() + idleBytes);
    for (const { snapshot } of idle) {
      if (bytes <= free()) break;
      this.remove(snapshot.key);
      this.#evictions++;
    }
    if (this.#newest.size + this.#retired.size >= LIMITS.mirrorEntriesMax) this.#evictOne(idle);
    if (this.#droppedBytes > this.#bytesMax * DROPPED_SHARE) this.reclaim();
  }

  /** Makes this the newest snapshot of its key; room has been made. An earlier one stays while it is pinned. */
  add(snapshot: Snapshot): void {
    this.makeRoom(snapshot.key, snapshot.bytes);
    this.remove(snapshot.key);
    this.#newest.set(snapshot.key, { snapshot, pins: 0 });
    this.#bytes += snapshot.bytes;
  }

  /** Answers the bytes that were let go: none while the snapshot is pinned. */
  remove(key: string): number {
    const held = this.#newest.get(key);
    if (held === undefined) return 0;
    this.#newest.delete(key);
    if (held.pins === 0) return this.#drop(held);
    this.#retired.add(held);
    return 0;
  }

  /** Bytes in use that are none of the newest snapshots of these keys. */
  pinnedBytesBeside(keys: ReadonlyMap<string, unknown>): number {
    const own = [...keys.keys()].filter((key) => this.isPinned(key));
    const ownBytes = own.reduce((sum, key) => sum + this.#newest.get(key)!.snapshot.bytes, 0);
    return this.counts().pinnedBytes - ownBytes;
  }

  isPinned(key: string): boolean {
    return (this.#newest.get(key)?.pins ?? 0) > 0;
  }

  counts(): SnapshotCounts {
    const all = [...this.#newest.values(), ...this.#retired];
    const sum = (list: readonly Held[]): number => list.reduce((total, { snapshot }) => total + snapshot.bytes, 0);
    return {
      entries: this.#newest.size,
      bytes: this.#bytes,
      pins: all.reduce((total, { pins }) => total + pins, 0),
      pinnedBytes: sum(all.filter(({ pins }) => pins > 0)),
      retired: this.#retired.size,
      retiredBytes: sum([...this.#retired]),
      evictions: this.#evictions,
      droppedBytes: this.#droppedBytes,
    };
  }

  reclaim(): void {
    if (this.#droppedBytes > 0) this.#reclaim();
    this.#droppedBytes = 0;
  }

  #drop({ snapshot }: Held): number {
    this.#bytes -= snapshot.bytes;
    this.#droppedBytes += snapshot.bytes;
    snapshot.file?.release();
    return snapshot.bytes;
  }

  #evictOne(idle: readonly Held[]): void {
    const first = idle.find(({ snapshot }) => this.#newest.has(snapshot.key));
    if (first === undefined) {
      throw new AppError('LIMIT_EXCEEDED', {
        rule: 'The mirror must stay within its number of series.',
        found: `${LIMITS.mirrorEntriesMax} series, all of them in use.`,
        todo: 'Release what is no longer read.',
      });
    }
    this.remove(first.snapshot.key);
    this.#evictions++;
  }

  #full(key: string, bytes: number, room: number): AppError {
    const { pinnedBytes } = this.counts();
    const pinned = [...this.#newest.values(), ...this.#retired].filter(({ pins }) => pins > 0);
    const names = pinned.slice(0, 3).map(({ snapshot }) => snapshot.key);
    const holders = pinned.length === 0 ? '' : ` (${names.join(', ')}${pinned.length > 3 ? ' …' : ''})`;
    return new AppError('BUDGET_BYTES', {
      rule: 'Mirrored candles must fit the memory of the mirror beside those that are in use.',
      found: `${key} takes ${megabytes(bytes)}; of ${megabytes(this.#bytesMax)}, ${megabytes(pinnedBytes)} are in use by ${pinned.length} series${holders}, which leaves ${megabytes(room)}.`,
      todo: `Release candles that are no longer read, or give the mirror at least ${megabytes(pinnedBytes + bytes)}.`,
    });
  }
}
