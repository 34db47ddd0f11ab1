// Executors as trades: what each filled, when it was closed, and how Hummingbot names its end.
import type { ControllerConfig } from '../controllers/controller-config.ts';
import type { ExecutedRun } from '../controllers/run-controller.ts';
import { decimalToNumber } from '../core/decimal.ts';
import type { ExecutorRecord } from '../executors/executor-book.ts';
import type { ExecutorMarket } from '../executors/executor-market.ts';
import type { CloseType } from '../executors/executor-run.ts';
import type { Fixes } from '../executors/fixes.ts';
import type { HoldSummary } from '../executors/position-hold.ts';
import type { ExitReason, Trade } from '../metrics/trade.ts';

const REASONS: Readonly<Record<CloseType, ExitReason>> = {
  TIME_LIMIT: 'time-limit',
  STOP_LOSS: 'stop-loss',
  TAKE_PROFIT: 'take-profit',
  TRAILING_STOP: 'trailing-stop',
  EARLY_STOP: 'early-stop',
  POSITION_HOLD: 'position-hold',
  // An order that never filled is no trade; the name is for completeness of the table.
  EXPIRED: 'time-limit',
};

/**
 * One trade per executor that filled, in order of their end; what the account still holds of them is an open trade with
 * all that this position earned, so that the profits of all trades are the change of equity. Bars count from `from`.
 */
export function executorTrades(
  { executors, hold }: ExecutedRun,
  market: ExecutorMarket,
  config: ControllerConfig,
  from: number,
  fixes: Fixes,
): { readonly trades: Trade[]; readonly ambiguousBars: number } {
  const trades: Trade[] = [];
  const target = 'take_profit' in config ? takeProfitOf(config) : 0;
  let ambiguousBars = 0;
  for (let k = 0; k < executors.length; k++) {
    const executor = executors[k]!;
    if (executor.fillBar < 0) continue;
    trades.push(tradeOf(executor, from));
    if (fixes.tieOrder && target > 0 && isAmbiguous(executor, market, target)) ambiguousBars++;
  }
  if (hold !== null) {
    const last = heldTrade(hold, executors, market, from);
    if (last !== undefined) trades.push(last);
  }
  return { trades, ambiguousBars };
}

function takeProfitOf({ take_profit: target }: Extract<ControllerConfig, { readonly take_profit: unknown }>): number {
  return typeof target === 'object' && target !== null && 'coefficient' in target
    ? decimalToNumber(target as Parameters<typeof decimalToNumber>[0])
    : 0;
}

/** Price of the stages that filled, where there are several; else of the one fill. */
const entryPriceOf = ({ kind, fillPrice, averagePrice }: ExecutorRecord): number =>
  kind === 'position_executor' || !(averagePrice > 0) ? fillPrice : averagePrice;

function tradeOf(executor: ExecutorRecord, from: number): Trade {
  const entryPrice = entryPriceOf(executor);
  // Hummingbot counts entry and exit; an order has no exit of its own.
  const filledQuote = executor.kind === 'order_executor' ? executor.filledQuote : executor.filledQuote / 2;
  const { isLong, closeType, netPnlQuote } = executor;
  return {
    side: isLong ? 'long' : 'short',
    entryBar: executor.fillBar - from,
    entryPrice,
    exitBar: executor.closeBar - from,
    exitPrice: executor.closePrice,
    size: filledQuote / entryPrice,
    fees: executor.feesQuote,
    pnl: netPnlQuote,
    return: filledQuote > 0 ? netPnlQuote / filledQuote : 0,
    exitReason: REASONS[closeType],
  };
}

/** Whether a bar that ended an executor by a stop held its target as well: the worse outcome was assumed. */
function isAmbiguous(executor: ExecutorRecord, market: ExecutorMarket, target: number): boolean {
  const { closeType, closeBar, fillBar, isLong } = executor;
  if ((closeType !== 'STOP_LOSS' && closeType !== 'TRAILING_STOP') || closeBar === fillBar) return false;
  const level = entryPriceOf(executor) * (isLong ? 1 + target : 1 - target);
  return isLong ? market.high[closeBar]! >= level : market.low[closeBar]! <= level;
}

/** The position that held orders left, from the first of them to the end of the run. */
function heldTrade(
  hold: HoldSummary,
  executors: readonly ExecutorRecord[],
  market: ExecutorMarket,
  from: number,
): Trade | undefined {
  const first = executors.find(({ closeType, heldQuote }) => closeType === 'POSITION_HOLD' && heldQuote > 0);
  const pnl = hold.realizedPnlQuote + hold.unrealizedPnlQuote;
  if (first === undefined || (hold.amountBase === 0 && pnl === 0)) return undefined;
  const last = market.barCount - 1;
  const entryPrice = hold.amountBase > 0 ? hold.averagePrice : first.averagePrice;
  return {
    side: hold.isLong ? 'long' : 'short',
    entryBar: first.closeBar - from,
    entryPrice,
    exitBar: last - from,
    exitPrice: market.close[last]!,
    size: hold.amountBase,
    fees: 0,
    pnl,
    return: hold.amountBase > 0 ? pnl / (hold.amountBase * entryPrice) : 0,
    exitReason: 'open',
  };
}
