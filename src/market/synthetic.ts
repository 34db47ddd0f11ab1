// Seeded candles that look like a liquid crypto market; for benchmarks, demonstrations and tests without real data.
import { assert } from '../core/assert.ts';
import { createPrng, type Prng } from '../core/prng.ts';
import { type Candles, createCandles } from './candles.ts';
import { candleOpenTime, type Timeframe, timeframeMs } from './timeframe.ts';

export interface SyntheticOptions {
  readonly seed: number;
  readonly timeframe: Timeframe;
  readonly barCount: number;
  /** Epoch ms UTC; moved down to the grid of the timeframe. */
  readonly startTime: number;
  readonly startPrice: number;
  /** Standard deviation of the return over one day. Default 0.03. */
  readonly dailyVolatility?: number;
  /** Jumps per day on average. Default 0.5. */
  readonly jumpsPerDay?: number;
  /** Base-asset volume of an average candle. Default 25. */
  readonly averageVolume?: number;
  /** Decimals of prices. Default 2. */
  readonly priceDecimals?: number;
}

const DAY_MS = 86_400_000;
/** Price moves inside one candle: enough that high and low lie beyond open and close as they do in real candles. */
const STEPS_PER_CANDLE = 6;
/** Relative volatility by UTC hour: quiet Asian night, European morning, peak at the American open. */
const HOURLY_VOLATILITY = [
  0.95, 0.9, 0.85, 0.8, 0.78, 0.78, 0.82, 0.92, 1.02, 1.02, 0.98, 0.98, 1.1, 1.35, 1.5, 1.4, 1.25, 1.12, 1.05, 1.0, 1.0,
  0.98, 0.9, 0.92,
] as const;
/** Volatility shocks die out over minutes (fast) and days (slow); both are variances around 1. */
const FAST = { halfLifeMs: 3_600_000, weight: 0.55 } as const;
const SLOW = { halfLifeMs: 4 * DAY_MS, weight: 0.35 } as const;
/** Candles open at the last close or one tick beside it. */
const OPEN_TICK_SHARE = 0.3;

/**
 * Synthetic candles. The same options give the same bits everywhere: only + - * / and sqrt are used, which IEEE 754
 * rounds alike on every engine.
 */
