// The executors of a run: which are active, what they booked when they ended, and the P&L at every bar.

import type { ExecutorMarket } from './executor-market.ts';
import { addOpenPnl, type CloseType, type ExecutorRun, markExecutor } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { addToHold, createHold, type HoldOrder, holdUnrealized, type PositionHold } from './position-hold.ts';

/** Where an executor stands among the levels of a controller; NO_LEVEL when it has none. */
export const NO_LEVEL = -1;

export interface ActiveExecutor {
  readonly run: ExecutorRun;
  readonly level: number;
  /** Epoch ms as the controller dates it. Infinity: dated by a clock that is always ahead of the candles. */
  readonly createdMs: number;
}

/** An executor that ended. Times are epoch ms, shares fractions, amounts quote currency unless named otherwise. */
export type ExecutorRecord = Omit<ExecutorRun, 'marks' | 'stages' | 'roundTripCost'>;

/** One value per bar of the run. Amounts in quote currency. */
export interface PnlSeries {
  readonly executorRealized: Float64Array;
  readonly positionRealized: Float64Array;
  readonly positionUnrealized: Float64Array;
  readonly active: Int32Array;
  readonly volume: Float64Array;
}

export interface ExecutorBook {
  readonly market: ExecutorMarket;
  readonly tradeCost: number;
  readonly fixes: Fixes;
  readonly firstBar: number;
  readonly active: ActiveExecutor[];
  readonly ended: ExecutorRecord[];
  readonly keepUnfilled: boolean;
  /** Executors that ended with nothing filled and are not kept, by how they ended. */
  readonly unfilled: Partial<Record<CloseType, number>>;
  readonly hold: PositionHold;
  readonly pendingHolds: HoldOrder[];
  /** Active executors, and the time of the last STOP_LOSS, per level of the controller. */
  readonly levelActive: Int32Array;
  readonly levelStopMs: Float64Array;
  /** P&L so far at each bar, from firstBar on. Open executors do not count in it. */
  readonly pnl: Float64Array;
  /** P&L of open executors at each bar, counted from bar 0 of the market; null unless it is wanted. */
  readonly openPnl: Float64Array | null;
  readonly series: PnlSeries | null;
  executorRealized: number;
  volume: number;
  /** The first bar at which an active executor ends. */
  nextClose: number;
}

/** Whether the P&L stays as it is until an executor ends: nothing is held, nothing is about to be, no parts are kept. */
export const isStill = (book: ExecutorBook): boolean =>
  book.series === null && book.pendingHolds.length === 0 && book.hold.net.hi === 0;

/** Notes the P&L of `bar` at every bar after it, up to `until`. */
export function repeatPnl(book: ExecutorBook, bar: number, until: number): void {
  const row = bar - book.firstBar;
  book.pnl.fill(book.pnl[row], row + 1, until - book.firstBar);
}

export interface BookOptions {
  readonly tradeCost: number;
  readonly fixes: Fixes;
  readonly firstBar: number;
  readonly levels: number;
  /** Whether to keep the parts of the P&L, not only their sum. */
  readonly keepSeries: boolean;
  /** Whether executors that never filled are kept, or only counted. */
  readonly keepUnfilled: boolean;
  /** Memory of the book's columns; its own when left out. */
  readonly scratch?: BookScratch | undefined;
}

/** Columns that one run after the other writes: two arrays of the size of the market cost more than a short run. */
export interface BookScratch {
  readonly pnl: Float64Array;
  readonly openPnl: Float64Array;
}

export const createBookScratch = ({ barCount }: ExecutorMarket): BookScratch => ({
  pnl: new Float64Array(barCount),
  openPnl: new Float64Array(barCount),
});

export function createBook(market: ExecutorMarket, options: BookOptions): ExecutorBook {
  const bars = market.barCount - options.firstBar;
  const { scratch } = options;
  const column = (): Float64Array => new Float64Array(bars);
  const wantsOpen = options.fixes.sharpe || options.fixes.drawdown;
  return {
    market,
    tradeCost: options.tradeCost,
    fixes: options.fixes,
    firstBar: options.firstBar,
    active: [],
    ended: [],
    keepUnfilled: options.keepUnfilled,
    unfilled: {},
    hold: createHold(),
    pendingHolds: [],
    levelActive: new Int32Array(options.levels),
    levelStopMs: new Float64Array(options.levels).fill(Number.NEGATIVE_INFINITY),
    // Every bar of it is written; open executors are added up, from zero.
    pnl: scratch?.pnl.subarray(0, bars) ?? column(),
    openPnl: wantsOpen ? (scratch?.openPnl.fill(0) ?? new Float64Array(market.barCount)) : null,
    series: options.keepSeries
      ? {
          executorRealized: column(),
          positionRealized: column(),
          positionUnrealized: column(),
          active: new Int32Array(bars),
          volume: column(),
        }
      : null,
    executorRealized: 0,
    volume: 0,
    nextClose: Number.POSITIVE_INFINITY,
  };
}

