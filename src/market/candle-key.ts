// Keys of stored candles as people write them.
import { AppError } from '../core/errors.ts';
import type { CandleKey } from './candles.ts';
import { parseTimeframe } from './timeframe.ts';

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
