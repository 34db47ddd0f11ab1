// The statistics of backtesting.py, in its names, units (percent, calendar time) and conventions.
import type { Candles } from '../market/candles.ts';
import type { Trade } from './trade.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday of the epoch, as a day number. */
const FIRST_MONDAY = 4;

/** Percentages are percent, times epoch ms, durations ms. What is undefined is NaN, as in the peer. */
export interface BacktestingPyMetrics {
  readonly startMs: number;
  readonly endMs: number;
  readonly durationMs: number;
  /** Bars from entry to exit bar, both included, over all bars. */
  readonly exposureTimePct: number;
  readonly equityFinal: number;
  readonly equityPeak: number;
  readonly commissions: number;
  readonly returnPct: number;
  /** From the close of bar `firstTradingBar` to the last close. */
  readonly buyAndHoldReturnPct: number;
  /** (1 + geometric mean day return)^days - 1. */
  readonly annualReturnPct: number;
  /** sqrt((var + (1 + g)^2)^days - (1 + g)^(2 days)), var of the day returns with ddof 1, g their geometric mean. */
  readonly annualVolatilityPct: number;
  readonly cagrPct: number;
  /** Annual return / annual volatility. */
  readonly sharpe: number;
  readonly sortino: number;
  readonly calmar: number;
  /** Return - beta * buy and hold return. */
  readonly alphaPct: number;
  /** Covariance of the log returns of equity and close / variance of those of close. */
  readonly beta: number;
  /** Zero or negative; the peak starts with the first equity. */
  readonly maxDrawdownPct: number;
  readonly averageDrawdownPct: number;
  readonly maxDrawdownDurationMs: number;
  readonly averageDrawdownDurationMs: number;
  /** Closed trades; the peer leaves open ones out of everything below. */
  readonly trades: number;
  readonly winRatePct: number;
  readonly bestTradePct: number;
  readonly worstTradePct: number;
  /** Geometric mean of the trade returns. */
  readonly averageTradePct: number;
  readonly maxTradeDurationMs: number;
  readonly averageTradeDurationMs: number;
  /** Over trade returns, not money. */
  readonly profitFactor: number;
  /** Arithmetic mean of the trade returns. */
  readonly expectancyPct: number;
  readonly sqn: number;
  readonly kelly: number;
}

export interface BacktestingPyMetricsInput {
  readonly candles: Candles;
  /** At each close, as many as candles. */
  readonly equity: Float64Array;
  readonly trades: readonly Trade[];
  /** The first bar on which all indicators have a value; buy and hold starts at its close. */
  readonly firstTradingBar: number;
}

/** Computes the statistics. Needs exp, log and pow. Source: backtesting.py 9c2b8e1, risk-free rate 0. */
export function backtestingPyMetrics(input: BacktestingPyMetricsInput): BacktestingPyMetrics {
  const { candles, equity, firstTradingBar } = input;
  const { time, close } = candles;
  const last = candles.barCount - 1;
  const durationMs = time[last] - time[0];
  const closed = input.trades.filter((trade) => trade.exitReason !== 'open');
  const period = barPeriodMs(time);
  const growth = equity[last] / equity[0];
  const returnPct = ((equity[last] - equity[0]) / equity[0]) * 100;
  const buyAndHoldReturnPct = ((close[last] - close[firstTradingBar]) / close[firstTradingBar]) * 100;
  const beta = betaOf(equity, close);
  const years = durationMs / DAY_MS / 365.25;
  const annual = annualMetrics(time, equity, period);
  const drawdown = drawdownMetrics(time, equity, period);
  return {
    startMs: time[0],
    endMs: time[last],
    durationMs,
    exposureTimePct: exposure(closed, candles.barCount) * 100,
    equityFinal: equity[last],
    equityPeak: equity.reduce((peak, value) => Math.max(peak, value), Number.NEGATIVE_INFINITY),
    returnPct,
    buyAndHoldReturnPct,
    ...annual,
    cagrPct: (growth ** (1 / years) - 1) * 100,
    calmar: annual.annualReturnPct / orNaN(-drawdown.maxDrawdownPct),
    alphaPct: returnPct - beta * buyAndHoldReturnPct,
    beta,
    ...drawdown,
    ...tradeMetrics(closed, time, period),
  };
}