/** Moves to `bar`: holds of the bars before become positions, executors that ended retire, the P&L is noted. */
export function advance(book: ExecutorBook, bar: number): void {
  const { holdTiming } = book.fixes;
  if (!holdTiming) settleHolds(book);
  if (bar >= book.nextClose) retire(book, bar);
  if (holdTiming) settleHolds(book);
  const row = bar - book.firstBar;
  const { hold } = book;
  let realized = 0;
  let unrealized = 0;
  if (hold.net.hi !== 0) {
    realized = hold.realized.hi;
    unrealized = holdUnrealized(hold, book.market.close[bar]);
  } else if (book.fixes.holdCosts) realized = hold.realized.hi;
  book.pnl[row] = book.executorRealized + realized + unrealized;
  if (book.series === null) return;
  book.series.executorRealized[row] = book.executorRealized;
  book.series.positionRealized[row] = realized;
  book.series.positionUnrealized[row] = unrealized;
  book.series.active[row] = book.active.length;
  book.series.volume[row] = book.volume;
}

/** Turns what ended as POSITION_HOLD into the position. */
export function settleHolds(book: ExecutorBook): void {
  // Setting a length costs more than all else that a bar takes.
  if (book.pendingHolds.length === 0) return;
  for (const order of book.pendingHolds) addToHold(book.hold, order);
  book.pendingHolds.length = 0;
}

function retire(book: ExecutorBook, bar: number): void {
  const { active } = book;
  let kept = 0;
  let next = Number.POSITIVE_INFINITY;
  for (let k = 0; k < active.length; k++) {
    const executor = active[k];
    const { closeBar } = executor.run;
    if (closeBar > bar) {
      active[kept++] = executor;
      if (closeBar < next) next = closeBar;
    } else end(book, executor, closeBar);
  }
  if (kept < active.length) active.length = kept;
  book.nextClose = next;
}

/** Books an executor that came to its own end. */
function end(book: ExecutorBook, executor: ActiveExecutor, closeBar: number): void {
  const { run, level } = executor;
  if (run.fillBar < 0 && !book.keepUnfilled) {
    if (level !== NO_LEVEL) book.levelActive[level]--;
    countUnfilled(book, run.closeType);
    return;
  }
  const isHold = run.closeType === 'POSITION_HOLD';
  if (level !== NO_LEVEL) {
    book.levelActive[level]--;
    if (run.closeType === 'STOP_LOSS') book.levelStopMs[level] = book.market.time[closeBar];
  }
  book.volume += run.filledQuote;
  if (!isHold || book.fixes.holdCosts) book.executorRealized += run.netPnlQuote;
  if (isHold && run.heldQuote > 0) {
    // Fees of a hold are reported, and were deducted already where they are.
    const { isLong, heldQuote, averagePrice, feesQuote } = run;
    book.pendingHolds.push({ isLong, filledQuote: heldQuote, price: averagePrice, feesQuote });
  }
  if (book.openPnl !== null) addOpenPnl(book.market, run, closeBar, book.openPnl);
  // Marks were for the way here; a run may leave a hundred thousand executors.
  book.ended.push(run.marks === null && run.stages === null ? run : { ...run, marks: null, stages: null });
}

/** One that never filled booked nothing: it is only counted. */
function countUnfilled(book: ExecutorBook, closeType: CloseType): void {
  book.unfilled[closeType] = (book.unfilled[closeType] ?? 0) + 1;
}

/** The executor as it stands when it is stopped at the close of `bar`. */
function stopped(market: ExecutorMarket, run: ExecutorRun, bar: number): ExecutorRun {
  const isFilled = isTrading(run, bar);
  const mark = markExecutor(market, run, bar);
  return {
    ...run,
    fillBar: isFilled ? run.fillBar : -1,
    fillPrice: isFilled ? run.fillPrice : Number.NaN,
    closeBar: bar,
    closeMs: market.time[bar],
    closePrice: market.close[bar],
    closeType: 'EARLY_STOP',
    netPnlPct: mark.netPnlPct,
    netPnlQuote: mark.netPnlQuote,
    feesQuote: mark.feesQuote,
    filledQuote: mark.filledQuote,
    averagePrice: mark.averagePrice,
    heldQuote: 0,
    marks: null,
    stages: null,
  };
}

/** Adds an executor that was simulated from this bar on. */
export function activate(book: ExecutorBook, run: ExecutorRun, createdMs: number, level: number): void {
  book.active.push({ run, level, createdMs });
  if (level !== NO_LEVEL) book.levelActive[level]++;
  if (run.closeBar < book.nextClose) book.nextClose = run.closeBar;
}

/** Whether the executor holds something at the close of `bar`. */
export const isTrading = (run: ExecutorRun, bar: number): boolean => run.fillBar >= 0 && run.fillBar <= bar;

/** Stops active executors for which `chosen` holds, at the close of `bar`, in the order they were created. */
export function stopEarly(book: ExecutorBook, bar: number, chosen: (executor: ActiveExecutor) => boolean): void {
  const { active, market } = book;
  let kept = 0;
  for (let k = 0; k < active.length; k++) {
    const executor = active[k];
    if (!chosen(executor)) {
      active[kept++] = executor;
      continue;
    }
    if (executor.level !== NO_LEVEL) book.levelActive[executor.level]--;
    if (!book.keepUnfilled && !isTrading(executor.run, bar)) {
      countUnfilled(book, 'EARLY_STOP');
      continue;
    }
    const run = stopped(market, executor.run, bar);
    book.volume += run.filledQuote;
    book.executorRealized += run.netPnlQuote;
    if (book.openPnl !== null && run.fillBar >= 0) addOpenPnl(market, executor.run, bar, book.openPnl);
    book.ended.push(run);
  }
  if (kept < active.length) active.length = kept;
}
