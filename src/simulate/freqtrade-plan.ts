// How barriers and freqtrade's options join into one plan of exits, and what is refused.
import { AppError } from '../core/errors.ts';
import type { FreqtradeOptions } from './freqtrade-options.ts';
import type { SimulationSettings } from './simulation.ts';

/** Everything the exits of a trade depend on, checked and with barriers and options joined. */
export interface FreqtradePlan {
  readonly stopLoss: number | undefined;
  /** Ascending by time. */
  readonly roi: readonly { readonly afterMs: number; readonly profit: number }[];
  /** Bars after entry at whose open the trade is closed. */
  readonly timeLimit: number | undefined;
  readonly trails: boolean;
  readonly trailingPositive: number | undefined;
  readonly trailingOffset: number;
  readonly trailingOnlyAboveOffset: boolean;
  readonly customStoploss: number | undefined;
  readonly leverage: number;
  readonly useExitSignal: boolean;
  readonly feeRate: number;
}

/**
 * Joins barriers and options: stopLoss is the stop-loss, takeProfit the ROI table { 0: takeProfit }, timeLimit a ROI
 * of -1 that many bars after entry, trailingStop the trailing distance (`trailingStopPositive` from any profit on, or
 * the stop-loss itself when there is no other). Errors: REQUEST_INVALID for what freqtrade cannot do or what is said
 * twice.
 */
export function planFreqtrade(settings: SimulationSettings): FreqtradePlan {
  const { barriers, costs } = settings;
  const options = settings.freqtrade ?? {};
  checkFreqtrade(settings, options);
  const trailing = barriers.trailingStop;
  const roi =
    options.roi ?? (barriers.takeProfit === undefined ? [] : [{ afterMinutes: 0, profit: barriers.takeProfit }]);
  return {
    stopLoss: barriers.stopLoss ?? trailing,
    roi: roi
      .map(({ afterMinutes, profit }) => ({ afterMs: afterMinutes * 60_000, profit }))
      .sort((a, b) => a.afterMs - b.afterMs),
    timeLimit: barriers.timeLimit,
    trails: options.trailingStop === true || trailing !== undefined,
    trailingPositive: options.trailingStopPositive ?? (barriers.stopLoss === undefined ? undefined : trailing),
    trailingOffset: options.trailingStopPositiveOffset ?? 0,
    trailingOnlyAboveOffset: options.trailingOnlyOffsetIsReached ?? false,
    customStoploss: options.customStoploss,
    leverage: options.leverage ?? 1,
    useExitSignal: options.useExitSignal ?? true,
    feeRate: costs.feeRate,
  };
}

function checkFreqtrade({ barriers, costs }: SimulationSettings, options: FreqtradeOptions): void {
  const { trailingStopPositive: positive, trailingStopPositiveOffset: offset = 0, leverage = 1 } = options;
  if (costs.slippage !== 0) {
    refuse('The profile freqtrade has no slippage.', `slippage ${costs.slippage}.`, 'Raise the fee instead.');
  }
  if (costs.fixedFee !== 0) {
    refuse('The profile freqtrade has no fixed fee.', `a fixed fee of ${costs.fixedFee}.`, 'Set the fee rate instead.');
  }
  if (!(leverage > 0 && Number.isFinite(leverage)))
    refuse('leverage must be above 0.', `${leverage}.`, 'Set 1 for none.');
  if (barriers.takeProfit !== undefined && options.roi !== undefined) {
    refuse('A take-profit is a ROI table.', 'a take-profit and a ROI table.', 'Give one of them.');
  }
  if (barriers.trailingStop !== undefined && (options.trailingStop !== undefined || positive !== undefined)) {
    refuse('A trailing stop is set once.', 'a trailing-stop barrier and trailing options.', 'Give one of them.');
  }
  const hasDistance = barriers.stopLoss !== undefined || options.customStoploss !== undefined;
  if (options.trailingStop === true && !hasDistance) {
    refuse('A trailing stop starts from a stop-loss.', 'no stop-loss.', 'Set a stop-loss.');
  }
  const needsTrailing = positive !== undefined || offset !== 0 || options.trailingOnlyOffsetIsReached === true;
  if (needsTrailing && options.trailingStop !== true) {
    refuse('Trailing options act only with trailingStop.', 'trailing options without it.', 'Set trailingStop to true.');
  }
  if (options.trailingOnlyOffsetIsReached === true && !(offset > 0)) {
    refuse('Trailing only above the offset needs an offset above 0.', `${offset}.`, 'Set trailingStopPositiveOffset.');
  }
  if (positive !== undefined && !(positive > 0))
    refuse('trailingStopPositive must be above 0.', `${positive}.`, 'Raise it.');
  if (positive !== undefined && offset > 0 && offset <= positive) {
    refuse(
      'The trailing offset must be above the trailing distance.',
      `${offset} and ${positive}.`,
      'Raise the offset.',
    );
  }
}

function refuse(rule: string, found: string, todo: string): never {
  throw new AppError('REQUEST_INVALID', { rule, found, todo });
}
