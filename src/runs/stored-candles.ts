// Keys of the candle store as people write them, and which stored candles serve a wish.
import { AppError } from '../core/errors.ts';
import type { CandleKey, Candles } from '../market/candles.ts';
import { parseTimeframe, type Timeframe, timeframeMs } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';

/** `exchange/symbol/timeframe`. */
export const keyText = ({ exchange, symbol, timeframe }: CandleKey): string => `${exchange}/${symbol}/${timeframe}`;

/** Reads `exchange/symbol/timeframe`. Errors: REQUEST_INVALID, TIMEFRAME_INVALID. */
export function parseKey(text: string): CandleKey {
  const [exchange, symbol, timeframe, ...rest] = text.split('/');
  if (!exchange || !symbol || !timeframe || rest.length > 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A key of the candle store is written exchange/symbol/timeframe.',
      found: `"${text}".`,
      todo: 'Write for example binance/BTCUSDT/1m; gridmill data list shows all.',
    });
  }
  return { exchange, symbol, timeframe: parseTimeframe(timeframe) };
}

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
): Stored | { readonly known: readonly string[] } {
  const store = openCandleStore(storeRoot);
  const keys = store.list().map((entry) => entry.key);
  const known = keys.map(keyText);
  const exact = keys.find((key) => keyText(key) === text);
  const key = exact ?? chooseTimeframe(text, keys.filter((one) => `${one.exchange}/${one.symbol}` === text), wanted);
  if (key === undefined) return { known };
  const { candles, meta } = store.read(key);
  return { key, candles, quality: meta.quality?.defects.map(({ kind, action }) => `${kind}: ${action}`) ?? [] };
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
