// The candle mirror: candles are read once into shared memory and served to every worker without touching a disk again.
import { assert } from '../core/assert.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { reclaimMemory } from '../core/reclaim.ts';
import { type Candles, candlesHash } from '../market/candles.ts';
import type { QualityReport } from '../market/quality-report.ts';
import type { CandleStore } from '../store/candle-store.ts';
import { SeriesLoader } from './load-series.ts';
import { type MirrorFolderOptions, openMirrorFolder } from './mirror-folder.ts';
import { type PreloadReport, preloadSeries } from './preload.ts';
import { type RefreshReport, refreshSeries } from './refresh.ts';
import { type Snapshot, type SnapshotCounts, Snapshots } from './snapshots.ts';

export interface MirrorOptions {
  readonly store: CandleStore;
  readonly clock: Clock;
  /** Most bytes of candles held, earlier snapshots that are in use among them. */
  readonly bytesMax: number;
  /** Lets other processes read the candles too: see MirroredCandles.file. */
  readonly tmpfs?: MirrorFolderOptions;
  /** Hears what the user should know, as one sentence, once each. */
  readonly onNote?: (note: string) => void;
  /** Looks for changes of the store so often, in ms; never when left out. At least LIMITS.mirrorPollMsMin. */
  readonly refreshEveryMs?: number;
  /** Hears of each look that found a change or a failure. */
  readonly onRefresh?: (report: RefreshReport) => void;
  /** Gives memory that was let go back to the system. Default: a garbage collection. */
  readonly reclaim?: () => void;
}

export interface MirroredCandles {
  /** `exchange/symbol/timeframe`, or `content:<hash>` for candles that are not of the store. */
  readonly key: string;
  /** Columns over shared memory: a message to a thread carries views, not a copy. Nobody writes to them. */
  readonly candles: Candles;
  /** candlesHash of the candles. */
  readonly contentHash: string;
  /** Bytes of the shared memory. */
  readonly bytes: number;
  /** Which reading this is: numbers rise over all keys of one mirror. */
  readonly snapshot: number;
  /** What the import of the candles found, of those they were built from too; null when nobody checked them. */
  readonly quality: QualityReport | null;
  /** The stored key these candles were built from, where their own is not stored. */
  readonly resampledFrom?: string;
  /** A mirror file with these candles, for `attachMirrorFile` in another process, where the mirror has a folder. */
  readonly file?: string;
}

/** Candles that stay as they are, and within the count of the mirror, until they are released. */
export interface MirrorHandle extends MirroredCandles {
  /** Lets go; further calls do nothing. The candles must not be read afterwards. */
  release(): void;
}

/** What a run needs of a mirror. */
export type CandleMirror = Pick<Mirror, 'get' | 'put'>;

/** A mirror for one piece of work: all that it takes stays as it is, and in use, until the work is done. */
export interface MirrorSession extends CandleMirror {
  release(): void;
}

export interface MirrorStatus extends SnapshotCounts {
  readonly bytesMax: number;
  readonly hits: number;
  readonly misses: number;
  readonly tmpfs?: {
    readonly folder: string;
    readonly bytesMax: number;
    readonly files: number;
    readonly bytes: number;
  };
}

export interface Mirror {
  /**
   * The candles of a key, read from the store when they are not held. Each timeframe of a market is a series of its own;
   * one that is not stored is resampled from the longest stored one that divides it. The candles never change; who reads
   * them for longer than one call takes them with `acquire`, so that they count as in use.
   * Errors: CANDLES_NOT_FOUND, BUDGET_BYTES, REQUEST_INVALID, PATH_FORBIDDEN and what the store throws.
   */
  get(key: string): MirroredCandles;
  /** As get, and pins them: they are not evicted, and a refresh leaves them to who has them. */
  acquire(key: string): MirrorHandle;
  /** What is taken through it is pinned, each series once: two looks at one key see the same candles. */
  session(): MirrorSession;
  /** Mirrors candles that are not of the store, under a key made of their content. Errors: BUDGET_BYTES. */
  put(candles: Candles): MirroredCandles;
  /**
   * Reads series before they are asked for. Errors: BUDGET_BYTES with the arithmetic, before anything is read, when they
   * do not fit together; what is missing or damaged is reported.
   */
  preload(keys: readonly string[]): Promise<PreloadReport>;
  /** Looks which series the store has changed, by their descriptions, and reads those anew. */
  refresh(): Promise<RefreshReport>;
  status(): MirrorStatus;
  /** Ends polling and lets go of all candles; mirror files that no other process uses are removed. */
  close(): void;
}

