// Finds candles that move many times further than their neighbours: bad ticks, splits, crashes.
import type { Candles } from './candles.ts';

/**
 * A candle is a spike when its true range is more than `medianMultiple` times the median true range of the
 * `neighbourCount` candles around it (half before, half after, shifted at the ends) and more than `shareMin` of the
 * previous close. The true range spans the candle and the previous close, so it sees both wicks and jumps.
 */
export const SPIKE_RULE = { neighbourCount: 100, neighbourCountMin: 20, medianMultiple: 15, shareMin: 0.03 } as const;

/** Bar indices of spikes, ascending. Empty when there are too few candles to compare with. */
export function findSpikes({ barCount, open, high, low, close }: Candles): number[] {
  const { neighbourCount, neighbourCountMin, medianMultiple, shareMin } = SPIKE_RULE;
  if (barCount - 1 < neighbourCountMin) return [];
  const ranges = new Float64Array(barCount);
  const candidates: number[] = [];
  let previousClose = open[0]!;
  for (let i = 0; i < barCount; i++) {
    const top = high[i]! > previousClose ? high[i]! : previousClose;
    const bottom = low[i]! < previousClose ? low[i]! : previousClose;
    ranges[i] = top - bottom;
    if (top - bottom > shareMin * previousClose) candidates.push(i);
    previousClose = close[i]!;
  }
  const width = Math.min(neighbourCount, barCount - 1);
  const neighbours = new Float64Array(width);
  return candidates.filter((bar) => {
    const first = Math.min(Math.max(bar - (width >> 1), 0), barCount - 1 - width);
    for (let k = 0; k < width; k++) neighbours[k] = ranges[first + k < bar ? first + k : first + k + 1]!;
    neighbours.sort();
    const median = (neighbours[(width - 1) >> 1]! + neighbours[width >> 1]!) / 2;
    return ranges[bar]! > medianMultiple * median;
  });
}
