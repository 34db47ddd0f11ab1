// Candles prepared for many runs: base bars, longer candles, where each is readable, and finished indicator columns.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { createExecutorMarket, type ExecutorMarket } from '../executors/executor-market.ts';
import type { Fixes } from '../executors/fixes.ts';
import { type Candles, sliceCandles } from '../market/candles.ts';
import { alignHigherTimeframe, resampleCandles } from '../market/resample.ts';
import { parseTimeframe, type Timeframe, timeframeMs } from '../market/timeframe.ts';

/** Bytes of finished columns that are kept when nothing else is said. */
const COLUMN_BYTES = 268_435_456;

export interface ControllerMarket {
  readonly executors: ExecutorMarket;
  /** First bar of the run; bars before it are history for indicators, under the fix `warmUp`. */
  readonly from: number;
  /** Candles of other intervals as the exchange gave them, by interval; others are built from the base candles. */
  readonly given: ReadonlyMap<string, Candles>;
  readonly columns: ColumnShelf;
}

/** Finished columns, the one that was not read for the longest time first. */
interface ColumnShelf {
  readonly entries: Map<string, { readonly value: unknown; readonly bytes: number }>;
  readonly bytesMax: number;
  bytes: number;
  computed: number;
  hits: number;
}

export interface ControllerMarketOptions {
  /** First bar of the run. Default 0. */
  readonly from?: number;
  /** Candles of the controllers' own intervals, if they are not to be built from the base candles. */
  readonly intervals?: readonly Candles[];
  /** Most bytes of finished columns that are kept; a column that is larger is kept alone. Default 256 MiB. */
  readonly columnBytes?: number;
}

/** Prepares candles once for any number of runs. The candles are the resolution of the back-test. */
export function createControllerMarket(candles: Candles, options: ControllerMarketOptions = {}): ControllerMarket {
  const from = options.from ?? 0;
  if (candles.barCount === 0 || from < 0 || from >= candles.barCount) {
    throw new AppError('WINDOW_EMPTY', {
      rule: 'A run must have candles from its first bar on.',
      found: `${candles.barCount} candles, first bar ${from}.`,
      todo: 'Give candles, or an earlier first bar.',
    });
  }
  return {
    executors: createExecutorMarket(candles),
    from,
    given: new Map((options.intervals ?? []).map((one) => [String(one.timeframe), one])),
    columns: { entries: new Map(), bytesMax: options.columnBytes ?? COLUMN_BYTES, bytes: 0, computed: 0, hits: 0 },
  };
}

/** A value computed once per market and `key`, and again when it had to make room. */
export function columnOf<T>(market: ControllerMarket, key: string, compute: () => T): T {
  const shelf = market.columns;
  const known = shelf.entries.get(key);
  if (known !== undefined) {
    shelf.hits++;
    shelf.entries.delete(key);
    shelf.entries.set(key, known);
    return known.value as T;
  }
  const value = compute();
  assert(value !== undefined, 'a computed column is a value');
  shelf.computed++;
  const bytes = bytesOf(value);
  for (const [name, entry] of shelf.entries) {
    if (shelf.bytes + bytes <= shelf.bytesMax) break;
    shelf.entries.delete(name);
    shelf.bytes -= entry.bytes;
  }
  shelf.entries.set(key, { value, bytes });
  shelf.bytes += bytes;
  return value;
}

/** Bytes of all columns inside a value. */
function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + bytesOf(member), 0);
}

/** Candles of `interval` and, for each base bar, which of them it may read; −1 is none. */
export interface IntervalView {
  readonly candles: Candles;
  readonly readable: Int32Array;
  /** What distinguishes this view in the key of a column. */
  readonly key: string;
}

/**
 * Hummingbot drops what lies before the run, and reads a candle from its open on; the fixes `warmUp` and
 * `closedCandles` change the two.
 */
export function intervalView(market: ControllerMarket, interval: string, fixes: Fixes): IntervalView {
  const key = `${interval} ${fixes.warmUp ? 'history' : 'run'} ${fixes.closedCandles ? 'closed' : 'opened'}`;
  return columnOf(market, `view ${key}`, () => {
    const base = market.executors.candles;
    const all = columnOf(market, `candles ${interval}`, () => candlesOf(market, interval));
    const start = fixes.warmUp ? Number.NEGATIVE_INFINITY : base.time[market.from];
    let first = 0;
    while (first < all.barCount && all.time[first] < start) first++;
    const candles = sliceCandles(all, first, all.barCount);
    const readable = fixes.closedCandles ? alignHigherTimeframe(base, candles) : alignByOpen(base, candles);
    return { candles, readable, key };
  });
}

function candlesOf(market: ControllerMarket, interval: string): Candles {
  const base = market.executors.candles;
  const given = market.given.get(interval);
  if (given !== undefined) return given;
  const timeframe = parseTimeframe(interval);
  checkInterval(timeframe, base.timeframe);
  return resampleCandles(base, timeframe);
}

/** Errors: TIMEFRAME_INVALID when candles of `interval` cannot be built from those of the run. */
export function checkInterval(interval: Timeframe, base: Timeframe): void {
  if (timeframeMs(interval) % timeframeMs(base) === 0) return;
  throw new AppError('TIMEFRAME_INVALID', {
    rule: "A controller's interval must be a multiple of the candles that it runs on.",
    found: `interval ${interval} on candles of ${base}.`,
    todo: `Give candles that ${interval} is a multiple of, or another interval.`,
  });
}

/** For each base bar the last candle that has opened. */
function alignByOpen(base: Candles, candles: Candles): Int32Array {
  const readable = new Int32Array(base.barCount);
  let next = 0;
  for (let i = 0; i < base.barCount; i++) {
    while (next < candles.barCount && candles.time[next] <= base.time[i]) next++;
    readable[i] = next - 1;
  }
  return readable;
}
