// Reads series into the mirror before they are asked for, if they fit together.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { keyText } from '../market/candle-key.ts';
import type { CandleStore } from '../store/candle-store.ts';
import type { SeriesLoader } from './load-series.ts';
import { megabytes } from './memory-text.ts';
import type { Snapshots } from './snapshots.ts';
import { findSeries, type StoredSeries } from './stored-series.ts';

export interface PreloadedSeries {
  readonly key: string;
  readonly bars: number;
  readonly bytes: number;
  /** Time taken to read and check it; 0 when it was held already. */
  readonly ms: number;
  readonly resampledFrom?: string;
}

export interface PreloadReport {
  readonly loaded: readonly PreloadedSeries[];
  /** Keys that the store has nothing for. */
  readonly missing: readonly string[];
  readonly failed: readonly { readonly key: string; readonly error: string }[];
  readonly bytes: number;
  readonly ms: number;
}

export interface MirrorParts {
  readonly store: CandleStore;
  readonly snapshots: Snapshots;
  readonly loader: SeriesLoader;
  readonly clock: Clock;
  /** False once the mirror is closed: what is still to be read is then left out. */
  readonly isOpen: () => boolean;
}

/** Between two series other work of the process has its turn. Errors: BUDGET_BYTES; REQUEST_INVALID for what is no key. */
export async function preloadSeries(
  texts: readonly string[],
  bytesMax: number,
  { store, snapshots, loader, clock, isOpen }: MirrorParts,
): Promise<PreloadReport> {
  const startMs = clock.monotonicMs();
  const keys = [...new Set(texts)];
  const found = new Map(keys.map((key) => [key, findSeries(store, key)]));
  checkRoom(found, store, snapshots, bytesMax);
  const loaded: PreloadedSeries[] = [];
  const failed: { key: string; error: string }[] = [];
  for (const [key, series] of found) {
    if (series === undefined || !isOpen()) continue;
    const beganMs = clock.monotonicMs();
    try {
      const snapshot = snapshots.use(key) ?? loader.load(key);
      const { candles, bytes, resampledFrom } = snapshot;
      loaded.push({ key, bars: candles.barCount, bytes, ms: clock.monotonicMs() - beganMs, resampledFrom });
    } catch (error) {
      if (!isAppError(error)) throw error;
      failed.push({ key, error: error.message });
    }
    await setImmediate();
  }
  return {
    loaded,
    missing: keys.filter((key) => found.get(key) === undefined),
    failed,
    bytes: loaded.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: clock.monotonicMs() - startMs,
  };
}

/** All of them must fit beside what is in use, those they are resampled from among them. */
function checkRoom(
  found: ReadonlyMap<string, StoredSeries | undefined>,
  store: CandleStore,
  snapshots: Snapshots,
  bytesMax: number,
): void {
  const needed = new Map<string, number>();
  for (const [key, series] of found) {
    if (series === undefined) continue;
    needed.set(key, series.bytes);
    if (series.base !== undefined) needed.set(keyText(series.base), store.describe(series.base)?.bytes ?? 0);
  }
  const inUse = snapshots.pinnedBytesBeside(needed);
  const bytes = [...needed.values()].reduce((sum, one) => sum + one, 0);
  if (bytes + inUse <= bytesMax) return;
  throw new AppError('BUDGET_BYTES', {
    rule: 'Series that are loaded beforehand must fit the memory of the mirror together.',
    found: `${needed.size} series take ${megabytes(bytes)} beside ${megabytes(inUse)} in use; the mirror has ${megabytes(bytesMax)}.`,
    todo: `Load fewer of them, or give the mirror at least ${megabytes(bytes + inUse)}.`,
  });
}
