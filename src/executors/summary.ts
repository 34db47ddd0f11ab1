// The 21 result figures of a run, under Hummingbot's own names.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { addTo, preciseSum, totalOf } from '../core/precise-sum.ts';
import type { CloseType } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import type { HoldSummary } from './position-hold.ts';

/** What the summary reads of an executor. */
export interface SummaryExecutor {
  readonly isLong: boolean;
  readonly closeType: CloseType;
  readonly netPnlQuote: number;
  readonly feesQuote: number;
  readonly filledQuote: number;
}

export interface SummaryInput {
  readonly executors: readonly SummaryExecutor[];
  /** Executors that are not among them because nothing filled, by how they ended. */
  readonly unfilled?: Readonly<Partial<Record<CloseType, number>>>;
  readonly totalAmountQuote: number;
  /** P&L of the run so far at each bar, in quote currency. Null where there is none. */
  readonly pnl: Float64Array | null;
  /** Left-over positions at the last price. */
  readonly hold: HoldSummary | null;
  readonly barsPerYear: number;
  readonly fixes: Fixes;
}

export interface ExecutorSummary {
  /** net_pnl_quote / total_amount_quote, a fraction. */
  readonly net_pnl: number;
  readonly net_pnl_quote: number;
  readonly total_executors: number;
  /** Executors, other than holds, with a P&L that is not zero; so `total_positions`. */
  readonly total_executors_with_position: number;
  readonly total_volume: number;
  readonly total_long: number;
  readonly total_short: number;
  /** Executors by how they ended; 0 without executors, as the peer has it. */
  readonly close_types: Readonly<Record<string, number>> | 0;
  readonly accuracy_long: number;
  readonly accuracy_short: number;
  readonly total_positions: number;
  readonly accuracy: number;
  /** At most 0, in quote currency. */
  readonly max_drawdown_usd: number;
  /** At most 0: relative to the capital, or to the peak of equity under the fix `drawdown`. */
  readonly max_drawdown_pct: number;
  readonly sharpe_ratio: number;
  readonly profit_factor: number;
  readonly win_signals: number;
  readonly loss_signals: number;
  readonly unrealized_pnl_quote: number;
  readonly position_realized_pnl_quote: number;
  readonly total_fees_quote: number;
}

/** Summarises a run. Errors: REQUEST_INVALID without a P&L series, where Hummingbot fails with a TypeError. */
export function summarizeExecutors(input: SummaryInput): ExecutorSummary {
  const { executors, unfilled = {}, totalAmountQuote, hold, fixes } = input;
  const count = Object.values(unfilled).reduce((sum, ended) => sum + ended, executors.length);
  if (count === 0) return emptySummary();
  const tally = tallyExecutors(executors, unfilled, fixes);
  const realized = hold?.realizedPnlQuote ?? 0;
  const netQuote = tally.pnl + realized;
  const risk = measureRisk(input, tally.positions);
  const lossless = fixes.profitFactor ? (tally.won > 0 ? Number.POSITIVE_INFINITY : 0) : 1;
  const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
  return {
    net_pnl: netQuote / totalAmountQuote,
    net_pnl_quote: netQuote,
    total_executors: count,
    total_executors_with_position: tally.positions,
    total_volume: tally.volume,
    total_long: tally.longs,
    total_short: tally.positions - tally.longs,
    close_types: tally.closeTypes,
    accuracy_long: share(tally.longWins, tally.longs),
    accuracy_short: share(tally.wins - tally.longWins, tally.positions - tally.longs),
    total_positions: tally.positions,
    accuracy: share(tally.wins, tally.positions),
    ...risk,
    profit_factor: tally.lost > 0 ? tally.won / tally.lost : lossless,
    win_signals: tally.wins,
    loss_signals: tally.positions - tally.wins,
    unrealized_pnl_quote: hold?.unrealizedPnlQuote ?? 0,
    position_realized_pnl_quote: realized,
    total_fees_quote: tally.fees,
  };
}

interface Tally {
  readonly pnl: number;
  readonly fees: number;
  readonly volume: number;
  readonly won: number;
  readonly lost: number;
  readonly positions: number;
  readonly longs: number;
  readonly wins: number;
  readonly longWins: number;
  readonly closeTypes: Readonly<Record<string, number>>;
}

/** Holds count for fees and close types only: their P&L is that of the left-over position. */
function tallyExecutors(
  executors: readonly SummaryExecutor[],
  unfilled: Readonly<Partial<Record<CloseType, number>>>,
  fixes: Fixes,
): Tally {
  const [pnl, fees, volume, won, lost] = [preciseSum(), preciseSum(), preciseSum(), preciseSum(), preciseSum()];
  const closeTypes: Record<string, number> = { ...unfilled };
  let positions = 0;
  let longs = 0;
  let wins = 0;
  let longWins = 0;
  for (const executor of executors) {
    addTo(fees, executor.feesQuote);
    closeTypes[executor.closeType] = (closeTypes[executor.closeType] ?? 0) + 1;
    const net = executor.netPnlQuote;
    const isHold = executor.closeType === 'POSITION_HOLD';
    if (!isHold || fixes.holdCosts) addTo(pnl, net);
    if (isHold || net === 0) continue;
    addTo(volume, executor.filledQuote);
    addTo(net > 0 ? won : lost, Math.abs(net));
    positions++;
    if (executor.isLong) longs++;
    if (net > 0) wins++;
    if (net > 0 && executor.isLong) longWins++;
  }
  return {
    pnl: totalOf(pnl),
    fees: totalOf(fees),
    volume: totalOf(volume),
    won: totalOf(won),
    lost: totalOf(lost),
    positions,
    longs,
    wins,
    longWins,
    closeTypes,
  };
}

