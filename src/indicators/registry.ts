// All indicators by name, and the check of their parameters at the boundary.
import { AppError } from '../core/errors.ts';
import { adxDefinition } from './adx.ts';
import { atrDefinition } from './atr.ts';
import { bollingerDefinition } from './bollinger.ts';
import { cciDefinition } from './cci.ts';
import type { IndicatorDefinition, IndicatorName } from './definition.ts';
import { donchianDefinition } from './donchian.ts';
import { emaDefinition } from './ema.ts';
import { highestDefinition } from './highest.ts';
import { keltnerDefinition } from './keltner.ts';
import { lowestDefinition } from './lowest.ts';
import { macdDefinition, macdEwmDefinition } from './macd.ts';
import { obvDefinition } from './obv.ts';
import { rocDefinition } from './roc.ts';
import { rsiDefinition, rsiEwmDefinition } from './rsi.ts';
import { smaDefinition } from './sma.ts';
import { stdevDefinition } from './stdev.ts';
import { stochasticDefinition } from './stochastic.ts';
import { supertrendDefinition } from './supertrend.ts';
import { vwapDefinition } from './vwap.ts';
import { wmaDefinition } from './wma.ts';
import { zscoreDefinition } from './zscore.ts';

export type { Arithmetic } from './arithmetic.ts';
export type { IndicatorDefinition, IndicatorInput, IndicatorName, IndicatorParam } from './definition.ts';

export const INDICATORS: Readonly<Record<IndicatorName, IndicatorDefinition>> = {
  sma: smaDefinition,
  ema: emaDefinition,
  wma: wmaDefinition,
  rsi: rsiDefinition,
  rsiEwm: rsiEwmDefinition,
  macd: macdDefinition,
  macdEwm: macdEwmDefinition,
  bollinger: bollingerDefinition,
  atr: atrDefinition,
  adx: adxDefinition,
  stochastic: stochasticDefinition,
  donchian: donchianDefinition,
  keltner: keltnerDefinition,
  supertrend: supertrendDefinition,
  cci: cciDefinition,
  obv: obvDefinition,
  vwap: vwapDefinition,
  roc: rocDefinition,
  stdev: stdevDefinition,
  highest: highestDefinition,
  lowest: lowestDefinition,
  zscore: zscoreDefinition,
};

/** Accepts `params` for `definition`, or says which one is wrong. Errors: REQUEST_INVALID. */
export function checkParams(definition: IndicatorDefinition, params: readonly number[]): void {
  const signature = `${definition.name}(${definition.params.map((param) => param.name).join(', ')})`;
  if (params.length !== definition.params.length) {
    throw new AppError('REQUEST_INVALID', {
      rule: `${definition.label} takes ${definition.params.length} parameters.`,
      found: `${params.length}.`,
      todo: `Write ${signature}.`,
    });
  }
  definition.params.forEach((param, index) => {
    const value = params[index];
    const fits = param.integer ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (fits && value >= param.min) return;
    throw new AppError('REQUEST_INVALID', {
      rule: `Parameter ${param.name} of ${signature} must be a ${param.integer ? 'whole ' : ''}number of at least ${param.min}.`,
      found: `${value}.`,
      todo: 'Change it, or leave the value out of the grid.',
    });
  });
}
