// The standard metric set: what METRICS defines, computed from an equity curve and a trade list.
import type { EquityScan } from './equity-scan.ts';
import { scanEquity } from './equity-scan.ts';
import type { Metrics, MetricsInput } from './metrics.ts';
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
  return {
    ...returnMetrics(input, scan),
    maxDrawdown: finite(scan.bars > 0 ? scan.maxDrawdown : Number.NaN),
    maxDrawdownBars: finite(scan.bars > 0 ? scan.maxDrawdownBars : Number.NaN),
    exposure: ratio(input.exposedBars, scan.bars),
    ...tradeMetrics(trades),
    ambiguousBars: input.ambiguousBars,
    skippedOrders: input.skippedOrders,
  };
}

export type SummedInput = Omit<MetricsInput, 'equity' | 'trades'>;

type ReturnMetricName =
  | 'totalReturn'
  | 'finalEquity'
  | 'cagr'
  | 'volatility'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'omega';

function returnMetrics(input: SummedInput, scan: EquityScan): Pick<Metrics, ReturnMetricName> {
  const perYear = input.periodsPerYear;
  const deviation = scan.bars > 1 ? Math.sqrt(scan.squaredDeviations / (scan.bars - 1)) : Number.NaN;
  const downside = Math.sqrt(scan.downsideSquares / scan.bars);
  const growth = input.finalEquity / input.initialCash;
  const cagr = scan.bars > 0 && growth >= 0 ? growth ** (perYear / scan.bars) - 1 : Number.NaN;
  return {
    totalReturn: finite(input.totalReturn),
    finalEquity: finite(input.finalEquity),
    cagr: finite(cagr),
    volatility: finite(deviation * Math.sqrt(perYear)),
    sharpe: deviation > DEVIATION_NOISE ? finite((scan.mean / deviation) * Math.sqrt(perYear)) : null,
    sortino: downside > DEVIATION_NOISE ? finite((scan.mean * perYear) / (downside * Math.sqrt(perYear))) : null,
    calmar: ratio(cagr, scan.maxDrawdown),
    omega: ratio(scan.gains, scan.losses),
  };
}

type TradeMetricName =
  | 'trades'
  | 'openTrades'
  | 'winRate'
  | 'profitFactor'
  | 'expectancy'
  | 'bestTrade'
  | 'worstTrade'
  | 'averageTrade'
  | 'averageHoldingBars'
  | 'totalFees'
  | 'sqn';

function tradeMetrics(sums: TradeSums): Pick<Metrics, TradeMetricName> {
  const { closed } = sums;
  const pnlDeviation = closed > 1 ? Math.sqrt(sums.pnlSquaredDeviations / (closed - 1)) : 0;
  return {
    trades: closed,
    openTrades: sums.open,
    winRate: ratio(sums.wins, closed),
    profitFactor: ratio(sums.won, sums.lost),
    expectancy: ratio(sums.pnl, closed),
    bestTrade: finite(sums.bestReturn),
    worstTrade: finite(sums.worstReturn),
    averageTrade: ratio(sums.returns, closed),
    averageHoldingBars: ratio(sums.holdingBars, closed),
    totalFees: finite(sums.fees),
    sqn: ratio(Math.sqrt(closed) * (sums.pnl / closed), pnlDeviation),
  };
}

/** a / b, or null where b is 0 or the quotient is not finite. */
function ratio(a: number, b: number): number | null {
  return b === 0 ? null : finite(a / b);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
