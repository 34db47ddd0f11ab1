// What an indicator kernel is asked for: columns in, columns out, and the scratch columns it needs.
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { IndicatorName } from '../indicators/definition.ts';

/**
 * All columns are views on the arena's one buffer with the same number of bars, and no two of them overlap, but that an
 * input may be given for several inputs. Parameters have passed checkParams. The inputs are only read; the values left
 * in scratch columns mean nothing.
 */
export interface IndicatorCall {
  readonly indicator: IndicatorName;
  readonly arithmetic: Arithmetic;
  readonly params: readonly number[];
  /** In the order of the definition's `inputs`. */
  readonly inputs: readonly Float64Array[];
  /** One per output of the definition, in its order; undefined: not wanted. At least one is wanted. */
  readonly outputs: readonly (Float64Array | undefined)[];
  /** As many columns as `indicatorScratch` says, or more. */
  readonly scratch: readonly Float64Array[];
}

/**
 * Scratch columns that `Kernels.computeIndicator` needs for the outputs that are `wanted`: one entry per output of the
 * definition, at least one true. Every indicator has a kernel.
 */
export function indicatorScratch(indicator: IndicatorName, wanted: readonly boolean[], arithmetic: Arithmetic): number {
  const outputs = wanted.filter(Boolean).length;
  return Math.max(0, COLUMNS[indicator](arithmetic === 'vectorbt', wanted, outputs) - outputs);
}

/** Columns that a kernel works in, those of the wanted outputs included: they hold what is between before what is last. */
type Columns = (vectorbt: boolean, wanted: readonly boolean[], outputs: number) => number;

const one: Columns = () => 1;
const two: Columns = () => 2;
/** The macd line has a column of its own, beside another for one average after the other; in the standard arithmetic none. */
const averageLines: Columns = (vectorbt, wanted, outputs) => (!vectorbt ? 0 : wanted[0] ? 2 : outputs + 1);

const COLUMNS: Readonly<Record<IndicatorName, Columns>> = {
  sma: one,
  ema: one,
  wma: one,
  rsi: one,
  rsiEwm: (vectorbt) => (vectorbt ? 2 : 1),
  macd: averageLines,
  macdEwm: averageLines,
  bollinger: two,
  atr: one,
  adx: one,
  stochastic: two,
  donchian: (_, [, , middle]) => (middle ? 2 : 1),
  keltner: two,
  supertrend: one,
  cci: two,
  obv: one,
  vwap: one,
  roc: one,
  stdev: (vectorbt) => (vectorbt ? 1 : 2),
  highest: one,
  lowest: one,
  zscore: two,
};
