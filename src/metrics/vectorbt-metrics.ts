// The metric set of vectorbt's portfolio statistics, with its own conventions for NaN and infinity.
import type { MetricsInput } from './metrics.ts';
import type { Trade } from './trade.ts';

/** vectorbt's names in camel case. Undefined is NaN and a ratio over nothing lost is Infinity, as in vectorbt. */
export interface VectorbtMetrics {
  readonly totalReturn: number;
  readonly finalValue: number;
  /** Filled orders. */
  readonly orders: number;
  readonly tradesClosed: number;
  readonly tradesOpen: number;
  /** Over closed trades; winning is pnl > 0, and a trade of pnl 0 stays in the count. */
  readonly winRate: number;
  /** Sum of wins / |sum of losses| over closed trades. */
  readonly profitFactor: number;
  /** winRate * mean win - (1 - winRate) * |mean loss| over closed trades. */
  readonly expectancy: number;
  /** The same with the open trade counted at its mark. */
  readonly winRateInclOpen: number;
  readonly profitFactorInclOpen: number;
  readonly expectancyInclOpen: number;
  /** Minimum of c / peak - 1 (zero or negative), c = running product of 1 + r; the peak starts with bar 0. */
  readonly maxDrawdown: number;
  /** mean(r) / std(r, ddof 1) * sqrt(Y). */
  readonly sharpe: number;
  /** mean(r) * Y / (sqrt(mean(min(r, 0)^2)) * sqrt(Y)). */
  readonly sortino: number;
  /** (product(1 + r)^(Y / n) - 1) / |maxDrawdown|. */
  readonly calmar: number;
  /** Sum of positive r / |sum of negative r|. */
  readonly omega: number;
  /** Sum of order fees. */
  readonly totalFees: number;
}

export interface VectorbtMetricsInput extends Omit<MetricsInput, 'exposedBars' | 'ambiguousBars' | 'skippedOrders'> {
  /** The orders that filled, in time order. */
  readonly fills: readonly { readonly fee: number }[];
}

/** Computes vectorbt's statistics. Sums run left to right, as its compiled code does. Source: vectorbt 0.25.5, 1.1.0. */
export function vectorbtMetrics(input: VectorbtMetricsInput): VectorbtMetrics {
  const closed = input.trades.filter((trade) => trade.exitReason !== 'open');
  const overClosed = tradeRatios(closed);
  const overAll = tradeRatios(input.trades);
  let totalFees = 0;
  for (const fill of input.fills) totalFees += fill.fee;
  return {
    totalReturn: input.totalReturn,
    finalValue: input.finalEquity,
    orders: input.fills.length,
    tradesClosed: closed.length,
    tradesOpen: input.trades.length - closed.length,
    winRate: overClosed.winRate,
    profitFactor: overClosed.profitFactor,
    expectancy: overClosed.expectancy,
    winRateInclOpen: overAll.winRate,
    profitFactorInclOpen: overAll.profitFactor,
    expectancyInclOpen: overAll.expectancy,
    ...returnRatios(input.initialCash, input.equity, input.periodsPerYear),
    totalFees,
  };
}

function tradeRatios(trades: readonly Trade[]): { winRate: number; profitFactor: number; expectancy: number } {
  let wins = 0;
  let losses = 0;
  let won = 0;
  let lost = 0;
  for (const { pnl } of trades) {
    if (pnl > 0) {
      wins++;
      won += pnl;
    } else if (pnl < 0) {
      losses++;
      lost += pnl;
    }
  }
  const winRate = wins / trades.length;
  const meanWin = wins > 0 ? won / wins : 0;
  const meanLoss = losses > 0 ? lost / losses : 0;
  return {
    winRate,
    profitFactor: won / Math.abs(lost),
    expectancy: winRate * meanWin - (1 - winRate) * Math.abs(meanLoss),
  };
}

/** From `before` to `after`. A negative base flips the sign, so that a gain stays positive. */
function barReturn(before: number, after: number): number {
  if (before === 0) return after === 0 ? 0 : Number.POSITIVE_INFINITY * Math.sign(after);
  const change = (after - before) / before;
  return before < 0 ? -change : change;
}

type ReturnRatios = Pick<VectorbtMetrics, 'maxDrawdown' | 'sharpe' | 'sortino' | 'calmar' | 'omega'>;

function returnRatios(initialCash: number, equity: Float64Array, perYear: number): ReturnRatios {
  const bars = equity.length;
  let sum = 0;
  let downsideSquares = 0;
  let gains = 0;
  let losses = 0;
  let product = 1;
  let peak = Number.NEGATIVE_INFINITY;
  let maxDrawdown = bars > 0 ? 0 : Number.NaN;
  let previous = initialCash;
  for (let i = 0; i < bars; i++) {
    const value = equity[i]!;
    const r = barReturn(previous, value);
    previous = value;
    sum += r;
    if (r > 0) {
      gains += r;
    } else {
      losses -= r;
      downsideSquares += r * r;
    }
    product *= 1 + r;
    if (product > peak) peak = product;
    const fall = product / peak - 1;
    if (fall < maxDrawdown) maxDrawdown = fall;
  }
  const mean = sum / bars;
  const deviation = standardDeviation(initialCash, equity, mean);
  const downside = Math.sqrt(downsideSquares / bars);
  const annual = product < 0 ? Number.NaN : product ** (perYear / bars) - 1;
  return {
    maxDrawdown,
    sharpe: infiniteOverZero(mean * Math.sqrt(perYear), deviation),
    sortino: infiniteOverZero(mean * perYear, downside * Math.sqrt(perYear)),
    calmar: maxDrawdown === 0 ? Number.NaN : annual / Math.abs(maxDrawdown),
    omega: infiniteOverZero(gains, losses),
  };
}

/** a / b, and Infinity where b is 0: vectorbt calls an account that risks nothing infinitely good. */
function infiniteOverZero(a: number, b: number): number {
  return b === 0 ? Number.POSITIVE_INFINITY : a / b;
}

/** Of the bar returns, ddof 1; NaN below two bars. */
function standardDeviation(initialCash: number, equity: Float64Array, mean: number): number {
  const bars = equity.length;
  let squares = 0;
  let previous = initialCash;
  for (let i = 0; i < bars; i++) {
    const distance = barReturn(previous, equity[i]!) - mean;
    previous = equity[i]!;
    squares += distance * distance;
  }
  return bars > 1 ? Math.sqrt(squares / (bars - 1)) : Number.NaN;
}
