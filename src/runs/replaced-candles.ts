// What stored candles an import would take away or join, and whether they are of the same market.
import { AppError } from '../core/errors.ts';
import { keyText } from '../market/candle-key.ts';
import type { CandleKey } from '../market/candles.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { nameParts } from './market-of-file.ts';

/** Characters of a source that are stored: file names one after the other, the last one possibly cut. */
export const SOURCE_LENGTH_MAX = 1_000;

export interface Replaced {
  readonly bars: number;
  /** Names of the files, or how else the candles came. */
  readonly source: string;
}

/**
 * What is stored under `key` and would be replaced by `files`; undefined when nothing sound is. Errors: REQUEST_INVALID
 * when those candles came from another market or source than the names of the files tell, unless `anyway`.
 */
export function replacedBy(
  key: CandleKey,
  files: readonly string[],
  storeRoot: string,
  anyway: boolean,
): Replaced | undefined {
  const entries = openCandleStore(storeRoot).list();
  const header = entries.find((entry) => keyText(entry.key) === keyText(key))?.header;
  if (header === undefined) return undefined;
  const { barCount: bars, source } = header;
  const markets = new Set(files.map(marketOf));
  if (!anyway && !sourceFiles(source).every((file) => markets.has(marketOf(file)))) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Candles of one market or source are not replaced by those of another unasked.',
      found: `${keyText(key)} holds ${bars.toLocaleString('en')} candles from ${source}; to be imported: ${files.join(', ')}.`,
      todo: 'Name another --exchange or --symbol, join them with --append, or add --replace.',
    });
  }
  return { bars, source };
}

/**
 * Errors: REQUEST_INVALID when the names of the files tell another market than those of the candles they would be joined
 * with. A name without an exchange may be of any.
 */
export function checkJoined(key: CandleKey, files: readonly string[], storeRoot: string): void {
  const header = openCandleStore(storeRoot).describe(key)?.header;
  if (header === undefined) return;
  const stored = sourceFiles(header.source).map((name) => (CANDLE_FILE.test(name) ? nameParts(name) : key));
  const foreign = files.find((file) => !stored.every((market) => isSameMarket(market, nameParts(file))));
  if (foreign === undefined) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Candles of one market are not joined with those of another unasked.',
    found: `${keyText(key)} holds ${header.barCount.toLocaleString('en')} candles from ${header.source}; to be appended: ${foreign}.`,
    todo: 'Name another --exchange or --symbol, or add --mixed.',
  });
}

type Market = Pick<CandleKey, 'exchange' | 'symbol'>;

/** `local` is the exchange of names that tell none. */
const isSameMarket = (a: Market, b: Market): boolean =>
  a.symbol.toLowerCase() === b.symbol.toLowerCase() &&
  (a.exchange === b.exchange || a.exchange === 'local' || b.exchange === 'local');

/** Sources that are no files are downloads and resampled candles: their market is that of the key. */
const CANDLE_FILE = /\.(csv|json|parquet|arrow|feather|ipc|gz|zip|txt)$/i;

const marketOf = (file: string): string => Object.values(nameParts(file)).join('/').toLowerCase();

function sourceFiles(source: string): string[] {
  const files = source.split(', ');
  return source.length < SOURCE_LENGTH_MAX || files.length === 1 ? files : files.slice(0, -1);
}
