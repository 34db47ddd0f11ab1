// Indicators for the scalar twin: the normative functions, their outputs copied to where the caller wants them.
import { INDICATORS } from '../indicators/registry.ts';
import type { IndicatorCall } from './indicator-kernels.ts';

/** Needs no scratch column. The only kernel that allocates: the columns of the normative function. */
export function computeIndicator({ indicator, arithmetic, params, inputs, outputs }: IndicatorCall): void {
  const columns = INDICATORS[indicator].compute(inputs, params, arithmetic);
  outputs.forEach((output, index) => {
    output?.set(columns[index]);
  });
}
