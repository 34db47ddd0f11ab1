// The indicators as a strategy writes them: sma(close, p.fast), bollinger(close, p.length, p.width).upper, atr(candles, 14).
import { INDICATORS, type IndicatorName } from '../indicators/registry.ts';
import { type CandleColumns, type Column, candles, indicatorColumn } from './expression.ts';
import type { Scalar } from './parameters.ts';

type OfColumn = (input: Column, length: Scalar) => Column;
type OfCandles = (on: CandleColumns, length: Scalar) => Column;

const ofColumn =
  (name: IndicatorName): OfColumn =>
  (input, length) =>
    indicatorColumn(name, [input], [length]);

const ofCandles =
  (name: IndicatorName): OfCandles =>
  (on, length) =>
    indicatorColumn(name, [on.high, on.low, on.close], [length]);

/** All outputs of an indicator as columns, under the names the registry gives them. */
function outputs<Output extends string>(
  name: IndicatorName,
  inputs: readonly Column[],
  params: readonly Scalar[],
): Record<Output, Column> {
  const columns = INDICATORS[name].outputs.map((output, i) => [output, indicatorColumn(name, inputs, params, i)]);
  return Object.fromEntries(columns) as Record<Output, Column>;
}

/** Simple moving average. */
export const sma = ofColumn('sma');
/** Exponential moving average, alpha = 2 / (length + 1). */
export const ema = ofColumn('ema');
/** Linearly weighted moving average. */
export const wma = ofColumn('wma');
/** Relative strength index, 0..100. */
export const rsi = ofColumn('rsi');
/** Rate of change in percent. */
export const roc = ofColumn('roc');
/** Rolling population standard deviation. */
export const stdev = ofColumn('stdev');
/** Lowest value of the last `length` bars, this one included. */
export const lowest = ofColumn('lowest');
/** Highest value of the last `length` bars, this one included. */
export const highest = ofColumn('highest');
/** Distance from the rolling mean in standard deviations. */
export const zscore = ofColumn('zscore');

/** Average true range. */
export const atr = ofCandles('atr');
/** Commodity channel index. */
export const cci = ofCandles('cci');
/** On-balance volume. */
export const obv = (on: CandleColumns = candles): Column => indicatorColumn('obv', [on.close, on.volume], []);
/** Volume-weighted average price since the first candle. */
export const vwap = (on: CandleColumns = candles): Column =>
  indicatorColumn('vwap', [on.high, on.low, on.close, on.volume], []);

/** Difference of two moving averages, its signal line, and their difference. */
export const macd = (input: Column, fast: Scalar, slow: Scalar, signal: Scalar) =>
  outputs<'macd' | 'signal' | 'histogram'>('macd', [input], [fast, slow, signal]);

/** Bands `width` deviations around the moving average; %B is 0 at the lower and 1 at the upper band. */
export const bollinger = (input: Column, length: Scalar, width: Scalar) =>
  outputs<'middle' | 'upper' | 'lower' | 'percentB' | 'bandwidth'>('bollinger', [input], [length, width]);

/** Average directional index with its two directional lines. */
export const adx = (on: CandleColumns, length: Scalar) =>
  outputs<'adx' | 'plusDI' | 'minusDI'>('adx', [on.high, on.low, on.close], [length]);

/** Stochastic oscillator: %K smoothed over `smoothK` bars, and %D, its average over `smoothD`. */
export const stochastic = (on: CandleColumns, length: Scalar, smoothK: Scalar, smoothD: Scalar) =>
  outputs<'k' | 'd'>('stochastic', [on.high, on.low, on.close], [length, smoothK, smoothD]);

/** Highest high and lowest low of the PREVIOUS `length` candles. */
export const donchian = (on: CandleColumns, length: Scalar) =>
  outputs<'upper' | 'lower' | 'middle'>('donchian', [on.high, on.low], [length]);

/** An exponential average, and bands `multiplier` average true ranges around it. */
export const keltner = (on: CandleColumns, length: Scalar, multiplier: Scalar, atrLength: Scalar) =>
  outputs<'upper' | 'middle' | 'lower'>('keltner', [on.high, on.low, on.close], [length, multiplier, atrLength]);

/** The Supertrend line, and its direction: +1 up, -1 down. */
export const supertrend = (on: CandleColumns, length: Scalar, multiplier: Scalar) =>
  outputs<'line' | 'direction'>('supertrend', [on.high, on.low, on.close], [length, multiplier]);
