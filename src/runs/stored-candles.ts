// Keys of the candle store as people write them, and which stored candles serve a wish.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { keyText, parseKey } from '../market/candle-key.ts';
import type { CandleKey, Candles } from '../market/candles.ts';
import { resampleCandles } from '../market/resample.ts';
import { parseTimeframe, type Timeframe, timeframeMs } from '../market/timeframe.ts';
import type { CandleMirror, MirroredCandles } from '../mirror/mirror.ts';
import { type CandleStore, openCandleStore } from '../store/candle-store.ts';
import type { Replaced } from './replaced-candles.ts';

interface Stored {
  readonly key: CandleKey;
  readonly candles: Candles;
  readonly quality: readonly string[];
}

/**
 * Candles for `exchange/symbol/timeframe`, or for `exchange/symbol`: then those of `wanted`, else the longest stored
 * ones it can be resampled from; without `wanted` the only ones there are. Answers the known keys when nothing fits.
 * Errors: REQUEST_INVALID when the choice is open, CANDLE_FILE_CORRUPT.
 */
export function readStored(
  text: string,
  wanted: Timeframe | undefined,
  storeRoot: string,
  mirror?: CandleMirror,
): Stored | { readonly known: readonly string[] } {
  const store = openCandleStore(storeRoot);
  const key = storedKey(text, wanted, store);
  if (key === undefined) return { known: store.list().map((entry) => keyText(entry.key)) };
  const { candles, quality } = mirror?.get(keyText(key)) ?? readKey(store, key);
  return { key, candles, quality: quality?.defects.map(({ kind, action }) => `${kind}: ${action}`) ?? [] };
}

/** The stored series that serves a wish, as readStored chooses it; undefined when nothing fits. Errors: REQUEST_INVALID. */
export function storedKey(text: string, wanted: Timeframe | undefined, store: CandleStore): CandleKey | undefined {
  const keys = store.list().map((entry) => entry.key);
  const exact = keys.find((key) => keyText(key) === text);
  const ofMarket = keys.filter((one) => `${one.exchange}/${one.symbol}` === text);
  return exact ?? chooseTimeframe(text, ofMarket, wanted);
}

function readKey(store: CandleStore, key: CandleKey): Pick<MirroredCandles, 'candles' | 'quality'> {
  const { candles, meta } = store.read(key);
  return { candles, quality: meta.quality };
}

function chooseTimeframe(
  text: string,
  keys: readonly CandleKey[],
  wanted: Timeframe | undefined,
): CandleKey | undefined {
  if (keys.length <= 1) return keys[0];
  if (wanted === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A key must name the timeframe when several are stored.',
      found: `"${text}", stored as ${keys.map((key) => key.timeframe).join(', ')}.`,
      todo: `Write ${keyText(keys[0]!)}, or add --timeframe.`,
    });
  }
  const wantedMs = timeframeMs(wanted);
  return keys
    .filter((key) => wantedMs % timeframeMs(key.timeframe) === 0)
    .sort((a, b) => timeframeMs(b.timeframe) - timeframeMs(a.timeframe))[0];
}

export interface Resampled {
  readonly key: string;
  readonly bars: number;
  readonly fromBars: number;
  readonly contentHash: string;
  /** The candles that are no longer stored; absent when there were none. */
  readonly replaced?: Replaced;
}

/**
 * Stores candles of a longer timeframe beside those of `text`. Those that were resampled from `text`
 * earlier are replaced; others only with `replace`. Errors: TIMEFRAME_INVALID, CANDLES_NOT_FOUND, REQUEST_INVALID, STORE_*.
 */
export function resampleStored(
  text: string,
  timeframeText: string,
  storeRoot: string,
  clock: Clock,
  replace = false,
): Resampled {
  const key = parseKey(text);
  const timeframe = parseTimeframe(timeframeText);
  const store = openCandleStore(storeRoot);
  const { candles } = store.read(key);
  if (timeframeMs(timeframe) <= timeframeMs(key.timeframe)) {
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'Candles can be resampled to a longer timeframe only.',
      found: `${key.timeframe} to ${timeframe}.`,
      todo: `Choose a multiple of ${key.timeframe}.`,
    });
  }
  const target = { ...key, timeframe };
  const source = `resampled from ${keyText(key)}`;
  const replaced = replacedByResampling(store, target, source, replace);
  const made = resampleCandles(candles, timeframe);
  if (made.barCount === 0) {
    throw new AppError('HISTORY_TOO_SHORT', {
      rule: 'There must be candles enough for one of the longer timeframe.',
      found: `${candles.barCount} candles of ${key.timeframe}.`,
      todo: 'Choose a shorter timeframe.',
    });
  }
  const meta = { source, importedAt: clock.wallMs(), quality: null };
  const contentHash = store.write(target, made, meta);
  return {
    key: keyText(target),
    bars: made.barCount,
    fromBars: candles.barCount,
    contentHash,
    ...(replaced && { replaced }),
  };
}

/** Candles that an exchange made may know more than those that are built: they are not lost by the way. */
function replacedByResampling(
  store: CandleStore,
  target: CandleKey,
  source: string,
  replace: boolean,
): Replaced | undefined {
  const header = store.describe(target)?.header;
  if (header === undefined) return undefined;
  const replaced = { bars: header.barCount, source: header.source };
  if (replace || header.source === source) return replaced;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Stored candles are not replaced by resampled ones unasked.',
    found: `${keyText(target)} holds ${replaced.bars.toLocaleString('en')} candles from ${replaced.source}.`,
    todo: 'Add --replace, or use them as they are.',
  });
}

/** Removes series and answers their keys. Errors: CANDLES_NOT_FOUND before anything is removed. */
export function removeStored(texts: readonly string[], storeRoot: string): string[] {
  const store = openCandleStore(storeRoot);
  const keys = texts.map(parseKey);
  const absent = keys.find((key) => !store.has(key));
  if (absent !== undefined) {
    throw new AppError('CANDLES_NOT_FOUND', { found: `${keyText(absent)}.`, todo: 'See gridmill data list.' });
  }
  for (const key of keys) store.remove(key);
  return keys.map(keyText);
}
