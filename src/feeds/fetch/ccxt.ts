// Downloads closed candles from any exchange that ccxt knows, page by page, through a process of its own.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { LIMITS } from '../../core/limits.ts';
import { CANDLE_COLUMNS, type CandleColumn } from '../../market/candles.ts';
import { type Timeframe, timeframeMs } from '../../market/timeframe.ts';
import { shown } from '../input-fault.ts';
import { type CcxtProcessOptions, ccxtMessages } from './ccxt-process.ts';
import type { CcxtFailure, CcxtOrder } from './ccxt-protocol.ts';
import type { FetchCache } from './fetch-cache.ts';
import { cutWindow } from './window-columns.ts';

export interface CcxtRequest {
  /** The id ccxt uses, such as kraken. */
  readonly exchange: string;
  /** The unified symbol, such as BTC/USDT or BTC/USDT:USDT. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Epoch ms UTC, inclusive. */
  readonly fromMs: number;
  /** Epoch ms UTC, exclusive. */
  readonly toMs: number;
}

export interface CcxtDeps extends CcxtProcessOptions {
  readonly cache: FetchCache;
  readonly clock: Clock;
  /** What the child imports: `ccxt`, or the path of a stand-in for tests. */
  readonly module?: string;
  readonly retryMs?: number;
  readonly onPage?: (done: number, total: number) => void;
}

export interface CcxtCandles {
  readonly columns: Readonly<Record<CandleColumn, Float64Array>>;
  readonly notes: readonly string[];
  readonly pagesFetched: number;
  readonly pagesCached: number;
}

/** Candles of one page. Pages lie on a fixed grid, so that a later run meets the same ones. */
const PAGE_CANDLES = 1_000;
const SKEW_MS_MAX = 5_000;

type Row = readonly number[];
type Page = readonly [start: number, end: number];

/**
 * Only candles that are closed by the exchange's clock are given. Full pages are cached, so that a broken run is taken
 * up by running it again. Errors: DEPENDENCY_MISSING without ccxt, FETCH_FORBIDDEN for an unknown exchange,
 * REQUEST_INVALID for a symbol or timeframe it lacks, FETCH_FAILED, CANCELLED, DEADLINE.
 *
 * The child connects where ccxt tells it to: the host list of the archive downloads does not bind it.
 */
export async function fetchCcxt(request: CcxtRequest, deps: CcxtDeps): Promise<CcxtCandles> {
  checkRequest(request);
  const pages = pagesOf(request, deps.clock.wallMs());
  const rowsOf = new Map<number, readonly Row[]>();
  for (const [start, end] of pages) {
    const kept = await deps.cache.read(cacheName(request, start));
    const rows = kept === undefined ? undefined : readKept(kept, request, start, end);
    if (rows !== undefined) rowsOf.set(start, rows);
  }
  const pagesCached = rowsOf.size;
  const wanted = pages.filter(([start]) => !rowsOf.has(start));
  const notes: string[] = [];
  deps.onPage?.(pagesCached, pages.length);
  if (wanted.length > 0) {
    await download(request, deps, wanted, notes, (start, rows) => {
      rowsOf.set(start, rows);
      deps.onPage?.(rowsOf.size, pages.length);
    });
  }
  const rows = pages.flatMap(([start]) => rowsOf.get(start) ?? []);
  const columns = Object.fromEntries(
    CANDLE_COLUMNS.map((name, at) => [name, Float64Array.from(rows, (row) => row[at]!)]),
  ) as Record<CandleColumn, Float64Array>;
  return {
    columns: cutWindow([columns], request.fromMs, request.toMs),
    notes,
    pagesFetched: wanted.length,
    pagesCached,
  };
}

async function download(
  request: CcxtRequest,
  deps: CcxtDeps,
  wanted: readonly Page[],
  notes: string[],
  onPage: (start: number, rows: readonly Row[]) => void,
): Promise<void> {
  const ends = new Map(wanted);
  const order: CcxtOrder = {
    module: deps.module ?? 'ccxt',
    exchange: request.exchange,
    symbol: request.symbol,
    timeframe: request.timeframe,
    timeframeMs: timeframeMs(request.timeframe),
    pages: wanted,
    attempts: LIMITS.downloadAttemptsMax,
    retryMs: deps.retryMs ?? 1_000,
  };
  let nowMs = deps.clock.wallMs();
  for await (const message of ccxtMessages(order, deps)) {
    if (message.type === 'failed') throw failure(request, message.reason, message.message);
    if (message.type === 'clock') {
      notes.push(...clockNotes(message.exchangeMs, deps.clock.wallMs()));
      nowMs = message.exchangeMs ?? nowMs;
    }
    if (message.type !== 'page') continue;
    const end = ends.get(message.start);
    if (end === undefined) throw badPage(request, `a page from ${message.start} that was not asked for`);
    const rows = checkRows(request, message.rows, message.start, end).filter(
      ([time]) => time! + order.timeframeMs <= nowMs,
    );
    // A page is kept once nothing can be added to it. An empty one may fill later, when the exchange mends a hole.
    if (end <= nowMs && rows.length > 0) {
      await deps.cache.write(cacheName(request, message.start), Buffer.from(JSON.stringify(rows)));
    }
    onPage(message.start, rows);
  }
}

