// The back-test engine: bar by bar it retires executors, lets the controller decide, and sums up at the end.
import { assert, unreachable } from '../core/assert.ts';
import { decimalToNumber } from '../core/decimal.ts';
import { AppError } from '../core/errors.ts';
import {
  advance,
  type BookScratch,
  createBook,
  type ExecutorBook,
  type ExecutorRecord,
  isStill,
  type PnlSeries,
  repeatPnl,
  settleHolds,
} from '../executors/executor-book.ts';
import type { CloseType } from '../executors/executor-run.ts';
import type { Fixes } from '../executors/fixes.ts';
import type { TradingRules } from '../executors/grid-levels.ts';
import { type HoldSummary, summarizeHold } from '../executors/position-hold.ts';
import { type ExecutorSummary, summarizeExecutors } from '../executors/summary.ts';
import { periodsPerYear } from '../metrics/annualisation.ts';
import type { Controller } from './controller.ts';
import type { ControllerConfig } from './controller-config.ts';
import type { ControllerMarket } from './controller-market.ts';
import { directionalController } from './directional.ts';
import { gridStrikeController } from './grid-strike.ts';
import { marketMakingController } from './market-making.ts';

export interface ControllerRunOptions {
  /** Share of notional per side, in [0, 1): 0.0006 is 6 basis points. */
  readonly tradeCost: number;
  readonly fixes: Fixes;
  /** The exchange's smallest sizes, for grids. Without them the smallest notional is 5. */
  readonly tradingRules?: TradingRules | null;
  /** Whether to keep the parts of the P&L at every bar. Default false. */
  readonly keepSeries?: boolean;
  /** Whether executors that never filled are kept, or only counted. Default true. */
  readonly keepUnfilled?: boolean;
  /** Memory for `pnl`, which the next run with it writes again; every run has its own when left out. */
  readonly scratch?: BookScratch;
}

/** A run before it is summed up. */
export interface ExecutedRun {
  /** In the order in which they ended. */
  readonly executors: readonly ExecutorRecord[];
  /** Executors that are not among them because nothing filled, by how they ended. */
  readonly unfilled: Readonly<Partial<Record<CloseType, number>>>;
  /** First bar of the run; `pnl` and `series` begin there. */
  readonly firstBar: number;
  /** P&L at each bar in quote currency, from which the summary takes Sharpe and drawdown. */
  readonly pnl: Float64Array;
  readonly series: PnlSeries | null;
  /** What POSITION_HOLD executors left, at the last close; null when there were none. */
  readonly hold: HoldSummary | null;
}

export interface ControllerRun extends ExecutedRun {
  readonly summary: ExecutorSummary;
}

/** Runs a checked configuration. Errors: REQUEST_INVALID, HISTORY_TOO_SHORT, TIMEFRAME_INVALID. */
export function runController(
  market: ControllerMarket,
  config: ControllerConfig,
  options: ControllerRunOptions,
): ControllerRun {
  return summarized(market, executeController(market, config, options), controllerTotal(config), options.fixes);
}

/** The same without its summary. */
export function executeController(
  market: ControllerMarket,
  config: ControllerConfig,
  options: ControllerRunOptions,
): ExecutedRun {
  checkCost(options.tradeCost);
  return execute(market, controllerOf(market, config, options), options);
}

/** `total_amount_quote` as a number. */
export const controllerTotal = ({ total_amount_quote: total }: ControllerConfig): number => decimalToNumber(total);

function checkCost(tradeCost: number): void {
  if (tradeCost >= 0 && tradeCost < 1) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'The trade cost must be a share of notional in [0, 1).',
    found: `${tradeCost}.`,
    todo: 'Write 0.0006 for 6 basis points per side.',
  });
}

function controllerOf(market: ControllerMarket, config: ControllerConfig, options: ControllerRunOptions): Controller {
  switch (config.controller_name) {
    case 'bollinger_v1':
    case 'macd_bb_v1':
    case 'supertrend_v1':
    case 'dman_v3':
      return directionalController(market, config, options.fixes);
    case 'pmm_simple':
    case 'pmm_dynamic':
    case 'dman_maker_v2':
      return marketMakingController(market, config, options.fixes);
    case 'grid_strike':
      return gridStrikeController(market, config, options.tradingRules ?? null);
    default:
      return unreachable(config);
  }
}

/** Runs any controller over the bars from its first one. `capital` is in quote currency. */
export function runLoop(
  market: ControllerMarket,
  controller: Controller,
  capital: number,
  options: ControllerRunOptions,
): ControllerRun {
  return summarized(market, execute(market, controller, options), capital, options.fixes);
}

function execute(market: ControllerMarket, controller: Controller, options: ControllerRunOptions): ExecutedRun {
  const { executors } = market;
  const { firstBar } = controller;
  assert(firstBar >= 0 && firstBar < executors.barCount, 'the first bar of a run is one of its candles');
  const book = createBook(executors, {
    tradeCost: options.tradeCost,
    fixes: options.fixes,
    firstBar,
    levels: controller.levels,
    keepSeries: options.keepSeries === true,
    keepUnfilled: options.keepUnfilled !== false,
    scratch: options.scratch,
  });
  for (let bar = firstBar; bar < executors.barCount; bar++) {
    advance(book, bar);
    controller.decide(book, bar);
    if (controller.nextBar === undefined || !isStill(book)) continue;
    const next = Math.min(controller.nextBar(book, bar + 1), book.nextClose, executors.barCount);
    // An executor may end in the bar that made it: the next bar retires it. Until `next` all bars note the same P&L.
    if (next <= bar + 1) continue;
    repeatPnl(book, bar, next);
    bar = next - 1;
  }
  // Holds of the last bar still become positions; executors that it created never existed for the result.
  const ended = book.ended.slice();
  const hold = lastHold(book);
  return { executors: ended, unfilled: book.unfilled, firstBar, pnl: totalPnl(book), series: book.series, hold };
}

/** `capital` is in quote currency. */
export function summarized(market: ControllerMarket, run: ExecutedRun, capital: number, fixes: Fixes): ControllerRun {
  const summary = summarizeExecutors({
    executors: run.executors,
    unfilled: run.unfilled,
    totalAmountQuote: capital,
    pnl: run.pnl,
    hold: run.hold,
    barsPerYear: periodsPerYear(market.executors.candles.timeframe),
    fixes,
  });
  return { summary, ...run };
}

function lastHold(book: ExecutorBook): HoldSummary | null {
  settleHolds(book);
  const { hold, market } = book;
  return hold.sources === 0 ? null : summarizeHold(hold, market.close[market.barCount - 1]);
}

/** Realised P&L and held positions, and the open executors where the fixes count them. */
function totalPnl(book: ExecutorBook): Float64Array {
  if (book.openPnl !== null) {
    for (let row = 0; row < book.pnl.length; row++) book.pnl[row] += book.openPnl[row + book.firstBar];
  }
  return book.pnl;
}
