// What an indicator says about itself: the shape of every entry of the registry.
import { assert } from '../core/assert.ts';
import type { Arithmetic } from './arithmetic.ts';

export type IndicatorName =
  | 'sma'
  | 'ema'
  | 'wma'
  | 'rsi'
  | 'rsiEwm'
  | 'macd'
  | 'macdEwm'
  | 'bollinger'
  | 'atr'
  | 'adx'
  | 'stochastic'
  | 'donchian'
  | 'keltner'
  | 'supertrend'
  | 'cci'
  | 'obv'
  | 'vwap'
  | 'roc'
  | 'stdev'
  | 'highest'
  | 'lowest'
  | 'zscore';

/** `source` is any column the caller chooses, mostly the close; the others are the candle columns of that name. */
export type IndicatorInput = 'source' | 'open' | 'high' | 'low' | 'close' | 'volume';

export interface IndicatorParam {
  readonly name: string;
  /** Smallest value allowed, inclusive. */
  readonly min: number;
  readonly integer: boolean;
}

export interface IndicatorDefinition {
  readonly name: IndicatorName;
  /** What a trader calls it. */
  readonly label: string;
  readonly inputs: readonly IndicatorInput[];
  readonly params: readonly IndicatorParam[];
  /** Names of the outputs; the first is the one meant when none is named. */
  readonly outputs: readonly string[];
  /** Leading bars without a value (NaN) of the first output, on data without missing bars. */
  warmUp(params: readonly number[], arithmetic: Arithmetic): number;
  /**
   * One new column per output, each as long as the inputs; the inputs (columns of equal length, in the order of
   * `inputs`) are only read. Parameters must have passed checkParams.
   */
  compute(inputs: readonly Float64Array[], params: readonly number[], arithmetic: Arithmetic): Float64Array[];
}

/** The parameter of indicators that look back over a number of bars. */
export const lengthParam = (min: number, name = 'length'): IndicatorParam => ({ name, min, integer: true });

/** A column of `bars` bars without a value. */
export const emptyColumn = (bars: number): Float64Array => new Float64Array(bars).fill(Number.NaN);

export function assertLength(length: number): void {
  assert(Number.isInteger(length) && length >= 1, 'a length is a whole number of bars, at least 1');
}

export function assertSameBars(first: Float64Array, ...others: readonly Float64Array[]): void {
  for (const other of others) assert(other.length === first.length, 'input columns have the same number of bars');
}
