// The signals of the directional controllers: +1, 0 or −1 on every base bar, and from which bar on there are any.
import { AppError } from '../core/errors.ts';
import type { Fixes } from '../executors/fixes.ts';
import type { DirectionalConfig } from './controller-config.ts';
import { type ControllerMarket, columnOf, type IntervalView, intervalView } from './controller-market.ts';
import { type BandPlace, bandPlace, macdLines, trendBand } from './pandas-indicators.ts';

export interface Signals {
  readonly signal: Int8Array;
  /** First bar that Hummingbot keeps: the first on which every indicator has a value. */
  readonly firstBar: number;
}

interface BandConfig {
  readonly bb_length: number;
  readonly bb_std: number;
}

/** Signals of a configuration on its market. Errors: HISTORY_TOO_SHORT, REQUEST_INVALID (supertrend_v1, exact). */
export function directionalSignals(market: ControllerMarket, config: DirectionalConfig, fixes: Fixes): Signals {
  // Barriers and amounts do not change them: variants that differ in nothing else share them.
  const { closedCandles, warmUp, flatBands } = fixes;
  const key = `signals ${signalNumbers(config).join(' ')} ${closedCandles} ${warmUp} ${flatBands}`;
  return columnOf(market, key, () => computeSignals(market, config, fixes));
}

/** What signals depend on besides the candles. */
function signalNumbers(config: DirectionalConfig): readonly (string | number)[] {
  const { controller_name: name, interval } = config;
  if (name === 'supertrend_v1') return [name, interval, config.length, config.multiplier, config.percentage_threshold];
  const { bb_length, bb_std, bb_long_threshold, bb_short_threshold } = config;
  const bands = [interval, bb_length, bb_std, bb_long_threshold, bb_short_threshold];
  return name === 'macd_bb_v1' ? [name, ...bands, config.macd_fast, config.macd_slow, config.macd_signal] : bands;
}

function computeSignals(market: ControllerMarket, config: DirectionalConfig, fixes: Fixes): Signals {
  const view = intervalView(market, config.interval, fixes);
  if (config.controller_name === 'supertrend_v1') {
    if (!fixes.warmUp) throw supertrendDropsAll();
    return onBaseBars(market, view, supertrendSignals(market, view, config), config.length, fixes);
  }
  const { percent } = bandsOf(market, view, config, fixes);
  const { bb_long_threshold: long, bb_short_threshold: short, bb_length } = config;
  const signal = new Int8Array(percent.length);
  for (let i = 0; i < percent.length; i++) signal[i] = percent[i] > short ? -1 : percent[i] < long ? 1 : 0;
  if (config.controller_name !== 'macd_bb_v1') return onBaseBars(market, view, signal, bb_length - 1, fixes);
  const { macd_fast, macd_slow, macd_signal } = config;
  const key = `macd ${macd_fast} ${macd_slow} ${macd_signal} ${view.key}`;
  const { macd, histogram } = columnOf(market, key, () =>
    macdLines(view.candles.close, macd_fast, macd_slow, macd_signal),
  );
  for (let i = 0; i < signal.length; i++) {
    // Short wins where both thresholds hold, as it is written last.
    const isShort = percent[i] > short && histogram[i] < 0 && macd[i] > 0;
    const isLong = percent[i] < long && histogram[i] > 0 && macd[i] < 0;
    signal[i] = isShort ? -1 : isLong ? 1 : 0;
  }
  const warmUp = Math.max(bb_length - 1, Math.max(macd_fast, macd_slow) + macd_signal - 2);
  return onBaseBars(market, view, signal, warmUp, fixes);
}

export function bandsOf(market: ControllerMarket, view: IntervalView, config: BandConfig, fixes: Fixes): BandPlace {
  const key = `bands ${config.bb_length} ${config.bb_std} ${fixes.flatBands} ${view.key}`;
  return columnOf(market, key, () => bandPlace(view.candles.close, config.bb_length, config.bb_std, fixes.flatBands));
}

interface SupertrendConfig {
  readonly length: number;
  readonly multiplier: number;
  readonly percentage_threshold: number;
}

function supertrendSignals(market: ControllerMarket, view: IntervalView, config: SupertrendConfig): Int8Array {
  const { length, multiplier, percentage_threshold } = config;
  const { high, low, close } = view.candles;
  const { line, direction } = columnOf(market, `supertrend ${length} ${multiplier} ${view.key}`, () =>
    trendBand(high, low, close, length, multiplier),
  );
  const signal = new Int8Array(close.length);
  for (let i = 0; i < close.length; i++) {
    const isNear = Math.abs(close[i] - line[i]) / close[i] < percentage_threshold;
    if (isNear) signal[i] = direction[i];
  }
  return signal;
}

/** Lays signals of the interval on base bars; `warmUp` leading ones have none. */
function onBaseBars(
  market: ControllerMarket,
  view: IntervalView,
  signal: Int8Array,
  warmUp: number,
  fixes: Fixes,
): Signals {
  const { readable } = view;
  const out = new Int8Array(readable.length);
  for (let i = market.from; i < readable.length; i++) if (readable[i] >= warmUp) out[i] = signal[readable[i]];
  return { signal: out, firstBar: fixes.warmUp ? market.from : firstKept(market, view, warmUp) };
}

/** The first base bar of the run that reads a value past the warm-up. Errors: HISTORY_TOO_SHORT. */
export function firstKept(market: ControllerMarket, view: IntervalView, warmUp: number): number {
  const { readable } = view;
  for (let i = market.from; i < readable.length; i++) if (readable[i] >= warmUp) return i;
  throw new AppError('HISTORY_TOO_SHORT', {
    rule: "Hummingbot's back-test drops every bar without all indicator values, and needs one that is left.",
    found: `${view.candles.barCount} ${view.candles.timeframe} candles in the run; ${warmUp + 1} are needed.`,
    todo: 'Give a longer window, or use the profile hummingbot-corrected.',
  });
}

const supertrendDropsAll = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: "Hummingbot's back-test drops every bar with an empty indicator column.",
    found: 'supertrend_v1, whose long and short columns are empty in turn, so that no bar is left.',
    todo: 'Use the profile hummingbot-corrected.',
  });