function clockNotes(exchangeMs: number | null, wallMs: number): string[] {
  if (exchangeMs === null)
    return ['The exchange does not tell its time: closed candles were judged by the clock of this machine.'];
  const skew = wallMs - exchangeMs;
  if (Math.abs(skew) <= SKEW_MS_MAX) return [];
  return [
    `The clock of this machine is ${(Math.abs(skew) / 1_000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} the exchange.`,
  ];
}

function checkRequest({ exchange, symbol, fromMs, toMs }: CcxtRequest): void {
  const refuse = (found: string, todo: string): AppError => new AppError('REQUEST_INVALID', { found, todo });
  if (!/^[a-z0-9_]{2,32}$/.test(exchange)) throw refuse(`exchange ${shown(exchange)}.`, 'Write for example kraken.');
  if (!/^[A-Za-z0-9/:._-]{3,64}$/.test(symbol)) throw refuse(`symbol ${shown(symbol)}.`, 'Write for example BTC/USDT.');
  if (!(fromMs >= 0 && fromMs < toMs && Number.isFinite(toMs)))
    throw refuse(`a window from ${fromMs} to ${toMs}.`, 'Start before the end.');
}

function pagesOf({ fromMs, toMs, timeframe }: CcxtRequest, nowMs: number): Page[] {
  const length = timeframeMs(timeframe) * PAGE_CANDLES;
  const pages: Page[] = [];
  for (let start = Math.floor(fromMs / length) * length; start < Math.min(toMs, nowMs); start += length) {
    pages.push([start, start + length]);
  }
  if (pages.length * PAGE_CANDLES > LIMITS.barsMax) {
    const found = `${pages.length * PAGE_CANDLES} candles.`;
    throw new AppError('LIMIT_EXCEEDED', { found, todo: `Stay within ${LIMITS.barsMax}.` });
  }
  return pages;
}

function cacheName({ exchange, symbol, timeframe }: CcxtRequest, start: number): string {
  const readable = symbol.replace(/[^A-Za-z0-9]/g, '_');
  return `ccxt-${exchange}-${readable}-${sha256Hex(symbol).slice(0, 8)}-${timeframe}-${start}.json`;
}

/** A cached page, or undefined when it does not hold what a page must. */
function readKept(bytes: Uint8Array, request: CcxtRequest, start: number, end: number): readonly Row[] | undefined {
  try {
    return checkRows(request, JSON.parse(Buffer.from(bytes).toString('utf8')), start, end);
  } catch {
    // A spoiled entry is fetched again and then overwritten.
    return undefined;
  }
}

function checkRows(request: CcxtRequest, rows: unknown, start: number, end: number): Row[] {
  if (!Array.isArray(rows)) throw badPage(request, 'no list of candles');
  let before = start - 1;
  return rows.map((row: unknown) => {
    const values = Array.isArray(row)
      ? row.slice(0, 6).map((value, at) => (at === 5 && value === null ? 0 : value))
      : [];
    if (values.length !== 6 || !values.every((value) => Number.isFinite(value)))
      throw badPage(request, `the row ${JSON.stringify(row)}`);
    const time = values[0] as number;
    if (!Number.isInteger(time) || time <= before || time >= end)
      throw badPage(request, `a candle of ${time} out of order`);
    before = time;
    return values as number[];
  });
}

const badPage = ({ exchange }: CcxtRequest, what: string): AppError =>
  new AppError('FETCH_FAILED', { found: `${exchange} sent ${what.slice(0, 200)}.`, todo: 'Try again later.' });

function failure({ exchange, symbol, timeframe }: CcxtRequest, reason: CcxtFailure, message: string): AppError {
  switch (reason) {
    case 'missing':
      return new AppError('DEPENDENCY_MISSING', { found: 'ccxt is not installed.', todo: 'Run: npm install ccxt' });
    case 'exchange':
      return new AppError('FETCH_FORBIDDEN', { found: `${message}.`, todo: 'See the exchanges of ccxt.' });
    case 'symbol':
      return new AppError('REQUEST_INVALID', {
        found: `${exchange} has no ${symbol}: ${message}.`,
        todo: 'Choose one it lists.',
      });
    case 'timeframe':
      return new AppError('REQUEST_INVALID', { found: `no ${timeframe}: ${message}.`, todo: 'Choose one of those.' });
    case 'network':
      return new AppError('FETCH_FAILED', {
        found: `${exchange}: ${message}.`,
        todo: 'Check that this machine is online, then run it again: pages already downloaded are kept.',
      });
    case 'other':
      return new AppError('FETCH_FAILED', {
        found: `${exchange}: ${message}.`,
        todo: 'Run it again: pages already downloaded are kept.',
      });
  }
}
