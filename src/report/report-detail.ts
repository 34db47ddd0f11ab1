// Cuts one simulated variant and its candles down to what the report embeds.
import { assert } from '../core/assert.ts';
import type { Candles } from '../market/candles.ts';
import type { Trade } from '../metrics/trade.ts';
import { aggregateCandles, extremeIndexes } from './downsample.ts';
import { formatCount } from './format.ts';
import {
  REPORT_LIMITS,
  type ReportCandles,
  type ReportDetail,
  type ReportEquity,
  type ReportTrades,
} from './report-data.ts';

/** One variant as simulated. `equity` is marked at each close and has one value per candle. */
export interface SimulatedVariant {
  readonly rank: number;
  readonly trades: readonly Trade[];
  readonly equity: Float64Array;
}

/** The trades and curves of one variant over the candles of its window. */
export function reportDetail(variant: SimulatedVariant, candles: Candles, initialCash: number): ReportDetail {
  assert(variant.equity.length === candles.barCount, 'an equity value per candle');
  return {
    rank: variant.rank,
    trades: reportTrades(variant.trades, candles),
    equity: reportEquity(variant.equity, candles, initialCash),
  };
}

/** Seven significant digits: finer than a pixel, half the bytes. */
const short = (value: number): number => Number(value.toPrecision(7));
/** Twelve significant digits: drops the noise of binary fractions, keeps every digit a trader reads. */
const tidy = (value: number): number => Number(value.toPrecision(12));

function reportTrades(all: readonly Trade[], candles: Candles): ReportTrades {
  const trades = all.slice(0, REPORT_LIMITS.tradesMax);
  return {
    side: trades.map((trade) => trade.side),
    entryTime: trades.map((trade) => candles.time[trade.entryBar]!),
    entryPrice: trades.map((trade) => tidy(trade.entryPrice)),
    exitTime: trades.map((trade) => candles.time[trade.exitBar]!),
    exitPrice: trades.map((trade) => tidy(trade.exitPrice)),
    size: trades.map((trade) => tidy(trade.size)),
    fees: trades.map((trade) => tidy(trade.fees)),
    pnl: trades.map((trade) => tidy(trade.pnl)),
    return: trades.map((trade) => tidy(trade.return)),
    bars: trades.map((trade) => trade.exitBar - trade.entryBar),
    exitReason: trades.map((trade) => trade.exitReason),
    ...(trades.some(({ tag }) => tag !== undefined) ? { tag: trades.map(({ tag }) => tag ?? 'main') } : {}),
    omitted: all.length - trades.length,
  };
}

function reportEquity(equity: Float64Array, candles: Candles, initialCash: number): ReportEquity {
  const drawdown = new Float64Array(equity.length);
  let peak = initialCash;
  for (let i = 0; i < equity.length; i++) {
    if (equity[i]! > peak) peak = equity[i]!;
    drawdown[i] = 1 - equity[i]! / peak;
  }
  const steps = REPORT_LIMITS.equityStepsMax;
  const keep = extremeIndexes([equity, drawdown], steps);
  const firstClose = candles.close[0]!;
  return {
    time: keep.map((i) => candles.time[i]!),
    equity: keep.map((i) => short(equity[i]!)),
    drawdown: keep.map((i) => short(drawdown[i]!)),
    buyAndHold: keep.map((i) => short((initialCash * candles.close[i]!) / firstClose)),
    rule:
      keep.length === equity.length
        ? 'Every bar is drawn.'
        : `${formatCount(equity.length)} bars are drawn in ${formatCount(steps)} steps; each step keeps its lowest and highest equity and its deepest drawdown.`,
  };
}

/**
 * Candles for the chart: all of them when few enough, else aggregated, with full resolution around the trades of
 * `variants` (the first variants first) until the cap is spent.
 */
export function reportCandles(candles: Candles, variants: readonly SimulatedVariant[]): ReportCandles {
  const barsPerCandle = Math.max(1, Math.ceil(candles.barCount / REPORT_LIMITS.overviewCandlesMax));
  const overview = aggregateCandles(candles, barsPerCandle);
  if (barsPerCandle === 1) return { overview, barsPerCandle, windows: [] };
  const spans = tradeSpans(candles.barCount, variants);
  return { overview, barsPerCandle, windows: spans.map(([from, to]) => aggregateCandles(candles, 1, from, to)) };
}

type Span = [from: number, to: number];

/** Stretches [from, to) around trades, merged where they touch, of at most `windowCandlesMax` bars in all. */
function tradeSpans(barCount: number, variants: readonly SimulatedVariant[]): Span[] {
  const wanted: Span[] = [];
  let bars = 0;
  for (const trade of variants.flatMap((variant) => variant.trades)) {
    const held = trade.exitBar - trade.entryBar;
    const margin = Math.max(30, Math.min(150, held));
    const span: Span = [Math.max(0, trade.entryBar - margin), Math.min(barCount, trade.exitBar + margin + 1)];
    // A trade too long for the cap is still seen in the overview; shorter ones after it may fit.
    if (bars + span[1] - span[0] > REPORT_LIMITS.windowCandlesMax) continue;
    bars += span[1] - span[0];
    wanted.push(span);
  }
  const merged: Span[] = [];
  for (const span of wanted.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
    else merged.push(span);
  }
  return merged;
}