/** The usual step between the last hundred bars. */
function barPeriodMs(time: Float64Array): number {
  const steps: number[] = [];
  for (let i = Math.max(1, time.length - 99); i < time.length; i++) steps.push(time[i] - time[i - 1]);
  steps.sort((a, b) => a - b);
  const middle = steps.length >> 1;
  return steps.length % 2 === 1 ? steps[middle] : (steps[middle - 1] + steps[middle]) / 2;
}

/** Durations are rounded up to the unit that the bar period is written in: days, hours, minutes or seconds. */
function roundUp(durationMs: number, periodMs: number): number {
  const unit = [DAY_MS, 3_600_000, 60_000, 1000].find((candidate) => periodMs % candidate === 0) ?? 1;
  return Math.ceil(durationMs / unit) * unit;
}

function exposure(closed: readonly Trade[], barCount: number): number {
  const held = new Uint8Array(barCount);
  for (const trade of closed) held.fill(1, trade.entryBar, trade.exitBar + 1);
  return held.reduce((sum, one) => sum + one, 0) / barCount;
}

type AnnualMetrics = Pick<BacktestingPyMetrics, 'annualReturnPct' | 'annualVolatilityPct' | 'sharpe' | 'sortino'>;

function annualMetrics(time: Float64Array, equity: Float64Array, periodMs: number): AnnualMetrics {
  const weekly = Math.floor(periodMs / DAY_MS) === 7;
  const days = weekly ? 52 : tradesOnWeekends(time) ? 365 : 252;
  const values = lastPerGroup(time, equity, weekly);
  const returns = values.slice(1).map((value, i) => value / values[i] - 1);
  const growth = 1 + geometricMean(returns);
  const mean = sum(returns) / returns.length;
  const variance = sum(returns.map((r) => (r - mean) ** 2)) / orNaN(returns.length - 1);
  const annual = growth ** days - 1;
  const volatility = Math.sqrt((variance + growth ** 2) ** days - growth ** (2 * days));
  const downside = Math.sqrt(sum(returns.map((r) => Math.min(r, 0) ** 2)) / returns.length);
  return {
    annualReturnPct: annual * 100,
    annualVolatilityPct: volatility * 100,
    sharpe: annual / orNaN(volatility),
    sortino: annual / (downside * Math.sqrt(days)),
  };
}

/** Whether at least 60 % of the weekend days that an even spread would give are there. */
function tradesOnWeekends(time: Float64Array): boolean {
  let weekendBars = 0;
  for (const stamp of time) if (mondayBasedDay(stamp) % 7 >= 5) weekendBars++;
  return weekendBars / time.length > (2 / 7) * 0.6;
}

function mondayBasedDay(stampMs: number): number {
  return Math.floor(stampMs / DAY_MS) - FIRST_MONDAY + 7;
}

/** The last equity of every calendar day (or Monday-based week) that has bars. */
function lastPerGroup(time: Float64Array, equity: Float64Array, weekly: boolean): number[] {
  const length = weekly ? WEEK_MS : DAY_MS;
  const offset = weekly ? FIRST_MONDAY * DAY_MS : 0;
  const values: number[] = [];
  let current = Number.NaN;
  for (let i = 0; i < time.length; i++) {
    const group = Math.floor((time[i] - offset) / length);
    if (group === current) values[values.length - 1] = equity[i];
    else values.push(equity[i]);
    current = group;
  }
  return values;
}

type DrawdownMetrics = Pick<
  BacktestingPyMetrics,
  'maxDrawdownPct' | 'averageDrawdownPct' | 'maxDrawdownDurationMs' | 'averageDrawdownDurationMs'
>;

function drawdownMetrics(time: Float64Array, equity: Float64Array, periodMs: number): DrawdownMetrics {
  const drawdowns = new Float64Array(equity.length);
  let peak = Number.NEGATIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < equity.length; i++) {
    peak = Math.max(peak, equity[i]);
    drawdowns[i] = 1 - equity[i] / peak;
    worst = Math.max(worst, drawdowns[i]);
  }
  const stretches = drawdownStretches(drawdowns);
  const durations = stretches.map(({ from, to }) => time[to] - time[from]);
  return {
    maxDrawdownPct: -worst * 100,
    averageDrawdownPct: (-sum(stretches.map((stretch) => stretch.peak)) / orNaN(stretches.length)) * 100,
    maxDrawdownDurationMs: durations.length === 0 ? Number.NaN : roundUp(Math.max(...durations), periodMs),
    averageDrawdownDurationMs: roundUp(sum(durations) / orNaN(durations.length), periodMs),
  };
}

