// The DCA executor: limit orders one beyond the other, closed together around their break-even price.

import {
  addDouble,
  type DoubleDouble,
  divideDouble,
  doubleDouble,
  multiplyDouble,
  negateDouble,
} from '../core/double-double.ts';
import { AppError } from '../core/errors.ts';
import type { DcaOrder } from './dca-order.ts';
import { type ExactLevel, levelOfDouble } from './exact-level.ts';
import { type ExecutorMarket, lastBarWithin } from './executor-market.ts';
import { type CloseType, type ExecutorRun, type MarkColumns, markColumns } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { simulateStagedDca } from './staged-dca.ts';

interface Stage {
  readonly entryBar: number;
  readonly breakEven: number;
  readonly closeBar: number;
  /** null: the next stage was reached first. */
  readonly closeType: CloseType | null;
}

const ONE = doubleDouble(1);
const isSet = (value: DoubleDouble | null): value is DoubleDouble => value !== null && value.hi !== 0;

/** base × (1 + share × sign) as a level to compare prices with. */
export function shiftedLevel(base: DoubleDouble, share: DoubleDouble, sign: number): ExactLevel {
  return levelOfDouble(multiplyDouble(base, addDouble(ONE, sign > 0 ? share : negateDouble(share))));
}

/** Break-even prices after each stage, as Hummingbot defines them: mean price weighted by quote amounts. */
export function breakEvens(order: Pick<DcaOrder, 'prices' | 'amounts'>): DoubleDouble[] {
  let amount = doubleDouble(0);
  let quote = doubleDouble(0);
  return order.prices.map((price, i) => {
    amount = addDouble(amount, order.amounts[i]);
    quote = addDouble(quote, multiplyDouble(order.amounts[i], price));
    return i === 0 ? price : divideDouble(quote, amount);
  });
}

/** Simulates one executor created at the close of bar `bar`, to its end. Errors: REQUEST_INVALID (exact profile). */
export function simulateDca(
  market: ExecutorMarket,
  bar: number,
  order: DcaOrder,
  tradeCost: number,
  fixes: Fixes,
): ExecutorRun {
  const end = lastBarWithin(market, bar, order.timeLimitMs);
  if (fixes.dcaTiming) return simulateStagedDca(market, bar, end, order, tradeCost, fixes);
  const stages: Stage[] = [];
  let leakedEntry = -1;
  const evens = breakEvens(order);
  for (let i = 0; i < order.prices.length; i++) {
    const entryBar = firstBeyond(market, bar, end, order.isLong, levelOfDouble(order.prices[i]));
    // Hummingbot dates all stages by the last one it looked at, and by none when that one was never reached.
    leakedEntry = entryBar;
    if (entryBar < 0) break;
    stages.push(scanStage(market, entryBar, end, order, i, evens[i]));
  }
  return assemble(market, bar, end, order, stages, leakedEntry, 2 * tradeCost);
}

/** The first close at or beyond `level` on the losing side: below it for longs. -1 if none. */
function firstBeyond(market: ExecutorMarket, from: number, end: number, isLong: boolean, level: ExactLevel): number {
  const { close } = market;
  if (isLong) {
    for (let i = from; i <= end; i++) if (close[i] <= level.atMost) return i;
  } else {
    for (let i = from; i <= end; i++) if (close[i] >= level.atLeast) return i;
  }
  return -1;
}

function scanStage(
  market: ExecutorMarket,
  entryBar: number,
  end: number,
  order: DcaOrder,
  index: number,
  breakEven: DoubleDouble,
): Stage {
  const { close, high, low } = market;
  const { isLong } = order;
  const side = isLong ? 1 : -1;
  const isLast = index === order.prices.length - 1;
  const watchesStop = isLast && isSet(order.stopLoss);
  if (isLast && !watchesStop) throw lastStageWithoutStop();
  const stop = watchesStop ? shiftedLevel(breakEven, order.stopLoss!, -side) : null;
  const target = isSet(order.takeProfit) ? shiftedLevel(breakEven, order.takeProfit, side) : null;
  const next = watchesStop ? null : levelOfDouble(order.prices[index + 1]);
  const trailing = order.trailing === null ? null : shiftedLevel(breakEven, order.trailing.activation, side);
  const { delta } = order.trailing ?? { delta: doubleDouble(0) };
  const keep = addDouble(ONE, isLong ? negateDouble(delta) : delta).hi;
  let trigger = Number.NaN;
  const stage = (closeBar: number, closeType: CloseType | null): Stage => ({
    entryBar,
    breakEven: breakEven.hi,
    closeBar,
    closeType,
  });
  for (let i = entryBar; i <= end; i++) {
    const price = close[i];
    if (target !== null && (isLong ? price >= target.atLeast : price <= target.atMost)) return stage(i, 'TAKE_PROFIT');
    if (stop !== null && (isLong ? low[i] <= stop.atMost : high[i] >= stop.atLeast)) return stage(i, 'STOP_LOSS');
    if (trailing !== null) {
      if (!Number.isNaN(trigger)) trigger = isLong ? Math.max(trigger, price * keep) : Math.min(trigger, price * keep);
      else if (isLong ? price >= trailing.atLeast : price <= trailing.atMost) trigger = price * keep;
      if (isLong ? price <= trigger : price >= trigger) return stage(i, 'TRAILING_STOP');
    }
    if (next !== null && (isLong ? price <= next.atMost : price >= next.atLeast)) return stage(i, null);
  }
  return stage(end, 'TIME_LIMIT');
}

