// The corrected DCA executor: stages fill one after the other while it is open, each counting from its own fill.
import type { DoubleDouble } from '../core/double-double.ts';
import type { DcaOrder } from './dca-order.ts';
import { type ExactLevel, levelOfDouble } from './exact-level.ts';
import { type ExecutorMarket, firstReach } from './executor-market.ts';
import { type CloseType, type ExecutorRun, type HeldStage, stageNet } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { limitPrice } from './position-executor.ts';
import { better, worse } from './position-exit.ts';

interface Book {
  stages: number;
  /** Level of the stage that fills next; of the last one once all are filled. */
  next: ExactLevel;
  quote: number;
  base: number;
  fillBar: number;
  fillPrice: number;
  /** Best price since the last fill, and whether it armed the trailing stop. */
  best: number;
  isArmed: boolean;
}

interface Exit {
  readonly bar: number;
  readonly closeType: CloseType;
  readonly price: number;
}

interface Shares {
  readonly target: number;
  readonly stop: number;
  readonly activation: number;
  readonly delta: number;
}

const share = (value: DoubleDouble | null): number => (value === null || value.hi === 0 ? Number.NaN : value.hi);

export function simulateStagedDca(
  market: ExecutorMarket,
  bar: number,
  end: number,
  order: DcaOrder,
  tradeCost: number,
  fixes: Fixes,
): ExecutorRun {
  const roundTripCost = 2 * tradeCost;
  const book: Book = {
    stages: 0,
    next: levelOfDouble(order.prices[0]),
    quote: 0,
    base: 0,
    fillBar: -1,
    fillPrice: Number.NaN,
    best: Number.NaN,
    isArmed: false,
  };
  const shares: Shares = {
    target: share(order.takeProfit),
    stop: share(order.stopLoss),
    activation: share(order.trailing?.activation ?? null),
    delta: order.trailing?.delta.hi ?? 0,
  };
  // Most orders of a market maker never fill: they hold nothing.
  let stages: HeldStage[] | null = null;
  // Under all of these fixes nothing happens on a bar that reaches none of the levels.
  const { entryBarScan, limitFillPrice, takeProfitPrice, trailingPrice } = fixes;
  const isByLevels = entryBarScan && limitFillPrice && takeProfitPrice && trailingPrice;
  let exit: Exit = { bar: end, closeType: 'TIME_LIMIT', price: market.close[end] };
  const { fillBy = end } = order;
  for (let i = isByLevels ? bar + 1 : bar; i <= end; i++) {
    if (isByLevels) i = nextReach(market, i, book.stages === 0 ? Math.min(end, fillBy) : end, order, book, shares);
    if (i > end || (i > fillBy && book.stages === 0)) break;
    const held = book.stages;
    const isComplete = held === order.prices.length;
    // Targets see what was held before the bar; the stop also what filled inside it, for prices pass it last.
    if (i > bar || !fixes.entryBarScan) fillStages(market, i, order, book, fixes);
    const found = book.stages === 0 ? undefined : findExit(market, i, order, book, shares, held, isComplete, fixes);
    if (book.stages > held) {
      stages ??= [];
      stages.push({ bar: i, base: book.base, quote: book.quote });
    }
    if (found === undefined) continue;
    exit = found;
    break;
  }
  return closeRun(market, bar, order, book, exit, stages, roundTripCost);
}

/** The first bar from `from` on that reaches a level of the open executor; beyond `end` when there is none. */
function nextReach(
  market: ExecutorMarket,
  from: number,
  end: number,
  order: DcaOrder,
  book: Book,
  shares: Shares,
): number {
  const { isLong } = order;
  const side = isLong ? 1 : -1;
  const never = side * Number.POSITIVE_INFINITY;
  const isComplete = book.stages === order.prices.length;
  const even = book.quote / book.base;
  const next = isComplete ? even * (1 - side * shares.stop) : isLong ? book.next.atMost : book.next.atLeast;
  const stop = book.isArmed ? book.best * (1 - side * shares.delta) : Number.NaN;
  const target = book.stages === 0 ? Number.NaN : even * (1 + side * shares.target);
  const start = book.isArmed ? book.best : even * (1 + side * shares.activation);
  const watched = book.stages === 0 ? Number.NaN : start;
  return isLong
    ? firstReach(market, from, end, higher(next, stop, -never), lower(target, watched, never))
    : firstReach(market, from, end, higher(target, watched, never), lower(next, stop, -never));
}

const higher = (a: number, b: number, none: number): number =>
  Math.max(Number.isNaN(a) ? none : a, Number.isNaN(b) ? none : b);

const lower = (a: number, b: number, none: number): number =>
  Math.min(Number.isNaN(a) ? none : a, Number.isNaN(b) ? none : b);

