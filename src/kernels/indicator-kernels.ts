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
 * Scratch columns that `Kernels.computeIndicator` needs for the outputs that are `wanted` (one entry per output of the
 * definition); undefined where there is no kernel and the normative function is to be called.
 */
export function indicatorScratch(
  indicator: IndicatorName,
  wanted: readonly boolean[],
  arithmetic: Arithmetic,
): number | undefined {
  const columns = COLUMNS[indicator]?.(arithmetic === 'vectorbt', wanted);
  return columns === undefined ? undefined : Math.max(0, columns - wanted.filter(Boolean).length);
}

/** Columns that a kernel works in, those of the wanted outputs included. */
const COLUMNS: Readonly<Partial<Record<IndicatorName, (vectorbt: boolean, wanted: readonly boolean[]) => number>>> = {
  sma: () => 1,
  ema: () => 1,
  rsi: () => 1,
  stdev: (vectorbt) => (vectorbt ? 1 : 2),
};
