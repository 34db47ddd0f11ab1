// Reference price and spread multiplier of the market-making controllers, on every base bar.
import type { Fixes } from '../executors/fixes.ts';
import type { MarketMakingConfig } from './controller-config.ts';
import { type ControllerMarket, columnOf, type IntervalView, intervalView } from './controller-market.ts';
import { macdLines, rangeShare } from './pandas-indicators.ts';
import { firstKept } from './signals.ts';

export interface Quotes {
  /** Price around which levels are laid; NaN where there is none. */
  readonly reference: Float64Array;
  /** Factor of the configured spreads; null is 1 throughout. */
  readonly spread: Float64Array | null;
  readonly firstBar: number;
}

type DynamicConfig = Extract<MarketMakingConfig, { readonly controller_name: 'pmm_dynamic' }>;

export function quotesOf(market: ControllerMarket, config: MarketMakingConfig, fixes: Fixes): Quotes {
  if (config.controller_name === 'pmm_dynamic') return dynamicQuotes(market, config, fixes);
  return { reference: market.executors.close, spread: null, firstBar: market.from };
}

/** The range sets the spread, momentum shifts the price against itself by up to half the range. */
function dynamicQuotes(market: ControllerMarket, config: DynamicConfig, fixes: Fixes): Quotes {
  const { macd_fast, macd_slow, macd_signal, natr_length } = config;
  const view = intervalView(market, config.interval, fixes);
  const { high, low, close } = view.candles;
  const range = columnOf(market, `range ${natr_length} ${view.key}`, () => rangeShare(high, low, close, natr_length));
  const shift = columnOf(
    market,
    `shift ${macd_fast} ${macd_slow} ${macd_signal} ${natr_length} ${view.key} ${fixes.windowStatistics}`,
    () => {
      const { macd, histogram } = macdLines(close, macd_fast, macd_slow, macd_signal);
      return fixes.windowStatistics ? shiftSoFar(macd, histogram, range) : shiftOfWindow(macd, histogram, range);
    },
  );
  const firstBar = fixes.warmUp ? market.from : firstKept(market, view, shiftWarmUp(shift, natr_length));
  const laid = `quotes ${macd_fast} ${macd_slow} ${macd_signal} ${natr_length} ${view.key} ${fixes.windowStatistics}`;
  return { ...columnOf(market, laid, () => onBaseBars(market, view, shift, range, fixes)), firstBar };
}

/** Prices and spreads on base bars; NaN where there is no candle yet. */
function onBaseBars(
  market: ControllerMarket,
  { readable, candles: { close } }: IntervalView,
  shift: Float64Array,
  range: Float64Array,
  fixes: Fixes,
): Pick<Quotes, 'reference' | 'spread'> {
  const base = market.executors.close;
  const reference = new Float64Array(readable.length).fill(Number.NaN);
  const spread = new Float64Array(readable.length).fill(Number.NaN);
  for (let i = market.from; i < readable.length; i++) {
    const k = readable[i];
    if (k < 0) continue;
    // The candle in progress closes, so far, at the base bar's close.
    reference[i] = (fixes.closedCandles ? base[i] : close[k]) * (1 + shift[k]);
    spread[i] = range[k];
  }
  return { reference, spread };
}

/** A shift that is NaN on every bar leaves no bar at all. */
const shiftWarmUp = (shift: Float64Array, length: number): number =>
  Number.isNaN(shift[shift.length - 1]) ? Number.POSITIVE_INFINITY : length;

const shiftAt = (deviation: number, histogram: number, range: number): number =>
  (0.5 * deviation + 0.5 * (histogram > 0 ? 1 : -1)) * (range / 2);

/** As Hummingbot: mean and deviation of the whole window, and on every bar the shift of its last one. */
function shiftOfWindow(macd: Float64Array, histogram: Float64Array, range: Float64Array): Float64Array {
  let count = 0;
  let sum = 0;
  for (const value of macd) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
  }
  const mean = sum / count;
  let squares = 0;
  for (const value of macd) if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / (count - 1));
  const last = macd.length - 1;
  return new Float64Array(macd.length).fill(shiftAt(-(macd[last] - mean) / deviation, histogram[last], range[last]));
}

/** Mean and deviation of the bars so far (Welford). */
function shiftSoFar(macd: Float64Array, histogram: Float64Array, range: Float64Array): Float64Array {
  const out = new Float64Array(macd.length).fill(Number.NaN);
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < macd.length; i++) {
    if (Number.isNaN(macd[i])) continue;
    count++;
    const step = macd[i] - mean;
    mean += step / count;
    squares += step * (macd[i] - mean);
    const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
    out[i] = shiftAt(deviation > 0 ? -(macd[i] - mean) / deviation : 0, histogram[i], range[i]);
  }
  return out;
}
