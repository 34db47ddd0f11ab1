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
const STEPS_PER_CANDLE = 4;
/** Relative volatility by UTC hour: quiet Asian night, European morning, peak at the American open. */
const HOURLY_VOLATILITY = [
  0.95, 0.9, 0.85, 0.8, 0.78, 0.78, 0.82, 0.92, 1.02, 1.02, 0.98, 0.98, 1.1, 1.35, 1.5, 1.4, 1.25, 1.12, 1.05, 1.0, 1.0,
  0.98, 0.9, 0.92,
] as const;
/** A large move raises the variance of the next few minutes: a moving mean of squared moves, around 1. */
const SHOCK = { halfLifeMs: 600_000, weight: 0.7 } as const;
/** Calm and nervous days: a variance factor that wanders around 1, its spread and its bounds. */
const REGIME = { halfLifeMs: DAY_MS, spread: 0.8, min: 0.1, max: 8 } as const;
/** Jumps as shares of the daily volatility. */
const JUMP = { min: 0.15, max: 0.6 } as const;

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
  const jumpChance = ((jumpsPerDay * candleMs) / DAY_MS) * 4294967296;
  const shockDecay = decay(candleMs, SHOCK.halfLifeMs);
  const regimeDecay = decay(candleMs, REGIME.halfLifeMs);
  const regimeStep = REGIME.spread * Math.sqrt(2 * regimeDecay);
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
  let shock = 1;
  let regime = 1;
  for (let i = 0; i < barCount; i++) {
    const openTime = startTime + i * candleMs;
    const season = candleMs >= DAY_MS ? 1 : seasonAt(openTime);
    const scale = stepVolatility * season * Math.sqrt(regime * (1 - SHOCK.weight + SHOCK.weight * shock));
    const draw = prng.nextUint32();
    if (draw < jumpChance) price *= 1 + dailyVolatility * jump(prng);
    const opened = openNear(lastClose, ticks, draw & 0xff);
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
    const travelled = (top - bottom) / (before * stepVolatility * 2);
    const noise = prng.nextUint32();
    const factor = 0.2 + ((noise >>> 16) + (noise & 0xffff)) / 65_536 / 1.25;
    volume[i] = Math.max(1, Math.round(averageVolume * (0.2 + 0.8 * travelled) * factor * 1e5)) / 1e5;
    const move = (price - before) / (before * stepVolatility * season);
    // Bounded, so that one jump does not keep the market wild for hours.
    const surprise = Math.min((move * move) / (STEPS_PER_CANDLE * regime), 25);
    shock += (surprise - shock) * shockDecay;
    regime += (1 - regime) * regimeDecay + regime * regimeStep * nearNormal(prng);
    regime = Math.min(Math.max(regime, REGIME.min), REGIME.max);
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

/** The share a moving mean of this half-life moves per candle, capped for long candles. */
function decay(candleMs: number, halfLifeMs: number): number {
  return Math.min((Math.LN2 * candleMs) / halfLifeMs, 0.25);
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

/** A share of the daily volatility, up or down. */
function jump(prng: Prng): number {
  const size = JUMP.min + (JUMP.max - JUMP.min) * (prng.nextUint32() / 4294967296);
  return (prng.nextUint32() & 1) === 0 ? size : -size;
}

/** The last close, or in 3 of 10 candles one tick beside it. `draw` is a byte. */
function openNear(lastClose: number, ticks: number, draw: number): number {
  if (draw >= 77) return lastClose;
  return (Math.round(lastClose * ticks) + (draw < 38 ? 1 : -1)) / ticks;
}
