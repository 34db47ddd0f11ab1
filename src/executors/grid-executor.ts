// The grid executor: levels that open at their price, close at their target and open again, ended as a whole.
import { decimalToNumber } from '../core/decimal.ts';
import { type ExecutorMarket, lastBarWithin } from './executor-market.ts';
import type { CloseType, ExecutorRun } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { type GridLevels, type GridOrder, gridLevels, type TradingRules } from './grid-levels.ts';
import { createMarkRows, type MarkRows, pushMark } from './mark-rows.ts';
import { limitPrice } from './position-executor.ts';
import { better } from './position-exit.ts';

export interface GridFill {
  readonly bar: number;
  readonly kind: 'entry' | 'target';
  readonly level: number;
  readonly price: number;
  readonly amountQuote: number;
}

export interface GridRun extends ExecutorRun {
  readonly levels: GridLevels;
  readonly fills: readonly GridFill[];
}

/** Closes beyond these end the grid; a limit of NaN is none. */
interface GridBounds {
  readonly isLong: boolean;
  readonly range: number;
  readonly limit: number;
  readonly atLimit: CloseType;
}

interface GridBook {
  readonly levels: GridLevels;
  readonly isLong: boolean;
  readonly tradeCost: number;
  readonly fills: GridFill[];
  /** Open levels in the order they were opened: sums run in this order. */
  readonly open: number[];
  /** Entry price of an open level, NaN when it is free. */
  readonly entry: Float64Array;
  /** Bar in which a level last reached its target. */
  readonly targetBar: Int32Array;
  /** The price nearest to the market at which a free level opens, and the nearest target of an open one. */
  nextEntry: number;
  nextTarget: number;
  realizedPnl: number;
  realizedFees: number;
  realizedAmount: number;
}

/** Simulates one executor created at the close of bar `bar`, to its end. Errors: as gridLevels. */
export function simulateGrid(
  market: ExecutorMarket,
  bar: number,
  order: GridOrder,
  tradeCost: number,
  fixes: Fixes,
  rules: TradingRules | null,
): GridRun {
  const end = lastBarWithin(market, bar, order.timeLimitMs);
  const levels = gridLevels(order, market.close[bar], rules, fixes.gridFills);
  const count = levels.prices.length;
  const book: GridBook = {
    levels,
    isLong: order.isLong,
    tradeCost,
    fills: [],
    open: [],
    entry: new Float64Array(count).fill(Number.NaN),
    targetBar: new Int32Array(count).fill(-1),
    nextEntry: Number.NaN,
    nextTarget: Number.NaN,
    realizedPnl: 0,
    realizedFees: 0,
    realizedAmount: 0,
  };
  findNext(book);
  const bounds = boundsOf(order);
  const marks = createMarkRows();
  const stopLoss = order.stopLoss === null || order.stopLoss === 0 ? Number.NaN : order.stopLoss;
  let closeType: CloseType | undefined;
  let i = bar;
  for (; i <= end; i++) {
    closeType = rangeExit(market.close[i], bounds);
    fillTargets(market, i, book, fixes);
    if (closeType === undefined && (i > bar || !fixes.entryBarScan)) fillEntries(market, i, book, fixes);
    const pnl = markGrid(market.close[i], book, marks, closeType === 'POSITION_HOLD', fixes);
    const amount = marks.columns.filledQuote[marks.rows - 1];
    if (amount > 0 && pnl / amount <= -stopLoss) closeType = 'STOP_LOSS';
    if (closeType !== undefined) break;
  }
  return finish(market, bar, Math.min(i, end), closeType ?? 'TIME_LIMIT', order, book, marks, fixes);
}

function boundsOf(order: GridOrder): GridBounds {
  const limit = order.limitPrice === null ? 0 : decimalToNumber(order.limitPrice);
  return {
    isLong: order.isLong,
    range: decimalToNumber(order.isLong ? order.endPrice : order.startPrice),
    limit: limit === 0 ? Number.NaN : limit,
    atLimit: order.keepPosition ? 'POSITION_HOLD' : 'STOP_LOSS',
  };
}

/** How the close ends the grid: beyond the range, or at or beyond the limit price. */
function rangeExit(close: number, { isLong, range, limit, atLimit }: GridBounds): CloseType | undefined {
  if (isLong ? close > range : close < range) return 'TAKE_PROFIT';
  return (isLong ? close <= limit : close >= limit) ? atLimit : undefined;
}

function fillTargets(market: ExecutorMarket, bar: number, book: GridBook, fixes: Fixes): void {
  const { levels, isLong, open } = book;
  const reach = isLong ? market.high[bar] : market.low[bar];
  if (!(isLong ? reach >= book.nextTarget : reach <= book.nextTarget)) return;
  let kept = 0;
  for (let k = 0; k < open.length; k++) {
    const level = open[k];
    const target = levels.targets[level];
    if (isLong ? reach < target : reach > target) {
      open[kept++] = level;
      continue;
    }
    const entry = book.entry[level];
    const price = fixes.gridFills ? better(market.open[bar], target, isLong) : target;
    const gain = isLong ? price - entry : -(price - entry);
    const fees = book.tradeCost * levels.amountQuote * 2;
    book.realizedPnl += gain * (levels.amountQuote / entry) - fees;
    book.realizedFees += fees;
    book.realizedAmount += levels.amountQuote;
    book.entry[level] = Number.NaN;
    book.targetBar[level] = bar;
    book.fills.push({ bar, kind: 'target', level, price, amountQuote: levels.amountQuote });
  }
  open.length = kept;
  findNext(book);
}

