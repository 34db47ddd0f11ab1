// The indicators as a strategy writes them: sma(close, p.fast), bollinger(close, p.length, p.width).upper, atr(candles, 14).
import type { IndicatorName } from '../indicators/registry.ts';
import { type CandleColumns, type Column, candles, indicatorColumn } from './expression.ts';
import type { Scalar } from './parameters.ts';

type Single = (input: Column, length: Scalar) => Column;
const single =
  (name: IndicatorName): Single =>
  (input, length) =>
    indicatorColumn(name, [input], [length]);

/** Simple moving average. */
export const sma = single('sma');
/** Exponential moving average, alpha = 2 / (length + 1). */
export const ema = single('ema');
/** Linearly weighted moving average. */
export const wma = single('wma');
/** Relative strength index, 0..100. */
export const rsi = single('rsi');
/** Rate of change in percent. */
export const roc = single('roc');
/** Rolling population standard deviation. */
export const stdev = single('stdev');
/** Lowest value of the last `length` bars, this one included. */
export const lowest = single('lowest');
/** Highest value of the last `length` bars, this one included. */
export const highest = single('highest');
/** Distance from the rolling mean in standard deviations. */
export const zscore = single('zscore');

/** Average true range. */
export const atr = (on: CandleColumns, length: Scalar): Column =>
  indicatorColumn('atr', [on.high, on.low, on.close], [length]);
/** Commodity channel index. */
export const cci = (on: CandleColumns, length: Scalar): Column =>
  indicatorColumn('cci', [on.high, on.low, on.close], [length]);
/** On-balance volume. */
export const obv = (on: CandleColumns = candles): Column => indicatorColumn('obv', [on.close, on.volume], []);
/** Volume-weighted average price since the first candle. */
export const vwap = (on: CandleColumns = candles): Column =>
  indicatorColumn('vwap', [on.high, on.low, on.close, on.volume], []);

export function macd(input: Column, fast: Scalar, slow: Scalar, signal: Scalar) {
  const output = (index: number): Column => indicatorColumn('macd', [input], [fast, slow, signal], index);
  return { macd: output(0), signal: output(1), histogram: output(2) };
}

export function bollinger(input: Column, length: Scalar, width: Scalar) {
  const output = (index: number): Column => indicatorColumn('bollinger', [input], [length, width], index);
  return { middle: output(0), upper: output(1), lower: output(2), percentB: output(3), bandwidth: output(4) };
}

/** Average directional index with its two directional lines. */
export function adx(on: CandleColumns, length: Scalar) {
  const output = (index: number): Column => indicatorColumn('adx', [on.high, on.low, on.close], [length], index);
  return { adx: output(0), plusDi: output(1), minusDi: output(2) };
}

export function stochastic(on: CandleColumns, length: Scalar, smoothK: Scalar, smoothD: Scalar) {
  const inputs = [on.high, on.low, on.close];
  const output = (index: number): Column => indicatorColumn('stochastic', inputs, [length, smoothK, smoothD], index);
  return { k: output(0), d: output(1) };
}

/** Highest high and lowest low of the PREVIOUS `length` candles. */
export function donchian(on: CandleColumns, length: Scalar) {
  const output = (index: number): Column => indicatorColumn('donchian', [on.high, on.low], [length], index);
  return { upper: output(0), lower: output(1), middle: output(2) };
}

export function keltner(on: CandleColumns, length: Scalar, multiplier: Scalar, atrLength: Scalar) {
  const inputs = [on.high, on.low, on.close];
  const output = (index: number): Column => indicatorColumn('keltner', inputs, [length, multiplier, atrLength], index);
  return { middle: output(0), upper: output(1), lower: output(2) };
}

/** The Supertrend line, and its direction: +1 up, -1 down. */
export function supertrend(on: CandleColumns, length: Scalar, multiplier: Scalar) {
  const inputs = [on.high, on.low, on.close];
  const output = (index: number): Column => indicatorColumn('supertrend', inputs, [length, multiplier], index);
  return { line: output(0), direction: output(1) };
}