function fillStages(market: ExecutorMarket, bar: number, order: DcaOrder, book: Book, fixes: Fixes): void {
  const { isLong } = order;
  const reach = fixes.limitFillPrice ? (isLong ? market.low : market.high) : market.close;
  while (book.stages < order.prices.length) {
    const level = book.next;
    if (isLong ? reach[bar] > level.atMost : reach[bar] < level.atLeast) return;
    const price = fixes.limitFillPrice ? limitPrice(market, bar, isLong, level.value) : market.close[bar];
    const quote = order.amounts[book.stages].hi;
    book.stages++;
    book.quote += quote;
    book.base += quote / price;
    if (book.fillBar < 0) {
      book.fillBar = bar;
      book.fillPrice = price;
    }
    book.best = Number.NaN;
    book.isArmed = false;
    if (book.stages < order.prices.length) book.next = levelOfDouble(order.prices[book.stages]);
  }
}

function findExit(
  market: ExecutorMarket,
  bar: number,
  order: DcaOrder,
  book: Book,
  shares: Shares,
  held: number,
  wasComplete: boolean,
  fixes: Fixes,
): Exit | undefined {
  const { isLong } = order;
  const side = isLong ? 1 : -1;
  const open = market.open[bar];
  const close = market.close[bar];
  const even = book.quote / book.base;
  const filledNow = book.stages > held;
  const stopLevel = even * (1 - side * shares.stop);
  const sawStop = book.stages === order.prices.length && (wasComplete || fixes.limitFillPrice || !fixes.entryBarScan);
  const hitStop = sawStop && (isLong ? market.low[bar] <= stopLevel : market.high[bar] >= stopLevel);
  const targetLevel = even * (1 + side * shares.target);
  // A bar that filled a stage may have seen its high before: it cannot be relied on.
  const targetPrice = fixes.takeProfitPrice && !filledNow ? (isLong ? market.high[bar] : market.low[bar]) : close;
  const sawTarget = !(fixes.takeProfitPrice && filledNow);
  const hitTarget = sawTarget && (isLong ? targetPrice >= targetLevel : targetPrice <= targetLevel);
  const trailing = filledNow && fixes.trailingPrice ? undefined : trail(market, bar, isLong, book, even, shares, fixes);
  if (hitTarget && !(fixes.tieOrder && (hitStop || trailing !== undefined))) {
    return { bar, closeType: 'TAKE_PROFIT', price: fixes.takeProfitPrice ? better(open, targetLevel, isLong) : close };
  }
  if (hitStop) {
    const price = wasComplete ? worse(open, stopLevel, isLong) : stopLevel;
    const isNearer = trailing === undefined || (isLong ? price >= trailing.price : price <= trailing.price);
    if (isNearer || !fixes.tieOrder) return { bar, closeType: 'STOP_LOSS', price: fixes.stopPrice ? price : close };
  }
  return trailing;
}

/** The trailing stop follows the best price since the last fill, and acts from the bar after. */
function trail(
  market: ExecutorMarket,
  bar: number,
  isLong: boolean,
  book: Book,
  even: number,
  shares: Shares,
  fixes: Fixes,
): Exit | undefined {
  if (Number.isNaN(shares.activation)) return undefined;
  const side = isLong ? 1 : -1;
  const { close } = market;
  const level = book.best * (1 - side * shares.delta);
  const reach = fixes.trailingPrice ? (isLong ? market.low : market.high) : close;
  if (book.isArmed && (isLong ? reach[bar] <= level : reach[bar] >= level)) {
    const price = fixes.trailingPrice ? worse(market.open[bar], level, isLong) : close[bar];
    return { bar, closeType: 'TRAILING_STOP', price };
  }
  const best = fixes.trailingPrice ? (isLong ? market.high : market.low) : close;
  const start = even * (1 + side * shares.activation);
  if (isLong ? best[bar] >= start : best[bar] <= start) book.isArmed = true;
  if (Number.isNaN(book.best) || (isLong ? best[bar] > book.best : best[bar] < book.best)) book.best = best[bar];
  return undefined;
}

function closeRun(
  market: ExecutorMarket,
  bar: number,
  order: DcaOrder,
  book: Book,
  exit: Exit,
  stages: readonly HeldStage[] | null,
  roundTripCost: number,
): ExecutorRun {
  const isFilled = book.stages > 0;
  const net = isFilled ? stageNet(book.base, book.quote, exit.price, order.isLong, roundTripCost) : 0;
  return {
    kind: 'dca_executor',
    isLong: order.isLong,
    levelId: order.levelId,
    entryPrice: order.prices[0].hi,
    amount: null,
    createdBar: bar,
    createdMs: market.time[bar],
    fillBar: book.fillBar,
    fillPrice: book.fillPrice,
    closeBar: exit.bar,
    closeMs: market.time[exit.bar],
    closeType: exit.closeType,
    closePrice: isFilled ? exit.price : market.close[exit.bar],
    netPnlPct: isFilled ? net / book.quote : 0,
    netPnlQuote: net,
    feesQuote: roundTripCost * book.quote,
    filledQuote: book.quote * 2,
    averagePrice: isFilled ? book.quote / book.base : order.prices[0].hi,
    heldQuote: 0,
    roundTripCost,
    marks: null,
    stages,
  };
}