const lastStageWithoutStop = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: "Hummingbot's back-test of a DCA executor needs a stop_loss once its last price is reached.",
    found: 'no stop_loss, where it fails with an IndexError.',
    todo: 'Set stop_loss, or use the profile hummingbot-corrected.',
  });

/** All stages up to the one that closed, dated by `leakedEntry`. */
function assemble(
  market: ExecutorMarket,
  bar: number,
  end: number,
  order: DcaOrder,
  stages: readonly Stage[],
  leakedEntry: number,
  roundTripCost: number,
): ExecutorRun {
  const last = stages.findIndex((stage) => stage.closeType !== null);
  const closeBar = last < 0 ? end : stages[last].closeBar;
  const closeType = last < 0 ? 'TIME_LIMIT' : stages[last].closeType!;
  const isFilled = last >= 0 && leakedEntry >= 0 && leakedEntry <= closeBar;
  const firstPrice = order.prices[0].hi;
  const marks = isFilled
    ? stageMarks(market, bar, closeBar, order, stages.slice(0, last + 1), leakedEntry, roundTripCost)
    : null;
  const row = closeBar - bar;
  return {
    kind: 'dca_executor',
    isLong: order.isLong,
    levelId: order.levelId,
    entryPrice: firstPrice,
    amount: null,
    createdBar: bar,
    createdMs: market.time[bar],
    fillBar: isFilled ? leakedEntry : -1,
    fillPrice: isFilled ? market.close[leakedEntry] : Number.NaN,
    closeBar,
    closeMs: market.time[closeBar],
    closeType,
    closePrice: market.close[closeBar],
    netPnlPct: marks?.netPnlPct[row] ?? 0,
    netPnlQuote: marks?.netPnlQuote[row] ?? 0,
    feesQuote: marks?.feesQuote[row] ?? 0,
    filledQuote: (marks?.filledQuote[row] ?? 0) * 2,
    averagePrice: marks?.averagePrice[row] ?? firstPrice,
    heldQuote: 0,
    roundTripCost,
    marks,
    stages: null,
  };
}

function stageMarks(
  market: ExecutorMarket,
  bar: number,
  closeBar: number,
  order: DcaOrder,
  stages: readonly Stage[],
  leakedEntry: number,
  roundTripCost: number,
): MarkColumns {
  const marks = markColumns(closeBar - bar + 1);
  const side = order.isLong ? 1 : -1;
  const breakEven = stages[stages.length - 1].breakEven;
  marks.averagePrice.fill(order.prices[0].hi, 0, leakedEntry - bar);
  marks.averagePrice.fill(breakEven, leakedEntry - bar);
  stages.forEach((stage, s) => {
    const amount = order.amounts[s].hi;
    let chain = 1;
    for (let i = Math.min(stage.entryBar, leakedEntry); i <= closeBar; i++) {
      if (i > stage.entryBar) chain *= market.growth[i];
      if (i < leakedEntry) continue;
      // Before its own entry a stage has an amount but no return.
      const net = i < stage.entryBar ? Number.NaN : side * (chain - 1) - roundTripCost;
      marks.filledQuote[i - bar] += amount;
      marks.netPnlQuote[i - bar] += net * amount;
    }
  });
  for (let i = leakedEntry - bar; i <= closeBar - bar; i++) {
    marks.feesQuote[i] = roundTripCost * marks.filledQuote[i];
    marks.netPnlPct[i] = marks.netPnlQuote[i] / marks.filledQuote[i];
  }
  return marks;
}
