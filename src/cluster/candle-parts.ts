// Candles as parts of a month each: what grows by a day sends one part anew, and parts put together are the same candles.
import { AppError } from '../core/errors.ts';
import {
  CANDLE_COLUMNS,
  type CandleColumn,
  type Candles,
  candlesHash,
  createCandles,
  firstBarAtOrAfter,
  sliceCandles,
} from '../market/candles.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import { decodeCandleFile, encodeCandleFile } from '../store/candle-file.ts';
import { type ContentCache, type ContentRef, putContent } from './content.ts';
import type { ObjectStore } from './object-store.ts';

export interface CandlePart extends ContentRef {
  /** Open time of its first candle, epoch ms UTC. */
  readonly fromMs: number;
  readonly bars: number;
}

export interface CandleParts {
  readonly timeframe: Timeframe;
  /** candlesHash of all parts together. */
  readonly dataHash: string;
  readonly parts: readonly CandlePart[];
}

/** Parts are of no market: two that hold the same candles are one. */
const PART_KEY = { exchange: 'part', symbol: 'PART' } as const;
const PART_META = { source: 'part', importedAt: 0, quality: null } as const;

/** Open times that somebody reads: from inclusive, to exclusive; open where left out. */
export interface TimeNeed {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/**
 * Puts the months that `need` touches, whole; answers their parts and how many bytes had to be sent. Errors: those of
 * putContent.
 */
export async function putCandles(
  objects: ObjectStore,
  candles: Candles,
  { fromMs: neededMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: TimeNeed = {},
): Promise<{ readonly candles: CandleParts; readonly sent: number }> {
  const { timeframe } = candles;
  const parts: CandlePart[] = [];
  let sentBytes = 0;
  let first: number | undefined;
  let end = 0;
  for (let from = 0; from < candles.barCount; ) {
    const fromMs = candles.time[from]!;
    const to = firstBarAtOrAfter(candles, nextMonth(fromMs));
    if (fromMs >= toMs) break;
    if (nextMonth(fromMs) <= neededMs) {
      from = to;
      continue;
    }
    first ??= from;
    end = to;
    const { chunks } = encodeCandleFile({ ...PART_KEY, timeframe }, sliceCandles(candles, from, to), PART_META);
    const { sent, ...ref } = await putContent(objects, Buffer.concat(chunks));
    sentBytes += sent;
    parts.push({ ...ref, fromMs, bars: to - from });
    from = to;
  }
  const dataHash = candlesHash(sliceCandles(candles, first ?? 0, end));
  return { candles: { timeframe, dataHash, parts }, sent: sentBytes };
}

/** The parts, from and to before these places, that hold what is needed. */
export function partsNeeded(
  parts: readonly CandlePart[],
  { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: TimeNeed,
): { readonly from: number; readonly to: number } {
  const from = parts.findIndex((part) => nextMonth(part.fromMs) > fromMs);
  const to = parts.findLastIndex((part) => part.fromMs < toMs) + 1;
  return { from: from < 0 ? to : from, to };
}

function nextMonth(timeMs: number): number {
  const date = new Date(timeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** In memory that threads share. Errors: those of the cache; CANDLE_FILE_CORRUPT; OBJECT_CORRUPT when the parts are not those candles. */
export async function getCandles(cache: ContentCache, described: CandleParts): Promise<Candles> {
  const { timeframe, dataHash, parts } = described;
  const candles = await getParts(cache, timeframe, parts);
  if (candlesHash(candles) === dataHash) return candles;
  throw new AppError('OBJECT_CORRUPT', {
    found: `${candles.barCount.toLocaleString('en')} candles with another hash than ${dataHash.slice(0, 12)}.`,
    todo: 'Plan the shards again.',
  });
}

/** Some of the parts of a market, put together. Errors: those of the cache; CANDLE_FILE_CORRUPT; OBJECT_CORRUPT for parts of other lengths. */
export async function getParts(
  cache: ContentCache,
  timeframe: Timeframe,
  parts: readonly CandlePart[],
): Promise<Candles> {
  const bars = parts.reduce((sum, part) => sum + part.bars, 0);
  const columns = Object.fromEntries(
    CANDLE_COLUMNS.map((name) => [name, new Float64Array(new SharedArrayBuffer(8 * bars))]),
  ) as Record<CandleColumn, Float64Array>;
  let at = 0;
  for (const part of parts) {
    const { candles } = decodeCandleFile(`part ${part.hash}`, await cache.get(part));
    if (candles.barCount !== part.bars) throw otherLength(part, candles.barCount);
    for (const name of CANDLE_COLUMNS) columns[name].set(candles[name], at);
    at += candles.barCount;
  }
  return createCandles(parseTimeframe(timeframe), columns);
}

const otherLength = ({ hash, bars }: CandlePart, found: number): AppError =>
  new AppError('OBJECT_CORRUPT', {
    found: `a part ${hash.slice(0, 12)} of ${found.toLocaleString('en')} candles instead of ${bars.toLocaleString('en')}.`,
    todo: 'Plan the shards again.',
  });
