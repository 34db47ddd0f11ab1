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
import {
  type SummedInput,
  writeCurveMetrics,
  writeMoneyMetrics,
  writeTradeMetrics,
} from '../metrics/standard-metrics.ts';
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

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/*
 * What is read of a walk lies in three objects that are written again for each one: made anew, they would be a kilobyte
 * of garbage for every variant of a sweep. They begin with fractions, so that V8 makes each field one that holds a
 * floating-point number in place.
 */
const SCAN: Writable<EquityScan> = {
  bars: 0.5,
  mean: 0.5,
  squaredDeviations: 0.5,
  downsideSquares: 0.5,
  gains: 0.5,
  losses: 0.5,
  maxDrawdown: 0.5,
  maxDrawdownBars: 0.5,
};
const TRADES: Writable<TradeSums> = {
  closed: 0.5,
  open: 0.5,
  wins: 0.5,
  pnl: 0.5,
  won: 0.5,
  lost: 0.5,
  pnlSquaredDeviations: 0.5,
  returns: 0.5,
  bestReturn: 0.5,
  worstReturn: 0.5,
  holdingBars: 0.5,
  fees: 0.5,
};
const ACCOUNT: Writable<SummedInput> = {
  initialCash: 0.5,
  periodsPerYear: 0.5,
  finalEquity: 0.5,
  totalReturn: 0.5,
  exposedBars: 0.5,
  ambiguousBars: 0.5,
  skippedOrders: 0.5,
};

/** The scan of an equity curve as the walk's sums have it; valid until the next one is read. */
export function scanFromSums(sums: Float64Array, bars: number): EquityScan {
  const mean = sums[RETURNS]! / bars;
  SCAN.bars = bars;
  SCAN.mean = mean;
  SCAN.squaredDeviations = Math.max(0, sums[SQUARES]! - mean * sums[RETURNS]!);
  SCAN.downsideSquares = sums[DOWNSIDE_SQUARES]!;
  SCAN.gains = sums[GAINS]!;
  SCAN.losses = sums[LOSSES]!;
  SCAN.maxDrawdown = sums[MAX_DRAWDOWN]!;
  SCAN.maxDrawdownBars = sums[MAX_DRAWDOWN_BARS]!;
  return SCAN;
}

function readTrades(sums: Float64Array): TradeSums {
  TRADES.closed = sums[CLOSED_TRADES]!;
  TRADES.open = sums[OPEN_TRADES]!;
  TRADES.wins = sums[WINS]!;
  TRADES.pnl = sums[PNL]!;
  TRADES.won = sums[WON]!;
  TRADES.lost = sums[LOST]!;
  TRADES.pnlSquaredDeviations = sums[PNL_SQUARED_DEVIATIONS]!;
  TRADES.returns = sums[TRADE_RETURNS]!;
  TRADES.bestReturn = sums[BEST_RETURN]!;
  TRADES.worstReturn = sums[WORST_RETURN]!;
  TRADES.holdingBars = sums[HOLDING_BARS]!;
  TRADES.fees = sums[FEES]!;
  return TRADES;
}

function readAccount(sums: Float64Array, { initialCash, periodsPerYear }: MetricTerms): SummedInput {
  ACCOUNT.initialCash = initialCash;
  ACCOUNT.periodsPerYear = periodsPerYear;
  ACCOUNT.finalEquity = sums[FINAL_EQUITY]!;
  ACCOUNT.totalReturn = sums[TOTAL_RETURN]!;
  ACCOUNT.exposedBars = sums[EXPOSED_BARS]!;
  ACCOUNT.ambiguousBars = sums[AMBIGUOUS_BARS]!;
  ACCOUNT.skippedOrders = sums[SKIPPED_ORDERS]!;
  return ACCOUNT;
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
  const account = readAccount(sums, terms);
  const trades = readTrades(sums);
  writeMoneyMetrics(rows, from, account, scan.bars, trades);
  if (detail !== 'money') writeTradeMetrics(rows, from, trades);
  if (detail === 'full') writeCurveMetrics(rows, from, account, scan);
}
