// From the sums of a walk to the standard metrics, and when sums do not hold them closely enough.
import { BLOCK_BARS, type MarketTables } from '../kernels/kernels.ts';
import { CARRY_BLOCK, CARRY_STRETCH } from '../kernels/market-layout.ts';
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
 * sums that passed through wild ones. `market` has come to the end of its pass: what counts is the largest sum of any
 * stretch. The mean needs no look of its own: by Cauchy's inequality its error is far below that of the squares.
 */
export function needsBarSums(sums: Float64Array, { barCount, carry }: MarketTables): boolean {
  const spans = sums[SPANS]!;
  if (spans === 0) return false;
  const squares = sums[SQUARES]!;
  const downside = sums[DOWNSIDE_SQUARES]!;
  const gains = sums[GAINS]!;
  const losses = sums[LOSSES]!;
  // Rounding of the sums at both ends of a span, of the blocks added up between, and of the bars inside its outer blocks.
  const ofStretch = 2 * spans + sums[EXPOSED_BARS]! / (2 * BLOCK_BARS);
  const ofBlock = BLOCK_BARS * spans;
  const lostOf = (quantity: number, total: number): number =>
    ROUNDING *
    (ofStretch * carry[CARRY_STRETCH + quantity]! + ofBlock * carry[CARRY_BLOCK + quantity]! + (spans + 2) * total);
  const deviations = squares - (sums[RETURNS]! * sums[RETURNS]!) / barCount;
  // Losses are what gains are more than returns, and no sum of returns is larger than gains and losses together.
  const lostOfLosses = lostOf(0, losses) + 2 * lostOf(3, gains);
  return (
    lostOf(1, squares) > SHARE_LOST * deviations ||
    lostOf(2, downside) > SHARE_LOST * downside ||
    lostOfLosses > SHARE_LOST * losses
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
