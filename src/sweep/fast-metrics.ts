// From the sums of a walk to the standard metrics, and when sums do not hold them closely enough.
import { BAR_SUMS, type MarketTables } from '../kernels/kernels.ts';
import {
  AMBIGUOUS_BARS,
  BEST_RETURN,
  CLOSED_TRADES,
  DOWNSIDE_SQUARES,
  EXPOSED_BARS,
  FEES,
  FINAL_EQUITY,
  GAINS,
  HOLDING_BARS,
  LOSSES,
  LOST,
  MAX_DRAWDOWN,
  MAX_DRAWDOWN_BARS,
  OPEN_TRADES,
  PNL,
  PNL_SQUARED_DEVIATIONS,
  RETURNS,
  SKIPPED_ORDERS,
  SPANS,
  SQUARES,
  TOTAL_RETURN,
  TRADE_RETURNS,
  WINS,
  WON,
  WORST_RETURN,
} from '../kernels/walk-layout.ts';
import type { EquityScan } from '../metrics/equity-scan.ts';
import { writeCurveMetrics, writeMoneyMetrics, writeTradeMetrics } from '../metrics/standard-metrics.ts';
import type { TradeSums } from '../metrics/trade-sums.ts';
import type { RowDetail } from './detail.ts';

/** Share of a metric that rounding of sums may take: an order below the 1e-9 that the metrics are held to. */
const SHARE_LOST = 1e-10;
const ROUNDING = 2 ** -52;

/**
 * Whether returns have to be summed bar by bar, because what is left of a sum after a subtraction is too small a part
 * of what it was taken from: the squares about the mean, the losses beside the gains, or few calm bars out of prefix
 * sums that passed through wild ones.
 */
export function needsBarSums(sums: Float64Array, market: MarketTables): boolean {
  if (sums[SPANS]! === 0) return false;
  const { barCount, barSums, firstBar } = market;
  const last = (barCount - 1 - firstBar) * BAR_SUMS;
  const squares = sums[SQUARES]!;
  const losses = sums[LOSSES]!;
  const lost = (sums[SPANS]! + 2) * ROUNDING;
  const deviations = squares - (sums[RETURNS]! * sums[RETURNS]!) / barCount;
  const downside = sums[DOWNSIDE_SQUARES]!;
  return (
    lost * (barSums[last + 1]! + squares) > SHARE_LOST * deviations ||
    lost * barSums[last + 2]! > SHARE_LOST * downside ||
    lost * (barSums[last + 3]! + sums[GAINS]!) > SHARE_LOST * losses
  );
}

export interface MetricTerms {
  readonly initialCash: number;
  readonly periodsPerYear: number;
}

/** The scan of an equity curve as the walk's sums have it. */
export function scanFromSums(sums: Float64Array, bars: number): EquityScan {
  const mean = sums[RETURNS]! / bars;
  return {
    bars,
    mean,
    squaredDeviations: Math.max(0, sums[SQUARES]! - mean * sums[RETURNS]!),
    downsideSquares: sums[DOWNSIDE_SQUARES]!,
    gains: sums[GAINS]!,
    losses: sums[LOSSES]!,
    maxDrawdown: sums[MAX_DRAWDOWN]!,
    maxDrawdownBars: sums[MAX_DRAWDOWN_BARS]!,
  };
}

function tradeSums(sums: Float64Array): TradeSums {
  return {
    closed: sums[CLOSED_TRADES]!,
    open: sums[OPEN_TRADES]!,
    wins: sums[WINS]!,
    pnl: sums[PNL]!,
    won: sums[WON]!,
    lost: sums[LOST]!,
    pnlSquaredDeviations: sums[PNL_SQUARED_DEVIATIONS]!,
    returns: sums[TRADE_RETURNS]!,
    bestReturn: sums[BEST_RETURN]!,
    worstReturn: sums[WORST_RETURN]!,
    holdingBars: sums[HOLDING_BARS]!,
    fees: sums[FEES]!,
  };
}

/** Writes the row of a finished walk of that detail at `from`. `scan` is that of its sums, or of its replayed equity. */
export function writeRowOfWalk(
  rows: Float64Array,
  from: number,
  sums: Float64Array,
  scan: EquityScan,
  terms: MetricTerms,
  detail: RowDetail,
): void {
  const input = {
    ...terms,
    finalEquity: sums[FINAL_EQUITY]!,
    totalReturn: sums[TOTAL_RETURN]!,
    exposedBars: sums[EXPOSED_BARS]!,
    ambiguousBars: sums[AMBIGUOUS_BARS]!,
    skippedOrders: sums[SKIPPED_ORDERS]!,
  };
  const trades = tradeSums(sums);
  writeMoneyMetrics(rows, from, input, scan.bars, trades);
  if (detail !== 'money') writeTradeMetrics(rows, from, trades);
  if (detail === 'full') writeCurveMetrics(rows, from, input, scan);
}
