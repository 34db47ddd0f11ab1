// Fewer points with the same extremes: which bars of a curve to keep, and candles aggregated by a factor.

/**
 * Indexes to keep, ascending and distinct: the first and last of all, and of each of `steps` equal steps the lowest and
 * highest of every column. Curves of at most `steps` points are kept whole. A NaN never counts as an extreme.
 */
export function extremeIndexes(columns: readonly ArrayLike<number>[], steps: number): number[] {
  const length = columns[0]?.length ?? 0;
  if (length <= steps) return Array.from({ length }, (_, index) => index);
  const keep = new Set<number>([0, length - 1]);
  for (let step = 0; step < steps; step++) {
    const from = Math.floor((step * length) / steps);
    const to = Math.floor(((step + 1) * length) / steps);
    for (const column of columns) keepExtremes(column, from, to, keep);
  }
  return [...keep].sort((a, b) => a - b);
}

/** Adds the indexes of the lowest and highest of `column` in [from, to). */
function keepExtremes(column: ArrayLike<number>, from: number, to: number, keep: Set<number>): void {
  let low = -1;
  let high = -1;
  for (let i = from; i < to; i++) {
    const value = column[i]!;
    if (Number.isNaN(value)) continue;
    if (low < 0 || value < column[low]!) low = i;
    if (high < 0 || value > column[high]!) high = i;
  }
  if (low >= 0) keep.add(low).add(high);
}

interface OhlcColumns {
  readonly time: ArrayLike<number>;
  readonly open: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly close: ArrayLike<number>;
}

interface PlainOhlc {
  time: number[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
}

/**
 * Bars [from, to) aggregated `factor` at a time by count, not by clock: first open, highest high, lowest low, last
 * close, time of the first. The last candle may hold fewer bars.
 */
export function aggregateCandles(candles: OhlcColumns, factor: number, from = 0, to = candles.time.length): PlainOhlc {
  const out: PlainOhlc = { time: [], open: [], high: [], low: [], close: [] };
  for (let start = from; start < to; start += factor) {
    const end = Math.min(start + factor, to);
    let high = candles.high[start]!;
    let low = candles.low[start]!;
    for (let i = start + 1; i < end; i++) {
      if (candles.high[i]! > high) high = candles.high[i]!;
      if (candles.low[i]! < low) low = candles.low[i]!;
    }
    out.time.push(candles.time[start]!);
    out.open.push(candles.open[start]!);
    out.high.push(high);
    out.low.push(low);
    out.close.push(candles.close[end - 1]!);
  }
  return out;
}
