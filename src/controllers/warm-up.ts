// How many candles a controller needs before its first signal or quote.
import { parseTimeframe, type Timeframe, timeframeMs } from '../market/timeframe.ts';
import type { ControllerConfig } from './controller-config.ts';

/** Bars of `base` without a value. */
export function controllerWarmUp(config: ControllerConfig, base: Timeframe): number {
  const candles = candlesNeeded(config);
  if (candles === 0 || !('interval' in config)) return 0;
  return Math.ceil((candles * timeframeMs(parseTimeframe(config.interval))) / timeframeMs(base));
}

/** Candles of the controller's own interval. */
function candlesNeeded(config: ControllerConfig): number {
  switch (config.controller_name) {
    case 'bollinger_v1':
    case 'dman_v3':
      return config.bb_length;
    case 'macd_bb_v1':
      return Math.max(config.bb_length, macdNeeded(config));
    case 'supertrend_v1':
      return config.length + 1;
    case 'pmm_dynamic':
      return Math.max(config.natr_length + 1, macdNeeded(config));
    default:
      return 0;
  }
}

const macdNeeded = (config: { readonly macd_fast: number; readonly macd_slow: number; readonly macd_signal: number }) =>
  Math.max(config.macd_fast, config.macd_slow) + config.macd_signal - 1;
