// What the store has for a key of the mirror: the series itself, or a shorter timeframe to build it from.
import { keyText, parseKey } from '../market/candle-key.ts';
import { CANDLE_COLUMNS, type CandleKey } from '../market/candles.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { CandleStore } from '../store/candle-store.ts';

export interface StoredSeries {
  readonly key: CandleKey;
  /** The stored series to resample; undefined when the key itself is stored. */
  readonly base: CandleKey | undefined;
  /** Changes when the stored candles do. Undefined when the description of the file is damaged. */
  readonly contentHash: string | undefined;
  /** Bytes the candles of `key` will take in memory: of a resampled series at most. */
  readonly bytes: number;
  /** What the import of the candles found; null when nobody checked them. */
  readonly quality: QualityReport | null;
  /** What was found, as one text to compare. */
  readonly origin: string;
}

/**
 * Looks a key up by descriptions alone: a few kilobytes are read, however long the series. Undefined when neither the
 * key nor a timeframe that divides it is stored. Errors: REQUEST_INVALID, TIMEFRAME_INVALID, PATH_FORBIDDEN,
 * STORE_UNREADABLE.
 */
export function findSeries(store: CandleStore, text: string): StoredSeries | undefined {
  const key = parseKey(text);
  const own = store.describe(key);
  if (own !== undefined) {
    const contentHash = own.header?.contentHash;
    // Read candles lie in the file as it is.
    const origin = `stored ${contentHash ?? own.damage}`;
    return { key, base: undefined, contentHash, bytes: own.bytes, quality: own.header?.quality ?? null, origin };
  }
  const lengthMs = timeframeMs(key.timeframe);
  const [longest] = store
    .timeframesOf(key)
    .filter((timeframe) => lengthMs % timeframeMs(timeframe) === 0)
    .sort((a, b) => timeframeMs(b) - timeframeMs(a));
  if (longest === undefined) return undefined;
  const base = { ...key, timeframe: longest };
  const entry = store.describe(base);
  if (entry === undefined) return undefined;
  const { contentHash, firstTime, lastTime } = { firstTime: 0, lastTime: 0, ...entry.header };
  const bars = Math.min(entry.header?.barCount ?? 0, Math.ceil((lastTime - firstTime) / lengthMs) + 1);
  const origin = resampledOrigin(keyText(base), contentHash ?? entry.damage!);
  const quality = entry.header?.quality ?? null;
  return { key, base, contentHash, bytes: bars * 8 * CANDLE_COLUMNS.length, quality, origin };
}

/** The origin of candles that were resampled from `base` when that had this content. */
export const resampledOrigin = (base: string, contentHash: string): string => `${base} ${contentHash}`;