const CONTENT_PREFIX = 'content:';

export function createMirror(options: MirrorOptions): Mirror {
  const { store, clock, bytesMax, onNote = () => {}, reclaim = reclaimMemory } = options;
  assert(bytesMax > 0 && Number.isFinite(bytesMax), 'a mirror has room for some candles');
  const note = onceEach(onNote);
  const folder = options.tmpfs === undefined ? undefined : openMirrorFolder(options.tmpfs, note);
  const snapshots = new Snapshots(bytesMax, reclaim);
  const loader = new SeriesLoader({ store, snapshots, folder, onNote: note });
  let hits = 0;
  let misses = 0;
  let isOpen = true;
  const parts = { store, snapshots, loader, clock, isOpen: () => isOpen };
  const held = (key: string): Snapshot => {
    assert(isOpen, 'a closed mirror serves nothing');
    const found = snapshots.use(key);
    if (found !== undefined) hits++;
    else misses++;
    return found ?? (key.startsWith(CONTENT_PREFIX) ? hasGone(key) : loader.load(key));
  };
  const refresh = (): Promise<RefreshReport> => refreshSeries(parts);
  const stopPolling = startPolling(options, refresh, note);
  const acquire = (key: string): MirrorHandle => ({ ...describe(held(key)), release: snapshots.pin(key) });
  const put = (candles: Candles): MirroredCandles => {
    assert(isOpen, 'a closed mirror takes nothing');
    const contentHash = candlesHash(candles);
    const key = CONTENT_PREFIX + contentHash;
    return describe(snapshots.use(key) ?? loader.put(key, contentHash, candles));
  };
  return {
    get: (key) => describe(held(key)),
    acquire,
    put,
    session: () => createSession({ acquire, put }),
    preload: (keys) => preloadSeries(keys, bytesMax, parts),
    refresh,
    status: () => ({
      ...snapshots.counts(),
      ...{ bytesMax, hits, misses },
      tmpfs: folder && { folder: folder.path, bytesMax: folder.bytesMax, ...folder.usage() },
    }),
    close() {
      if (!isOpen) return;
      isOpen = false;
      stopPolling();
      for (const key of snapshots.keys()) snapshots.remove(key);
      snapshots.reclaim();
    },
  };
}

function describe({ file, origin: _, ...snapshot }: Snapshot): MirroredCandles {
  return { ...snapshot, file: file?.path };
}

function createSession({ acquire, put }: Pick<Mirror, 'acquire' | 'put'>): MirrorSession {
  const taken = new Map<string, MirrorHandle>();
  const take = (key: string): MirroredCandles => {
    const handle = taken.get(key) ?? acquire(key);
    taken.set(key, handle);
    return handle;
  };
  return {
    get: take,
    put: (candles) => take(put(candles).key),
    release() {
      for (const handle of taken.values()) handle.release();
      taken.clear();
    },
  };
}

function hasGone(key: string): never {
  throw new AppError('CANDLES_NOT_FOUND', {
    rule: 'Candles that are not of the store must be in the mirror.',
    found: `${key}, which was let go or never came.`,
    todo: 'Put them into the mirror again, and acquire what is read for longer.',
  });
}

/** Answers the end of it. A look that takes longer than the interval is not overtaken by the next one. */
function startPolling(options: MirrorOptions, refresh: () => Promise<RefreshReport>, note: (text: string) => void) {
  const { refreshEveryMs, onRefresh } = options;
  if (refreshEveryMs === undefined) return () => {};
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const report = await refresh();
      if (report.changed.length + report.removed.length + report.failed.length > 0) onRefresh?.(report);
    } catch (error) {
      note(`The mirror could not look for changes: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), Math.max(refreshEveryMs, LIMITS.mirrorPollMsMin));
  timer.unref();
  return () => clearInterval(timer);
}

/** Texts remembered as said. */
const NOTES_MAX = 256;

function onceEach(hear: (note: string) => void): (note: string) => void {
  const heard = new Set<string>();
  return (text) => {
    if (heard.has(text)) return;
    if (heard.size >= NOTES_MAX) heard.clear();
    heard.add(text);
    hear(text);
  };
}