type Risk = Pick<ExecutorSummary, 'max_drawdown_usd' | 'max_drawdown_pct' | 'sharpe_ratio'>;

const NO_RISK: Risk = { max_drawdown_usd: 0, max_drawdown_pct: 0, sharpe_ratio: 0 };

function measureRisk({ pnl, totalAmountQuote, barsPerYear, fixes }: SummaryInput, positions: number): Risk {
  if (pnl === null || pnl.length < 2) {
    if (positions === 0 || fixes.sharpe) return NO_RISK;
    throw new AppError('REQUEST_INVALID', {
      rule: "Hummingbot's summary needs a P&L series of at least two bars once an executor has a P&L.",
      found: `${pnl?.length ?? 0} bars, where it fails with a TypeError.`,
      todo: 'Give the P&L series of the run, or use the profile hummingbot-corrected.',
    });
  }
  return {
    ...(fixes.drawdown ? drawdownOfEquity(pnl, totalAmountQuote) : drawdownOfPnl(pnl, totalAmountQuote)),
    sharpe_ratio: fixes.sharpe
      ? sharpeOfReturns(pnl, totalAmountQuote, barsPerYear)
      : sharpeOfLevels(pnl, totalAmountQuote),
  };
}

function drawdownOfPnl(pnl: Float64Array, capital: number): Omit<Risk, 'sharpe_ratio'> {
  let peak = pnl[0];
  let worst = 0;
  for (let i = 0; i < pnl.length; i++) {
    if (pnl[i] > peak) peak = pnl[i];
    if (pnl[i] - peak < worst) worst = pnl[i] - peak;
  }
  return { max_drawdown_usd: worst, max_drawdown_pct: worst / capital };
}

/** The peak starts at the capital. */
function drawdownOfEquity(pnl: Float64Array, capital: number): Omit<Risk, 'sharpe_ratio'> {
  let peak = capital;
  let worst = 0;
  let worstShare = 0;
  for (let i = 0; i < pnl.length; i++) {
    const equity = capital + pnl[i];
    if (equity > peak) peak = equity;
    if (equity - peak < worst) worst = equity - peak;
    if ((equity - peak) / peak < worstShare) worstShare = (equity - peak) / peak;
  }
  return { max_drawdown_usd: worst, max_drawdown_pct: worstShare };
}

/** Mean over standard deviation (n − 1) of `values`; 0 when they do not vary. Sums are compensated (Neumaier). */
function ratio(values: Float64Array): number {
  const count = values.length;
  assert(count > 1, 'a ratio needs two values');
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < count; i++) {
    const term = values[i];
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  }
  const mean = (sum + lost) / count;
  let squares = 0;
  lost = 0;
  for (let i = 0; i < count; i++) {
    const term = (values[i] - mean) * (values[i] - mean);
    const next = squares + term;
    lost += squares >= term ? squares - next + term : term - next + squares;
    squares = next;
  }
  const deviation = Math.sqrt((squares + lost) / (count - 1));
  return deviation > 0 ? mean / deviation : 0;
}

function sharpeOfLevels(pnl: Float64Array, capital: number): number {
  const levels = new Float64Array(pnl.length);
  for (let i = 0; i < levels.length; i++) levels[i] = pnl[i] / capital;
  return ratio(levels);
}

/** Mean over deviation of the bar returns of equity, times the root of bars per year. */
function sharpeOfReturns(pnl: Float64Array, capital: number, barsPerYear: number): number {
  const returns = new Float64Array(pnl.length);
  let previous = capital;
  for (let i = 0; i < pnl.length; i++) {
    const equity = capital + pnl[i];
    returns[i] = equity / previous - 1;
    previous = equity;
    if (equity <= 0) return Number.NaN;
  }
  return ratio(returns) * Math.sqrt(barsPerYear);
}

const emptySummary = (): ExecutorSummary => ({
  net_pnl: 0,
  net_pnl_quote: 0,
  total_executors: 0,
  total_executors_with_position: 0,
  total_volume: 0,
  total_long: 0,
  total_short: 0,
  close_types: 0,
  accuracy_long: 0,
  accuracy_short: 0,
  total_positions: 0,
  accuracy: 0,
  max_drawdown_usd: 0,
  max_drawdown_pct: 0,
  sharpe_ratio: 0,
  profit_factor: 0,
  win_signals: 0,
  loss_signals: 0,
  unrealized_pnl_quote: 0,
  position_realized_pnl_quote: 0,
  total_fees_quote: 0,
});
