// The indicators of Hummingbot's controllers, by the conventions of pandas-ta over TA-Lib.
import { atr } from '../indicators/atr.ts';
import { bollinger } from '../indicators/bollinger.ts';

const EPSILON = 2 ** -52;

export interface BandPlace {
  /** 0 at the lower band, 1 at the upper one. */
  readonly percent: Float64Array;
  /** Distance of the bands in percent of the middle. */
  readonly width: Float64Array;
}

/**
 * Bollinger bands of population deviations. pandas-ta adds the machine epsilon to every distance of the bands as soon
 * as one of them is zero: a flat window then lies at 0, on the lower band. `flatIsNowhere` gives NaN there instead.
 * Causal: out[i] reads close[i-length+1..i]; the epsilon is the exception, and too small to move a price.
 * Warm-up: length − 1 bars of NaN.
 */
export function bandPlace(close: Float64Array, length: number, width: number, flatIsNowhere: boolean): BandPlace {
  const { lower, upper, middle } = bollinger(close, length, width, 'standard');
  const bars = close.length;
  let isFlatSomewhere = false;
  for (let i = 0; i < bars; i++) if (upper[i] - lower[i] === 0) isFlatSomewhere = true;
  const extra = isFlatSomewhere && !flatIsNowhere ? EPSILON : 0;
  const percent = new Float64Array(bars);
  const distance = new Float64Array(bars);
  for (let i = 0; i < bars; i++) {
    const range = upper[i] - lower[i] + extra;
    percent[i] = (close[i] - lower[i]) / range;
    distance[i] = (100 * range) / middle[i];
  }
  return { percent, width: distance };
}

export interface MacdLines {
  readonly macd: Float64Array;
  readonly histogram: Float64Array;
}

/**
 * MACD as TA-Lib starts it: both averages begin at bar slow − 1, the fast one with the mean of its last `fast` closes.
 * Causal: out[i] reads close[0..i]. Warm-up: slow + signal − 2 bars of NaN, in both lines.
 */
export function macdLines(close: Float64Array, fast: number, slow: number, signal: number): MacdLines {
  // TA-Lib takes the shorter length as the fast one, whichever name it has.
  const [short, long] = fast <= slow ? [fast, slow] : [slow, fast];
  const bars = close.length;
  const line = new Float64Array(bars).fill(Number.NaN);
  const quick = seededAverage(close, short, long - 1);
  const slowly = seededAverage(close, long, long - 1);
  for (let i = long - 1; i < bars; i++) line[i] = quick[i] - slowly[i];
  const first = long + signal - 2;
  const trigger = seededAverage(line, signal, first);
  const macd = new Float64Array(bars).fill(Number.NaN);
  const histogram = new Float64Array(bars).fill(Number.NaN);
  for (let i = first; i < bars; i++) {
    macd[i] = line[i];
    histogram[i] = line[i] - trigger[i];
  }
  return { macd, histogram };
}

/** An exponential average that is the plain mean of `length` values at bar `start`. */
function seededAverage(values: Float64Array, length: number, start: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  if (start >= values.length) return out;
  let sum = 0;
  for (let i = start - length + 1; i <= start; i++) sum += values[i];
  let average = sum / length;
  out[start] = average;
  const weight = 2 / (length + 1);
  for (let i = start + 1; i < values.length; i++) {
    average += weight * (values[i] - average);
    out[i] = average;
  }
  return out;
}

/** Wilder's average true range as a fraction of the close. Warm-up: `length` bars of NaN. */
export function rangeShare(high: Float64Array, low: Float64Array, close: Float64Array, length: number): Float64Array {
  const range = atr(high, low, close, length, 'standard');
  return range.map((value, i) => value / close[i]);
}

export interface TrendBand {
  readonly line: Float64Array;
  /** +1 up, −1 down. */
  readonly direction: Int8Array;
}

/**
 * Supertrend as pandas-ta has it: the trend starts up, and a close beyond the other band of the bar before turns it.
 * Causal: out[i] reads bars 0..i. Warm-up: `length` bars of NaN in `line`.
 */
export function trendBand(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  multiplier: number,
): TrendBand {
  const range = atr(high, low, close, length, 'standard');
  const bars = close.length;
  const line = new Float64Array(bars).fill(Number.NaN);
  const direction = new Int8Array(bars).fill(1);
  let upper = Number.NaN;
  let lower = Number.NaN;
  let trend: 1 | -1 = 1;
  for (let i = 0; i < bars; i++) {
    const middle = (high[i] + low[i]) / 2;
    let nextUpper = middle + multiplier * range[i];
    let nextLower = middle - multiplier * range[i];
    if (close[i] > upper) trend = 1;
    else if (close[i] < lower) trend = -1;
    else {
      if (trend > 0 && nextLower < lower) nextLower = lower;
      if (trend < 0 && nextUpper > upper) nextUpper = upper;
    }
    upper = nextUpper;
    lower = nextLower;
    direction[i] = trend;
    line[i] = trend > 0 ? lower : upper;
  }
  return { line, direction };
}
