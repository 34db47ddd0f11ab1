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

/** Puts candles; answers their parts and how many bytes had to be sent. Errors: those of putContent. */
export async function putCandles(
  objects: ObjectStore,
  candles: Candles,
): Promise<{ readonly candles: CandleParts; readonly sent: number }> {
  const { timeframe } = candles;
  const parts: CandlePart[] = [];
  let sentBytes = 0;
  for (let from = 0; from < candles.barCount; ) {
    const fromMs = candles.time[from]!;
    const to = firstBarAtOrAfter(candles, nextMonth(fromMs));
    const { chunks } = encodeCandleFile({ ...PART_KEY, timeframe }, sliceCandles(candles, from, to), PART_META);
    const { sent, ...ref } = await putContent(objects, Buffer.concat(chunks));
    sentBytes += sent;
    parts.push({ ...ref, fromMs, bars: to - from });
    from = to;
  }
  return { candles: { timeframe, dataHash: candlesHash(candles), parts }, sent: sentBytes };
}

function nextMonth(timeMs: number): number {
  const date = new Date(timeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** In memory that threads share. Errors: those of the cache; CANDLE_FILE_CORRUPT; OBJECT_CORRUPT when the parts are not those candles. */
export async function getCandles(cache: ContentCache, { timeframe, dataHash, parts }: CandleParts): Promise<Candles> {
  const bars = parts.reduce((sum, part) => sum + part.bars, 0);
  const columns = Object.fromEntries(
    CANDLE_COLUMNS.map((name) => [name, new Float64Array(new SharedArrayBuffer(8 * bars))]),
  ) as Record<CandleColumn, Float64Array>;
  let at = 0;
  for (const part of parts) {
    const { candles } = decodeCandleFile(`part ${part.hash}`, await cache.get(part));
    for (const name of CANDLE_COLUMNS) columns[name].set(candles[name], at);
    at += candles.barCount;
  }
  const candles = createCandles(parseTimeframe(timeframe), columns);
  if (at === bars && candlesHash(candles) === dataHash) return candles;
  throw new AppError('OBJECT_CORRUPT', {
    found: `${at.toLocaleString('en')} candles with another hash than ${dataHash.slice(0, 12)}.`,
    todo: 'Plan the shards again.',
  });
}
