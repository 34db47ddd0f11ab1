// What the simulation of one executor yields: where it filled and closed, what it booked, and its value on the way.
import type { ExecutorMarket } from './executor-market.ts';

export type ExecutorKind = 'position_executor' | 'dca_executor' | 'grid_executor' | 'order_executor';

/** Hummingbot's own names. */
export type CloseType =
  | 'TIME_LIMIT'
  | 'STOP_LOSS'
  | 'TAKE_PROFIT'
  | 'TRAILING_STOP'
  | 'EARLY_STOP'
  | 'POSITION_HOLD'
  | 'EXPIRED';

/** Value of an executor at the close of a bar, while it runs. Shares are fractions, amounts are in quote currency. */
export interface ExecutorMark {
  readonly netPnlPct: number;
  readonly netPnlQuote: number;
  readonly feesQuote: number;
  readonly filledQuote: number;
  readonly averagePrice: number;
}

/** Marks of executors that fill in several steps, one per bar from the bar of creation. */
export interface MarkColumns {
  readonly netPnlPct: Float64Array;
  readonly netPnlQuote: Float64Array;
  readonly feesQuote: Float64Array;
  readonly filledQuote: Float64Array;
  readonly averagePrice: Float64Array;
}

export interface ExecutorRun {
  readonly kind: ExecutorKind;
  readonly isLong: boolean;
  readonly levelId: string | null;
  /** The price it was configured with; null where there is none. */
  readonly entryPrice: number | null;
  /** Base units it was configured with; null where amounts are in quote currency. */
  readonly amount: number | null;
  readonly createdBar: number;
  /** Epoch ms of the open of that bar. */
  readonly createdMs: number;
  /** First bar with something filled, -1 when nothing was. */
  readonly fillBar: number;
  /** Price of the first fill; NaN when nothing was filled. */
  readonly fillPrice: number;
  readonly closeBar: number;
  readonly closeMs: number;
  readonly closeType: CloseType;
  /** Price at which the rest was closed or marked: a close, or a barrier's level under the fixes. */
  readonly closePrice: number;
  readonly netPnlPct: number;
  readonly netPnlQuote: number;
  readonly feesQuote: number;
  /** Traded notional: twice what was filled, for entry and exit; once for an order, which only opens. */
  readonly filledQuote: number;
  readonly averagePrice: number;
  /** What a POSITION_HOLD leaves behind, in quote currency at averagePrice; 0 for every other end. */
  readonly heldQuote: number;
  /** Share of notional that a mark deducts: both sides' trade cost. */
  readonly roundTripCost: number;
  readonly marks: MarkColumns | null;
  /** What a corrected DCA executor held, from each bar with a fill on; its marks follow from it. Null for all others. */
  readonly stages: readonly HeldStage[] | null;
}

/** Held from the close of `bar` on, before costs. */
export interface HeldStage {
  readonly bar: number;
  readonly base: number;
  readonly quote: number;
}

/** base × price against what was paid, both sides' costs charged at once. */
export const stageNet = (base: number, quote: number, price: number, isLong: boolean, roundTripCost: number): number =>
  (isLong ? base * price - quote : quote - base * price) - roundTripCost * quote;

export const markColumns = (rows: number): MarkColumns => ({
  netPnlPct: new Float64Array(rows),
  netPnlQuote: new Float64Array(rows),
  feesQuote: new Float64Array(rows),
  filledQuote: new Float64Array(rows),
  averagePrice: new Float64Array(rows),
});

/** Value of a position at the close of bar `bar`, as a chain of close-to-close returns from its fill. */
export function positionReturn(market: ExecutorMarket, run: ExecutorRun, bar: number): number {
  let chain = market.close[run.fillBar] / run.fillPrice;
  for (let i = run.fillBar + 1; i <= bar; i++) chain *= market.growth[i];
  return (run.isLong ? chain - 1 : -(chain - 1)) - run.roundTripCost;
}

/** The executor as it stood at the close of `bar`, which lies from its creation to before its close. */
export function markExecutor(market: ExecutorMarket, run: ExecutorRun, bar: number): ExecutorMark {
  if (run.marks !== null) {
    const row = bar - run.createdBar;
    return {
      netPnlPct: run.marks.netPnlPct[row],
      netPnlQuote: run.marks.netPnlQuote[row],
      feesQuote: run.marks.feesQuote[row],
      filledQuote: run.marks.filledQuote[row],
      averagePrice: run.marks.averagePrice[row],
    };
  }
  if (run.stages !== null && bar >= run.fillBar) return markStages(market, run, run.stages, bar);
  if (run.fillBar < 0 || bar < run.fillBar || run.amount === null) {
    // Before its first fill a DCA executor is known by its first price alone.
    const averagePrice = run.stages === null ? run.averagePrice : (run.entryPrice ?? run.averagePrice);
    return { netPnlPct: 0, netPnlQuote: 0, feesQuote: 0, filledQuote: 0, averagePrice };
  }
  const filledQuote = run.amount * run.fillPrice;
  const netPnlPct = positionReturn(market, run, bar);
  return {
    netPnlPct,
    netPnlQuote: netPnlPct * filledQuote,
    feesQuote: run.roundTripCost * filledQuote,
    filledQuote,
    averagePrice: run.averagePrice,
  };
}

function markStages(
  market: ExecutorMarket,
  { isLong, roundTripCost }: ExecutorRun,
  stages: readonly HeldStage[],
  bar: number,
): ExecutorMark {
  let last = stages.length - 1;
  while (stages[last].bar > bar) last--;
  const { base, quote } = stages[last];
  const net = stageNet(base, quote, market.close[bar], isLong, roundTripCost);
  return {
    netPnlPct: net / quote,
    netPnlQuote: net,
    feesQuote: roundTripCost * quote,
    filledQuote: quote,
    averagePrice: quote / base,
  };
}

/** Adds the unrealised P&L at the closes of bars [created, until) to `out`, one value per bar. */
export function addOpenPnl(market: ExecutorMarket, run: ExecutorRun, until: number, out: Float64Array): void {
  if (run.marks !== null) {
    for (let bar = run.createdBar; bar < until; bar++) out[bar] += run.marks.netPnlQuote[bar - run.createdBar];
    return;
  }
  if (run.stages !== null) {
    for (let s = 0; s < run.stages.length; s++) {
      const { bar: from, base, quote } = run.stages[s];
      const to = s + 1 < run.stages.length ? Math.min(until, run.stages[s + 1].bar) : until;
      for (let bar = from; bar < to; bar++) {
        out[bar] += stageNet(base, quote, market.close[bar], run.isLong, run.roundTripCost);
      }
    }
    return;
  }
  if (run.fillBar < 0 || run.amount === null || run.kind === 'order_executor') return;
  const filledQuote = run.amount * run.fillPrice;
  let chain = market.close[run.fillBar] / run.fillPrice;
  for (let bar = run.fillBar; bar < until; bar++) {
    if (bar > run.fillBar) chain *= market.growth[bar];
    out[bar] += ((run.isLong ? chain - 1 : -(chain - 1)) - run.roundTripCost) * filledQuote;
  }
}
