// Higher timeframes: candles built from shorter ones as exchanges build them, and when each of them is known.
import { AppError } from '../core/errors.ts';
import { CANDLE_COLUMNS, type CandleColumn, type Candles, createCandles } from './candles.ts';
import { timeText } from './quality-report.ts';
import { candleOpenTime, type Timeframe, timeframeMs } from './timeframe.ts';

export interface ResampleOptions {
  /**
   * Whether to keep a last candle whose end lies after the close of the last input candle, and a first candle that
   * opens before the first input candle. Default false: their full values are not known.
   */
  readonly keepIncomplete?: boolean;
}

/**
 * Candles of the longer timeframe `to`, on its UTC grid (weeks start on Monday). Open, high, low and close come from
 * the candles inside, volume is their sum in time order. Candles without trades (zero volume, open = high = low =
 * close = previous close) are passed over unless the whole bucket has no other; a bucket without candles stays a gap. A first candle
 * that the input enters midway is left out: whether a market opened there or the data were cut cannot be told, and a
 * cut candle would make every later value depend on where the history begins.
 * Errors: TIMEFRAME_INVALID when `to` is not a multiple, CANDLES_MISALIGNED when a candle reaches past its bucket.
 */
export function resampleCandles(candles: Candles, to: Timeframe, options: ResampleOptions = {}): Candles {
  const baseMs = timeframeMs(candles.timeframe);
  const bucketMs = timeframeMs(to);
  if (bucketMs % baseMs !== 0) {
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'Candles can be resampled only to a multiple of their timeframe.',
      found: `${candles.timeframe} to ${to}.`,
      todo: `Choose a multiple of ${candles.timeframe}.`,
    });
  }
  if (candles.barCount === 0 || bucketMs === baseMs) return { ...candles, timeframe: to };
  const built = aggregate(candles, baseMs, to);
  let count = built.time.length;
  let first = 0;
  const lastClose = candles.time[candles.barCount - 1]! + baseMs;
  if (options.keepIncomplete !== true) {
    if (built.time[count - 1]! + bucketMs > lastClose) count--;
    if (built.time[0]! < candles.time[0]!) first = Math.min(1, count);
  }
  const cut = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, built[name].slice(first, count)]));
  return createCandles(to, cut as Record<CandleColumn, Float64Array>);
}

function aggregate(candles: Candles, baseMs: number, to: Timeframe): Record<CandleColumn, Float64Array> {
  const { barCount, time, open, high, low, close, volume } = candles;
  const bucketMs = timeframeMs(to);
  const span = Math.ceil((time[barCount - 1]! - time[0]!) / bucketMs) + 1;
  const capacity = Math.min(barCount, span);
  const column = (): Float64Array => new Float64Array(capacity);
  const out = { time: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
  // Where no candle has volume, volume says nothing about trades and every candle counts.
  const hasVolume = volume.some((v) => v > 0);
  let bucket = -1;
  let bucketEnd = Number.NEGATIVE_INFINITY;
  let traded = false;
  for (let i = 0; i < barCount; i++) {
    const o = open[i]!;
    const isFlat = o === high[i] && o === low[i] && o === close[i];
    const isFiller = hasVolume && volume[i] === 0 && isFlat && (i === 0 || o === close[i - 1]);
    const isFirst = time[i]! >= bucketEnd;
    if (isFirst) {
      const opened = candleOpenTime(time[i]!, to);
      bucketEnd = opened + bucketMs;
      out.time[++bucket] = opened;
    }
    // A candle that ends after its bucket would carry later prices into it.
    if (time[i]! + baseMs > bucketEnd) throw reachesPast(time[i]!, bucketEnd, candles.timeframe, to);
    if (isFirst || (!traded && !isFiller)) {
      out.open[bucket] = o;
      out.high[bucket] = high[i]!;
      out.low[bucket] = low[i]!;
      out.close[bucket] = close[i]!;
      out.volume[bucket] = volume[i]!;
      traded = !isFiller;
    } else if (!isFiller) {
      if (high[i]! > out.high[bucket]!) out.high[bucket] = high[i]!;
      if (low[i]! < out.low[bucket]!) out.low[bucket] = low[i]!;
      out.close[bucket] = close[i]!;
      out.volume[bucket] = out.volume[bucket]! + volume[i]!;
    }
  }
  for (const name of CANDLE_COLUMNS) out[name] = out[name].subarray(0, bucket + 1);
  return out;
}

function reachesPast(timeMs: number, bucketEnd: number, from: Timeframe, to: Timeframe): AppError {
  return new AppError('CANDLES_MISALIGNED', {
    rule: `Each ${from} candle must lie inside one ${to} candle.`,
    found: `the candle of ${timeText(timeMs)} ends after ${timeText(bucketEnd)}.`,
    todo: 'Choose a timeframe whose grid the candles keep.',
  });
}

/**
 * For each candle of `base` the index of the last candle of `higher` that is closed when it closes: close time (open
 * time + timeframe) at most that of the base candle. -1 where there is none yet. Values of `higher` may be read through
 * this index and in no other way.
 */
export function alignHigherTimeframe(base: Candles, higher: Candles): Int32Array {
  const baseMs = timeframeMs(base.timeframe);
  const higherMs = timeframeMs(higher.timeframe);
  const baseTime = base.time;
  const higherTime = higher.time;
  const higherCount = higher.barCount;
  const lastClosed = new Int32Array(base.barCount);
  let next = 0;
  for (let i = 0; i < baseTime.length; i++) {
    const known = baseTime[i]! + baseMs;
    while (next < higherCount && higherTime[next]! + higherMs <= known) next++;
    lastClosed[i] = next - 1;
  }
  return lastClosed;
}