export function syntheticCandles(options: SyntheticOptions): Candles {
  const { seed, timeframe, barCount, startPrice, dailyVolatility = 0.03 } = options;
  const { jumpsPerDay = 0.5, averageVolume = 25, priceDecimals = 2 } = options;
  assert(Number.isSafeInteger(barCount) && barCount >= 1, 'barCount is a whole number of at least 1');
  assert(startPrice > 0 && dailyVolatility >= 0 && averageVolume > 0, 'prices and volumes are above zero');
  const candleMs = timeframeMs(timeframe);
  const startTime = candleOpenTime(options.startTime, timeframe);
  const prng = createPrng(seed);
  const ticks = powerOfTen(priceDecimals);
  const stepVolatility = dailyVolatility * Math.sqrt(candleMs / DAY_MS / STEPS_PER_CANDLE);
  const jumpChance = (jumpsPerDay * candleMs) / DAY_MS;
  const fastDecay = decay(candleMs, FAST.halfLifeMs);
  const slowDecay = decay(candleMs, SLOW.halfLifeMs);
  // Prices stay far enough above zero that a tick remains a small share of them.
  const floor = Math.max(100 / ticks, startPrice / 1000);

  const time = new Float64Array(barCount);
  const open = new Float64Array(barCount);
  const high = new Float64Array(barCount);
  const low = new Float64Array(barCount);
  const close = new Float64Array(barCount);
  const volume = new Float64Array(barCount);
  let price = startPrice;
  let lastClose = Math.round(startPrice * ticks) / ticks;
  let fast = 1;
  let slow = 1;
  for (let i = 0; i < barCount; i++) {
    const openTime = startTime + i * candleMs;
    const season = candleMs >= DAY_MS ? 1 : seasonAt(openTime);
    const variance = 1 - FAST.weight - SLOW.weight + FAST.weight * fast + SLOW.weight * slow;
    const scale = stepVolatility * season * Math.sqrt(variance);
    const draw = prng.nextUint32() / 4294967296;
    if (draw < jumpChance) price *= 1 + jump(prng, scale);
    const opened = openNear(lastClose, ticks, prng);
    let top = price > opened ? price : opened;
    let bottom = price < opened ? price : opened;
    const before = lastClose;
    for (let step = 0; step < STEPS_PER_CANDLE; step++) {
      price *= 1 + scale * nearNormal(prng);
      if (price < floor) price = 2 * floor - price;
      if (price > top) top = price;
      if (price < bottom) bottom = price;
    }
    time[i] = openTime;
    open[i] = opened;
    high[i] = Math.round(top * ticks) / ticks;
    low[i] = Math.round(bottom * ticks) / ticks;
    close[i] = lastClose = Math.round(price * ticks) / ticks;
    // Volume rises with the distance travelled, with noise of its own.
    const travelled = (top - bottom) / (before * stepVolatility * 3);
    const noise = 0.25 + prng.nextUint32() / 4294967296 + prng.nextUint32() / 4294967296;
    volume[i] = Math.max(1, Math.round(averageVolume * (0.2 + 0.8 * travelled) * noise * 0.8 * 1e5)) / 1e5;
    const surprise = (price - before) / (before * stepVolatility * season);
    // A bounded shock keeps one jump from blowing the variance up for days.
    const shock = Math.min((surprise * surprise) / STEPS_PER_CANDLE, 30);
    fast += (shock - fast) * fastDecay;
    slow += (shock - slow) * slowDecay;
  }
  return createCandles(timeframe, { time, open, high, low, close, volume });
}

/** 1, 10, 100 ... exactly. */
function powerOfTen(exponent: number): number {
  assert(Number.isInteger(exponent) && exponent >= 0 && exponent <= 12, 'decimals are 0 to 12');
  let power = 1;
  for (let k = 0; k < exponent; k++) power *= 10;
  return power;
}

/** The share a moving mean of this half-life moves per candle: ln 2 / half-life, capped for long candles. */
function decay(candleMs: number, halfLifeMs: number): number {
  return Math.min((0.693 * candleMs) / halfLifeMs, 0.5);
}

/** Linear between the hours of HOURLY_VOLATILITY. */
function seasonAt(timeMs: number): number {
  const hours = (timeMs - Math.floor(timeMs / DAY_MS) * DAY_MS) / 3_600_000;
  const hour = Math.floor(hours);
  const from = HOURLY_VOLATILITY[hour]!;
  return from + (HOURLY_VOLATILITY[(hour + 1) % 24]! - from) * (hours - hour);
}

/** A sum of four uniforms: mean 0, variance 1, bounded by 3.5; the changing variance adds the fat tails. */
function nearNormal(prng: Prng): number {
  const a = prng.nextUint32();
  const b = prng.nextUint32();
  const sum = (a >>> 16) + (a & 0xffff) + (b >>> 16) + (b & 0xffff);
  return (sum - 131_070) * (1.7320508075688772 / 65_536);
}

/** A share of price, either way, of 6 to 22 normal candle steps. */
function jump(prng: Prng, scale: number): number {
  const size = scale * (6 + 16 * (prng.nextUint32() / 4294967296));
  return Math.min(size, 0.25) * ((prng.nextUint32() & 1) === 0 ? 1 : -1);
}

function openNear(lastClose: number, ticks: number, prng: Prng): number {
  const draw = prng.nextUint32() / 4294967296;
  if (draw >= OPEN_TICK_SHARE) return lastClose;
  const moved = Math.round(lastClose * ticks) + (draw < OPEN_TICK_SHARE / 2 ? 1 : -1);
  return moved / ticks;
}
