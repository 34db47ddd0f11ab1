// The standard metric set: what METRICS defines, computed from an equity curve and a trade list.
import type { EquityScan } from './equity-scan.ts';
import { scanEquity } from './equity-scan.ts';
import { METRIC_NAMES, type MetricName, type Metrics, type MetricsInput } from './metrics.ts';
import type { TradeSums } from './trade-sums.ts';
import { sumTrades } from './trade-sums.ts';

/**
 * A deviation of bar returns up to this is rounding: each return carries an error of about 2e-16, so an account that
 * grows by the same share every bar shows such a deviation where the true one is zero.
 */
const DEVIATION_NOISE = 1e-15;

/**
 * Computes the standard set; every formula is in METRICS. Pure; no allocation per bar.
 * A metric that is undefined (no bars, no trades, nothing to divide by) or infinite is null.
 */
export function standardMetrics(input: MetricsInput): Metrics {
  return metricsFromSums(input, scanEquity(input.initialCash, input.equity), sumTrades(input.trades));
}

/** The same out of sums that were made elsewhere: what an engine that never holds an equity curve calls. */
export function metricsFromSums(input: SummedInput, scan: EquityScan, trades: TradeSums): Metrics {
  const row = new Float64Array(METRIC_NAMES.length).fill(Number.NaN);
  writeMoneyMetrics(row, 0, input, scan.bars, trades);
  writeTradeMetrics(row, 0, trades);
  writeCurveMetrics(row, 0, input, scan);
  return Object.fromEntries(METRIC_NAMES.map((name, i) => [name, Number.isNaN(row[i]!) ? null : row[i]!])) as Metrics;
}

export type SummedInput = Omit<MetricsInput, 'equity' | 'trades'>;

const at = Object.fromEntries(METRIC_NAMES.map((name, index) => [name, index])) as Readonly<Record<MetricName, number>>;

/*
 * A row holds the values of METRIC_NAMES from `from` on, NaN for null. Three functions fill it, by what they need to
 * know: how an account ended, its trades, and its equity bar by bar.
 */

/** Metrics that the last equity and a few counts tell. */
export function writeMoneyMetrics(
  row: Float64Array,
  from: number,
  input: SummedInput,
  bars: number,
  { closed, open, fees }: Pick<TradeSums, 'closed' | 'open' | 'fees'>,
): void {
  row[from + at.totalReturn] = finite(input.totalReturn);
  row[from + at.finalEquity] = finite(input.finalEquity);
  row[from + at.cagr] = finite(growthPerYear(input, bars));
  row[from + at.exposure] = ratio(input.exposedBars, bars);
  row[from + at.trades] = closed;
  row[from + at.openTrades] = open;
  row[from + at.totalFees] = finite(fees);
  row[from + at.ambiguousBars] = input.ambiguousBars;
  row[from + at.skippedOrders] = input.skippedOrders;
}

/** Metrics of single trades. */
export function writeTradeMetrics(row: Float64Array, from: number, sums: TradeSums): void {
  const { closed } = sums;
  const pnlDeviation = closed > 1 ? Math.sqrt(sums.pnlSquaredDeviations / (closed - 1)) : 0;
  row[from + at.winRate] = ratio(sums.wins, closed);
  row[from + at.profitFactor] = ratio(sums.won, sums.lost);
  row[from + at.expectancy] = ratio(sums.pnl, closed);
  row[from + at.bestTrade] = finite(sums.bestReturn);
  row[from + at.worstTrade] = finite(sums.worstReturn);
  row[from + at.averageTrade] = ratio(sums.returns, closed);
  row[from + at.averageHoldingBars] = ratio(sums.holdingBars, closed);
  row[from + at.sqn] = ratio(Math.sqrt(closed) * (sums.pnl / closed), pnlDeviation);
}

/** Metrics of the equity curve: returns per bar and drawdown. */
export function writeCurveMetrics(row: Float64Array, from: number, input: SummedInput, scan: EquityScan): void {
  const perYear = input.periodsPerYear;
  const deviation = scan.bars > 1 ? Math.sqrt(scan.squaredDeviations / (scan.bars - 1)) : Number.NaN;
  const downside = Math.sqrt(scan.downsideSquares / scan.bars);
  const noise = DEVIATION_NOISE;
  const rootYear = Math.sqrt(perYear);
  row[from + at.volatility] = finite(deviation * rootYear);
  row[from + at.sharpe] = deviation > noise ? finite((scan.mean / deviation) * rootYear) : Number.NaN;
  row[from + at.sortino] = downside > noise ? finite((scan.mean * perYear) / (downside * rootYear)) : Number.NaN;
  row[from + at.calmar] = ratio(growthPerYear(input, scan.bars), scan.maxDrawdown);
  row[from + at.omega] = ratio(scan.gains, scan.losses);
  row[from + at.maxDrawdown] = finite(scan.bars > 0 ? scan.maxDrawdown : Number.NaN);
  row[from + at.maxDrawdownBars] = finite(scan.bars > 0 ? scan.maxDrawdownBars : Number.NaN);
}

function growthPerYear({ finalEquity, initialCash, periodsPerYear }: SummedInput, bars: number): number {
  const growth = finalEquity / initialCash;
  return bars > 0 && growth >= 0 ? growth ** (periodsPerYear / bars) - 1 : Number.NaN;
}

/** a / b, or NaN where b is 0 or the quotient is not finite. */
function ratio(a: number, b: number): number {
  return b === 0 ? Number.NaN : finite(a / b);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}