function fillEntries(market: ExecutorMarket, bar: number, book: GridBook, fixes: Fixes): void {
  const { levels, isLong } = book;
  const reach = isLong ? market.low[bar] : market.high[bar];
  if (!(isLong ? reach <= book.nextEntry : reach >= book.nextEntry)) return;
  for (let level = 0; level < levels.prices.length; level++) {
    if (!Number.isNaN(book.entry[level])) continue;
    const at = levels.prices[level];
    if (isLong ? reach > at : reach < at) continue;
    if (fixes.gridFills && book.targetBar[level] === bar) continue;
    const price = fixes.gridFills ? limitPrice(market, bar, isLong, at) : at;
    book.entry[level] = price;
    book.open.push(level);
    book.fills.push({ bar, kind: 'entry', level, price, amountQuote: levels.amountQuote });
  }
  findNext(book);
}

/** Most bars reach no level; these two prices say so at once. NaN when there is none. */
function findNext(book: GridBook): void {
  const { levels, isLong, entry } = book;
  let nextEntry = Number.NaN;
  let nextTarget = Number.NaN;
  for (let level = 0; level < entry.length; level++) {
    if (Number.isNaN(entry[level])) {
      const price = levels.prices[level];
      if (Number.isNaN(nextEntry) || (isLong ? price > nextEntry : price < nextEntry)) nextEntry = price;
    } else {
      const price = levels.targets[level];
      if (Number.isNaN(nextTarget) || (isLong ? price < nextTarget : price > nextTarget)) nextTarget = price;
    }
  }
  book.nextEntry = nextEntry;
  book.nextTarget = nextTarget;
}

/** Appends the value of the grid at `close`; a hold counts only what was closed. Returns the P&L. */
function markGrid(close: number, book: GridBook, marks: MarkRows, isHold: boolean, fixes: Fixes): number {
  const { levels, isLong, tradeCost } = book;
  const amount = levels.amountQuote;
  let unrealized = 0;
  let active = 0;
  let weighted = 0;
  for (let k = 0; k < book.open.length; k++) {
    const entry = book.entry[book.open[k]];
    const change = isLong ? close - entry : -(close - entry);
    unrealized += change * (amount / entry) - tradeCost * amount * 2;
    active += amount;
    weighted += entry * amount;
  }
  const row = marks.rows;
  // Of a level that is kept, the entry was paid and no exit is due.
  const entryFees = isHold && fixes.holdCosts ? tradeCost * active : 0;
  const pnl = isHold ? book.realizedPnl - entryFees : book.realizedPnl + unrealized;
  const filled = isHold ? book.realizedAmount : book.realizedAmount + active;
  const fees = isHold ? book.realizedFees + entryFees : book.realizedFees + tradeCost * active * 2;
  const previous = row > 0 ? marks.columns.averagePrice[row - 1] : 0;
  pushMark(marks, pnl, filled, fees, filled > 0 && weighted > 0 ? weighted / active : previous);
  return pnl;
}

function finish(
  market: ExecutorMarket,
  bar: number,
  closeBar: number,
  closeType: CloseType,
  order: GridOrder,
  book: GridBook,
  marks: MarkRows,
  fixes: Fixes,
): GridRun {
  const row = marks.rows - 1;
  const { columns } = marks;
  const filledQuote = columns.filledQuote[row] * 2;
  // Hummingbot hands over what went through the grid, not what is left in it.
  const left = fixes.holdCosts ? book.open.length * book.levels.amountQuote : filledQuote;
  const filledRow = columns.filledQuote.subarray(0, marks.rows).findIndex((amount) => amount > 0);
  return {
    kind: 'grid_executor',
    isLong: order.isLong,
    levelId: order.levelId,
    entryPrice: null,
    amount: null,
    createdBar: bar,
    createdMs: market.time[bar],
    fillBar: filledRow < 0 ? -1 : bar + filledRow,
    fillPrice: book.fills.length > 0 ? book.fills[0].price : Number.NaN,
    closeBar,
    closeMs: market.time[closeBar],
    closeType,
    closePrice: market.close[closeBar],
    netPnlPct: columns.netPnlPct[row],
    netPnlQuote: columns.netPnlQuote[row],
    feesQuote: columns.feesQuote[row],
    filledQuote,
    averagePrice: columns.averagePrice[row],
    heldQuote: closeType === 'POSITION_HOLD' ? left : 0,
    roundTripCost: 2 * book.tradeCost,
    marks: columns,
    stages: null,
    levels: book.levels,
    fills: book.fills,
  };
}
