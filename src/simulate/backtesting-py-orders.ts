// The orders and trades of backtesting.py's broker, and the price at which a candle fills an order.
import type { ExitReason } from '../metrics/trade.ts';
import type { Sizing } from './simulation.ts';

/** A fraction of what the margin allows, quote currency, or units. */
export type OrderSize = Pick<Sizing, 'kind' | 'value'>;

/** What a strategy asks for. Prices are absolute; absent = none. */
export interface OrderRequest {
  /** 1 buys, -1 sells. */
  readonly side: 1 | -1;
  readonly size: OrderSize;
  /** Buy at this price or lower, sell at this price or higher. */
  readonly limit?: number;
  /** Becomes a market (or limit) order once the price rises (buy) or falls (sell) to it. */
  readonly stop?: number;
  /** Stop-loss and take-profit of the trade this order opens. */
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  /** What an exit at `stopLoss` is called. Default stop-loss. */
  readonly stopReason?: ExitReason;
}

/** An order in the queue. Orders with a `trade` close that trade: its stop, its target, or a plain close. */
export interface BrokerOrder {
  readonly side: 1 | -1;
  readonly role: 'entry' | 'stop' | 'target' | 'close';
  readonly trade: OpenTrade | undefined;
  /** Of role `entry` only. */
  readonly request: OrderRequest | undefined;
  readonly limit: number | undefined;
  /** Cleared when it was reached: the order goes on as a market or limit order. */
  stop: number | undefined;
  /** Why a trade that this order closes ended. */
  readonly reason: ExitReason;
  /** False once filled or cancelled. */
  waiting: boolean;
}

export interface OpenTrade {
  readonly side: 1 | -1;
  /** Size in steps of the account, a positive whole number. */
  steps: number;
  readonly entryBar: number;
  readonly entryPrice: number;
  stopOrder: BrokerOrder | undefined;
  targetOrder: BrokerOrder | undefined;
  closeOrder: BrokerOrder | undefined;
}

/** A fill as the candle allows it. */
export interface Touch {
  price: number;
  /** The stop that was reached in this candle, if any. */
  stop: number | undefined;
  /** Filled at the close of the bar before, under `tradeOnClose`. */
  atPreviousClose: boolean;
}

/** Whether the candle may fill or trigger the order: lets a bar without events pass without further work. */
export function isTouched(order: BrokerOrder, high: number, low: number): boolean {
  const level = order.stop ?? order.limit;
  if (level === undefined) return true;
  const rising = (order.stop !== undefined) === (order.side === 1);
  return rising ? high >= level : low <= level;
}

/**
 * Decides whether `order` fills in a candle, writes the price into `touch`, and clears a stop that was reached.
 * A stop fills at the stop or, when the open is already beyond it, at the open; a limit fills at the limit or better
 * at the open. A limit that lies on the near side of a stop reached in the same candle counts as passed before it.
 */
export function touchOrder(
  order: BrokerOrder,
  candle: { readonly open: number; readonly high: number; readonly low: number; readonly previousClose: number },
  tradeOnClose: boolean,
  touch: Touch,
): boolean {
  const { open, high, low } = candle;
  const isBuy = order.side === 1;
  const { stop, limit } = order;
  if (stop !== undefined) {
    if (isBuy ? high < stop : low > stop) return false;
    order.stop = undefined;
  }
  touch.stop = stop;
  touch.atPreviousClose = false;
  if (limit !== undefined) {
    if (isBuy ? low > limit : high < limit) return false;
    if (stop !== undefined && (isBuy ? limit <= stop : limit >= stop)) return false;
    touch.price = isBuy ? Math.min(stop ?? open, limit) : Math.max(stop ?? open, limit);
    return true;
  }
  const isContingent = order.role === 'stop' || order.role === 'target';
  const base = tradeOnClose && !isContingent ? candle.previousClose : open;
  touch.atPreviousClose = tradeOnClose && !isContingent && stop === undefined;
  touch.price = stop === undefined ? base : isBuy ? Math.max(base, stop) : Math.min(base, stop);
  return true;
}
