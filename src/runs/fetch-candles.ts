// Downloads candles: from an exchange's archive files where it has them, else through ccxt.
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { createPrng } from '../core/prng.ts';
import { fetchArchive } from '../feeds/fetch/archive.ts';
import { ARCHIVE_HOST } from '../feeds/fetch/archive-plan.ts';
import { fetchCcxt } from '../feeds/fetch/ccxt.ts';
import { createFolderCache } from '../feeds/fetch/fetch-cache.ts';
import { createGuardedFetch } from '../feeds/fetch/guarded-fetch.ts';
import type { CandleColumn, CandleKey } from '../market/candles.ts';
import { checkCandles } from '../market/quality.ts';
import type { QualityPolicies } from '../market/quality-policies.ts';
import { type Timeframe, timeframeMs } from '../market/timeframe.ts';
import type { CandleContext, CandleOrigin, LoadedCandles } from './candle-source.ts';
import { qualityLines } from './candle-source.ts';

type Columns = Readonly<Record<CandleColumn, Float64Array>>;

export interface Download {
  readonly exchange: string;
  readonly market: 'spot' | 'usdm';
  /** BTCUSDT for archives, BTC/USDT for ccxt; a slash is left out for archives. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly fromMs: number;
  readonly toMs: number;
  readonly via: 'archive' | 'ccxt';
}

export interface Downloaded {
  readonly columns: Columns;
  readonly notes: readonly string[];
  readonly downloadMs: number;
}

const plainSymbol = (symbol: string): string => symbol.replaceAll('/', '').toUpperCase();

const fetchCache = (storeRoot: string) => createFolderCache(`${storeRoot}/cache/downloads`);

/** Archives where there are any: quicker, checksummed, and kind to the exchange. */
export function bestRoute(exchange: string): Download['via'] {
  return exchange === 'binance' ? 'archive' : 'ccxt';
}

/** Where downloads go, and the word at which they end. */
export interface DownloadContext extends CandleContext {
  readonly stop?: StopToken;
}

/** Files and pages already downloaded are taken from the cache. Errors: those of fetchArchive and fetchCcxt. */
export async function download(
  order: Download,
  context: DownloadContext,
  onProgress: (text: string) => void,
): Promise<Downloaded> {
  const startedMs = context.clock.monotonicMs();
  const { columns, notes } =
    order.via === 'archive'
      ? await fromArchive(order, context, onProgress)
      : await fetchCcxt(order, {
          cache: fetchCache(context.storeRoot),
          clock: context.clock,
          ...(context.stop && { stop: context.stop }),
          onPage: (done, total) => onProgress(`downloading ${order.symbol}  ${done} of ${total} pages`),
        });
  if (columns.time.length === 0) {
    throw new AppError('CANDLES_NOT_FOUND', {
      rule: 'The exchange must have candles in the window.',
      found: `none of ${order.symbol} on ${order.exchange} from ${day(order.fromMs)} to ${day(order.toMs)}.`,
      todo: 'Check symbol and window.',
    });
  }
  return { columns, notes, downloadMs: context.clock.monotonicMs() - startedMs };
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function fromArchive(order: Download, context: DownloadContext, onProgress: (text: string) => void) {
  const { exchange, market, timeframe, fromMs, toMs } = order;
  if (exchange !== 'binance') {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Archives exist for binance only.',
      found: `"${exchange}".`,
      todo: 'Leave out --via archive.',
    });
  }
  const symbol = plainSymbol(order.symbol);
  const prng = createPrng(fromMs);
  return fetchArchive(
    { exchange, market, symbol, timeframe, fromMs, toMs },
    {
      fetch: createGuardedFetch({ hosts: [ARCHIVE_HOST] }),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      random: prng.next,
      cache: fetchCache(context.storeRoot),
      clock: context.clock,
      ...(context.stop && { stop: context.stop }),
      onFile: ({ name }, done, total) => onProgress(`downloading ${symbol}  ${done} of ${total} files  ${name}`),
    },
  );
}

/** The key a download is stored under: markets other than spot have a name of their own. */
export function keyOfDownload({ exchange, market, symbol, timeframe }: Download): CandleKey {
  const plain = plainSymbol(symbol).replace(/[^A-Z0-9._-]/g, '-');
  return { exchange: market === 'spot' ? exchange : `${exchange}-${market}`, symbol: plain, timeframe };
}

type ArchiveOrigin = Extract<CandleOrigin, { kind: 'archive' }>;

/** Candles of archive files, downloaded once and kept in the cache. */
export async function archiveCandles(
  origin: ArchiveOrigin,
  policies: QualityPolicies,
  context: CandleContext,
  onProgress: (text: string) => void = () => undefined,
): Promise<LoadedCandles> {
  const order: Download = { ...origin, exchange: 'binance', via: 'archive' };
  const { columns, notes, downloadMs } = await download(order, context, onProgress);
  const startedMs = context.clock.monotonicMs();
  const { candles, report } = checkCandles(columns, origin.timeframe, policies);
  return {
    candles,
    origin,
    label: `binance ${origin.symbol}`,
    synthetic: false,
    quality: [...notes, ...qualityLines(report)],
    loadMs: context.clock.monotonicMs() - startedMs,
    downloadMs,
  };
}

/** The last whole calendar year of BTCUSDT minutes before `nowMs`. */
export function lastYearOfMinutes(nowMs: number): ArchiveOrigin {
  const year = new Date(nowMs).getUTCFullYear();
  return {
    kind: 'archive',
    market: 'spot',
    symbol: 'BTCUSDT',
    timeframe: '1m' as Timeframe,
    fromMs: Date.UTC(year - 1, 0, 1),
    toMs: Date.UTC(year, 0, 1),
  };
}

/** The end of the last candle that is closed at `nowMs`. */
export const closedBefore = (nowMs: number, timeframe: Timeframe): number =>
  Math.floor(nowMs / timeframeMs(timeframe)) * timeframeMs(timeframe);