export interface DrawdownStretch {
  /** The bar of the peak before the fall. */
  readonly from: number;
  /** The bar on which the peak is reached again, or the last bar. */
  readonly to: number;
  /** The largest drawdown of the stretch. */
  readonly peak: number;
}

/** The stretches between two bars without drawdown that have at least one bar of drawdown between them. */
export function drawdownStretches(drawdowns: ArrayLike<number>): DrawdownStretch[] {
  const stretches: DrawdownStretch[] = [];
  let from = -1;
  for (let i = 0; i < drawdowns.length; i++) {
    const isLast = i === drawdowns.length - 1;
    if (drawdowns[i] !== 0 && !isLast) continue;
    if (from >= 0 && i > from + 1) {
      let peak = 0;
      for (let k = from; k <= i; k++) peak = Math.max(peak, drawdowns[k]);
      stretches.push({ from, to: i, peak });
    }
    from = i;
  }
  return stretches;
}

function betaOf(equity: Float64Array, close: Float64Array): number {
  const n = equity.length - 1;
  if (n < 2) return Number.NaN;
  const account = Array.from({ length: n }, (_, i) => Math.log(equity[i + 1] / equity[i]));
  const market = Array.from({ length: n }, (_, i) => Math.log(close[i + 1] / close[i]));
  const accountMean = sum(account) / n;
  const marketMean = sum(market) / n;
  let covariance = 0;
  let variance = 0;
  for (let i = 0; i < n; i++) {
    covariance += (account[i] - accountMean) * (market[i] - marketMean);
    variance += (market[i] - marketMean) ** 2;
  }
  return covariance / variance;
}

type TradeMetrics = Pick<
  BacktestingPyMetrics,
  | 'commissions'
  | 'trades'
  | 'winRatePct'
  | 'bestTradePct'
  | 'worstTradePct'
  | 'averageTradePct'
  | 'maxTradeDurationMs'
  | 'averageTradeDurationMs'
  | 'profitFactor'
  | 'expectancyPct'
  | 'sqn'
  | 'kelly'
>;

function tradeMetrics(closed: readonly Trade[], time: Float64Array, periodMs: number): TradeMetrics {
  const count = closed.length;
  const returns = closed.map((trade) => trade.return);
  const profits = closed.map((trade) => trade.pnl);
  const durations = closed.map((trade) => time[trade.exitBar] - time[trade.entryBar]);
  const wins = profits.filter((pnl) => pnl > 0);
  const losses = profits.filter((pnl) => pnl < 0);
  const winRate = wins.length / orNaN(count);
  const mean = sum(profits) / orNaN(count);
  const deviation = Math.sqrt(sum(profits.map((pnl) => (pnl - mean) ** 2)) / orNaN(count - 1));
  return {
    commissions: sum(closed.map((trade) => trade.fees)),
    trades: count,
    winRatePct: winRate * 100,
    bestTradePct: extreme(returns, Math.max) * 100,
    worstTradePct: extreme(returns, Math.min) * 100,
    averageTradePct: geometricMean(returns) * 100,
    maxTradeDurationMs: roundUp(extreme(durations, Math.max), periodMs),
    averageTradeDurationMs: roundUp(sum(durations) / orNaN(count), periodMs),
    profitFactor: sum(returns.filter((r) => r > 0)) / orNaN(Math.abs(sum(returns.filter((r) => r < 0)))),
    expectancyPct: (sum(returns) / orNaN(count)) * 100,
    sqn: (Math.sqrt(count) * mean) / orNaN(deviation),
    kelly: winRate - (1 - winRate) / (sum(wins) / orNaN(wins.length) / (-sum(losses) / orNaN(losses.length))),
  };
}

/** exp(mean(log(1 + r))) - 1; 0 when a return wipes everything out, NaN without returns. */
function geometricMean(returns: readonly number[]): number {
  if (returns.some((r) => r <= -1)) return 0;
  return Math.exp(sum(returns.map((r) => Math.log(1 + r))) / orNaN(returns.length)) - 1;
}

function extreme(values: readonly number[], pick: (a: number, b: number) => number): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => pick(a, b));
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The peer's `x or NaN`: a quotient by nothing is undefined. */
function orNaN(value: number): number {
  return value === 0 ? Number.NaN : value;
}
