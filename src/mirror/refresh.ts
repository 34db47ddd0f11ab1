// Follows the store: what it has changed is read anew beside the old candles, which stay with who has them.
import { setImmediate } from 'node:timers/promises';
import { isAppError } from '../core/errors.ts';
import { keyText } from '../market/candle-key.ts';
import { CANDLE_COLUMNS, type Candles } from '../market/candles.ts';
import type { MirrorParts } from './preload.ts';
import type { Snapshot } from './snapshots.ts';
import { findSeries, resampledOrigin, type StoredSeries } from './stored-series.ts';

export interface RefreshedSeries {
  readonly key: string;
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  /** Rows whose time lies after the last one before. */
  readonly rowsAdded: number;
  /** Whether the rows before are all still there, bit by bit, and lie first. */
  readonly isExtension: boolean;
  readonly hashBefore: string;
  readonly hashAfter: string;
  /** Bytes of the earlier candles; 0 as long as somebody has them. */
  readonly bytesFreed: number;
}

export interface RefreshReport {
  /** Series that were held against the store. */
  readonly checked: number;
  readonly changed: readonly RefreshedSeries[];
  /** Keys that the store has no longer; who has their candles keeps them. */
  readonly removed: readonly string[];
  /** Keys whose new candles could not be read: the earlier ones are served on. */
  readonly failed: readonly { readonly key: string; readonly error: string }[];
  readonly bytesFreed: number;
  readonly ms: number;
}

/** Between two series other work of the process has its turn. */
export async function refreshSeries(parts: MirrorParts): Promise<RefreshReport> {
  const { snapshots, clock, isOpen } = parts;
  const startMs = clock.monotonicMs();
  const changed: RefreshedSeries[] = [];
  const removed: string[] = [];
  const failed: { key: string; error: string }[] = [];
  let checked = 0;
  let bytesFreed = 0;
  for (const key of inOrder(parts)) {
    if (!isOpen()) break;
    const before = snapshots.peek(key);
    // Evicted meanwhile: whoever asks for it next reads it anew.
    if (before === undefined) continue;
    checked++;
    try {
      const series = findSeries(parts.store, key);
      if (series === undefined) {
        bytesFreed += snapshots.remove(key);
        removed.push(key);
      } else if (originNow(parts, series) !== before.origin) {
        const refreshed = readAnew(parts, before, series);
        bytesFreed += refreshed.bytesFreed;
        // Some minutes more may leave the hours as they were.
        if (refreshed.hashAfter !== refreshed.hashBefore) changed.push(refreshed);
      }
    } catch (error) {
      if (!isAppError(error)) throw error;
      failed.push({ key, error: error.message });
    }
    await setImmediate();
  }
  snapshots.reclaim();
  return { checked, changed, removed, failed, bytesFreed, ms: clock.monotonicMs() - startMs };
}

/** A series is built from the shorter one that is mirrored: where that could not be read anew, both stay as they are. */
function originNow({ snapshots }: MirrorParts, { base, origin }: StoredSeries): string {
  const held = base && snapshots.peek(keyText(base));
  return held === undefined ? origin : resampledOrigin(held.key, held.contentHash);
}

/** Stored series before those built from them. Candles that are not of the store cannot change. */
function inOrder({ snapshots }: MirrorParts): string[] {
  const keys = snapshots.keys().filter((key) => key.includes('/'));
  const isResampled = (key: string): boolean => snapshots.peek(key)?.resampledFrom !== undefined;
  return [...keys.filter((key) => !isResampled(key)), ...keys.filter(isResampled)];
}

function readAnew({ snapshots, loader }: MirrorParts, before: Snapshot, series: StoredSeries): RefreshedSeries {
  const { key } = before;
  const wasPinned = snapshots.isPinned(key);
  const release = snapshots.pin(key);
  let after: Snapshot;
  try {
    after = loader.load(key, series);
  } catch (error) {
    // There is no room for both. Where nobody has the old candles they go first.
    if (wasPinned || !isAppError(error, 'BUDGET_BYTES')) throw error;
    release();
    after = loader.load(key, series);
  } finally {
    release();
  }
  const { candles: old } = before;
  const { candles } = after;
  return {
    key,
    rowsBefore: old.barCount,
    rowsAfter: candles.barCount,
    rowsAdded: rowsAfter(candles, old.time[old.barCount - 1]!),
    isExtension: isPrefix(old, candles),
    hashBefore: before.contentHash,
    hashAfter: after.contentHash,
    bytesFreed: wasPinned ? 0 : before.bytes,
  };
}

function rowsAfter(candles: Candles, timeMs: number): number {
  let first = candles.barCount;
  while (first > 0 && candles.time[first - 1]! > timeMs) first--;
  return candles.barCount - first;
}

function isPrefix(old: Candles, candles: Candles): boolean {
  const { barCount } = old;
  if (barCount > candles.barCount) return false;
  return CANDLE_COLUMNS.every((name) => {
    const [a, b] = [old[name], candles[name]];
    for (let i = 0; i < barCount; i++) if (!Object.is(a[i], b[i])) return false;
    return true;
  });
}
