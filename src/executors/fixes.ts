// What each profile changes in Hummingbot's own back-test: one switch per fix, so that differences can be named.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';

/** What is wrong in the back-test of Hummingbot 2.16, and what the fix does instead. docs/hummingbot.md explains each. */
export const FIXES = {
  closedCandles: 'A value of a longer candle is used only after that candle closed, not from its open on.',
  windowStatistics: 'Mean, deviation and band width come from the bars so far, not from the whole window or its end.',
  warmUp: 'Indicators may use the candles before the first bar of the run.',
  flatBands: 'A flat window has no place between its bands; it is not counted as lying on the lower one.',
  shortCapacity: 'Short signals are limited by open shorts, not by longs and shorts together.',
  wallClock: 'dman_v3 dates its executors by the candles, so that time limit and cooldown work.',
  entryBarScan: 'Nothing that happened before an order existed or was filled can fill or stop it.',
  limitFillPrice: 'A limit order fills when its price trades, at its price or at a better open.',
  stopPrice: 'A stop-loss books its level, or the open beyond it, not the close of the bar.',
  takeProfitPrice: 'A take-profit is a limit order at its level, reached by the high (low), not by the close.',
  trailingPrice: 'A trailing stop follows highs and lows and books its level, not a close.',
  tieOrder: 'If stop and target lie in one bar, the stop counts.',
  dcaTiming: 'Every DCA stage counts from its own fill, and stages after the close do not happen.',
  gridFills: 'A grid level beyond the open fills at the open, and is not re-entered in the bar that closed it.',
  holdTiming: 'A filled order is a position at the next bar, not two bars later, so that it is not ordered twice.',
  holdCosts: 'Fees of orders that are held, and what a held grid earned before, count in the P&L.',
  sharpe: 'Sharpe is the yearly ratio of mean and deviation of bar returns, open positions included.',
  drawdown: 'Drawdown is measured on equity with open positions, relative to its peak.',
  profitFactor: 'Without a loss the profit factor is infinite, not 1.',
} as const satisfies Record<string, string>;

export type FixName = keyof typeof FIXES;
export const FIX_NAMES = Object.keys(FIXES) as readonly FixName[];

export type Fixes = Readonly<Record<FixName, boolean>>;

const everyFix = (value: boolean): Fixes =>
  Object.fromEntries(FIX_NAMES.map((name) => [name, value])) as Record<FixName, boolean>;

export type ExecutorProfileName = 'hummingbot' | 'hummingbot-corrected';

export interface ExecutorProfile {
  readonly name: ExecutorProfileName;
  readonly fixes: Fixes;
  /** One sentence a trader reads, printed with every result. */
  readonly assumption: string;
}

export const EXECUTOR_PROFILES: Readonly<Record<ExecutorProfileName, ExecutorProfile>> = {
  hummingbot: {
    name: 'hummingbot',
    fixes: everyFix(false),
    assumption:
      "As Hummingbot's back-test: every fill and exit at a close, stops scanned from the entry bar, longer candles visible from their open.",
  },
  'hummingbot-corrected': {
    name: 'hummingbot-corrected',
    fixes: everyFix(true),
    assumption:
      'The same controllers without look-ahead: limits and targets fill at their price, stops at their level or a worse open, stops before targets.',
  },
};

/** Looks a profile up by name. Errors: PROFILE_UNKNOWN. */
export function executorProfile(name: string): ExecutorProfile {
  const known = Object.keys(EXECUTOR_PROFILES);
  if (!known.includes(name)) {
    throw new AppError('PROFILE_UNKNOWN', {
      rule: 'An executor profile must be one of two.',
      found: `"${name}".${didYouMean(name, known)}`,
      todo: `Choose one of ${known.join(', ')}.`,
    });
  }
  return EXECUTOR_PROFILES[name as ExecutorProfileName];
}
