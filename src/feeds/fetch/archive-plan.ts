// Which archive files of an exchange hold a window of candles. Decides addresses and does no I/O.
import { AppError } from '../../core/errors.ts';
import { parseTimeframe, type Timeframe } from '../../market/timeframe.ts';
import { shown } from '../input-fault.ts';

export const ARCHIVE_HOST = 'data.binance.vision';

export interface ArchiveRequest {
  readonly exchange: 'binance';
  readonly market: 'spot' | 'usdm';
  /** The exchange's own spelling, such as BTCUSDT. */
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Epoch ms UTC, inclusive. */
  readonly fromMs: number;
  /** Epoch ms UTC, exclusive. */
  readonly toMs: number;
}

export interface ArchiveFile {
  /** Unique, and fit to be a file name. */
  readonly name: string;
  readonly url: string;
  /** `2024-01` or `2024-01-31`. */
  readonly period: string;
  /** Daily files that hold the same candles, to be asked for while a month is not yet published as one. */
  readonly days: readonly ArchiveFile[];
}

const DAY_MS = 86_400_000;
const PATHS = { spot: 'spot', usdm: 'futures/um' } as const;
const TIMEFRAMES = ['1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w'];
/** Months appear some days after their end; for this many of them daily files are tried instead. */
const LATE_MONTHS = 2;

/**
 * Whole months as monthly files and the running month as daily files, in order of time, up to `nowMs`. The day of
 * `nowMs` is not published yet and is left out. Errors: REQUEST_INVALID, FETCH_FORBIDDEN for another exchange.
 */
export function planArchive(request: ArchiveRequest, nowMs: number): ArchiveFile[] {
  checkRequest(request);
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const end = Math.min(request.toMs, today);
  const files: ArchiveFile[] = [];
  for (let month = monthOf(request.fromMs); month < end; month = nextMonth(month)) {
    const monthEnd = nextMonth(month);
    const days: ArchiveFile[] = [];
    for (let day = month; day < Math.min(monthEnd, end); day += DAY_MS) {
      if (day + DAY_MS > request.fromMs) days.push(fileOf(request, 'daily', day, 10));
    }
    if (monthEnd > today) files.push(...days);
    else {
      const late = monthsBetween(monthEnd, today) < LATE_MONTHS;
      files.push({ ...fileOf(request, 'monthly', month, 7), days: late ? days : [] });
    }
  }
  return files;
}

function fileOf(request: ArchiveRequest, kind: 'daily' | 'monthly', ms: number, length: number): ArchiveFile {
  const { market, symbol, timeframe } = request;
  const period = new Date(ms).toISOString().slice(0, length);
  const file = `${symbol}-${timeframe}-${period}.zip`;
  const url = `https://${ARCHIVE_HOST}/data/${PATHS[market]}/${kind}/klines/${symbol}/${timeframe}/${file}`;
  return { name: `binance-${market}-${file}`, url, period, days: [] };
}

function checkRequest({ exchange, market, symbol, timeframe, fromMs, toMs }: ArchiveRequest): void {
  if (exchange !== 'binance') {
    throw new AppError('FETCH_FORBIDDEN', {
      found: `archives of ${shown(exchange)}.`,
      todo: 'Archives exist for binance.',
    });
  }
  const refuse = (found: string, todo: string): AppError => new AppError('REQUEST_INVALID', { found, todo });
  if (!Object.hasOwn(PATHS, market)) throw refuse(`market ${shown(market)}.`, 'Write spot or usdm.');
  if (!/^[A-Z0-9]{1,32}(?:_[A-Z0-9]{1,16})?$/.test(symbol))
    throw refuse(`symbol ${shown(symbol)}.`, 'Write for example BTCUSDT.');
  if (!TIMEFRAMES.includes(parseTimeframe(timeframe)))
    throw refuse(`timeframe ${timeframe}.`, `Choose from ${TIMEFRAMES.join(', ')}.`);
  // The first archives of the exchange are from 2017; the bound keeps a slip of the pen from planning 10,000 files.
  const valid = Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs;
  if (!valid || fromMs < Date.UTC(2017, 0, 1))
    throw refuse(`a window from ${fromMs} to ${toMs}.`, 'Start in 2017 or later, before the end.');
}

const monthOf = (ms: number): number => {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
};
const nextMonth = (ms: number): number => {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
};
const monthsBetween = (from: number, to: number): number => {
  const [a, b] = [new Date(from), new Date(to)];
  return (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
};
