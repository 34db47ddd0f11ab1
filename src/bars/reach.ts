// Which of the orders that wait prices reach in a bar, and which of them first.
import type { Slot } from './slot.ts';
import type { WaitingOrder } from './waiting-order.ts';

type Orders = readonly WaitingOrder[];

const isAgainst = (order: WaitingOrder, slot: Slot): boolean =>
  order.slot === slot && !order.isDone && order.side === (slot.units > 0 ? -1 : 1);

/** Of the stop orders against a position that the bar reaches, the one reached first. */
export function nearestStop(orders: Orders, slot: Slot, high: number, low: number): WaitingOrder | undefined {
  let nearest: WaitingOrder | undefined;
  for (let k = 0; k < orders.length; k++) {
    const order = orders[k]!;
    if (!isAgainst(order, slot) || !order.isStop) continue;
    const isReached = slot.units > 0 ? low <= order.stop : high >= order.stop;
    if (isReached && (nearest === undefined || order.isNearerThan(nearest))) nearest = order;
  }
  return nearest;
}

/** Of the limit orders against a position that the bar reaches before its target, the one reached first. */
export function nearestLimit(
  orders: Orders,
  slot: Slot,
  bar: number,
  open: number,
  high: number,
  low: number,
): WaitingOrder | undefined {
  const { lower, upper } = slot.watch;
  let nearest: WaitingOrder | undefined;
  for (let k = 0; k < orders.length; k++) {
    const order = orders[k]!;
    if (!isAgainst(order, slot) || order.isStop) continue;
    const targetFirst = slot.units > 0 ? order.limit >= upper : order.limit <= lower;
    if (targetFirst || order.touch(bar, open, high, low) === 'none') continue;
    if (nearest === undefined || order.isNearerThan(nearest)) nearest = order;
  }
  return nearest;
}

/** Whether the bar reaches a limit order against a position. */
export const reachesLimit = (
  orders: Orders,
  slot: Slot,
  bar: number,
  open: number,
  high: number,
  low: number,
): boolean =>
  orders.some((order) => isAgainst(order, slot) && !order.isStop && order.touch(bar, open, high, low) !== 'none');

/** Of the orders like the one at `first` that would open the same position, the one that prices reach before the others. */
export function nearestAlike(orders: Orders, first: number): WaitingOrder {
  let nearest = orders[first]!;
  const { slot, side, kind } = nearest;
  // To look at a stop-limit may trigger it.
  if (kind === 'stop-limit') return nearest;
  for (let k = first + 1; k < orders.length; k++) {
    const order = orders[k]!;
    const isAlike = order.slot === slot && order.side === side && order.kind === kind;
    if (isAlike && !order.isDone && !order.reduceOnly && order.isNearerThan(nearest)) nearest = order;
  }
  return nearest;
}

/** Whether the bar reaches another order of the same group. */
export const reachesGroup = (
  orders: Orders,
  order: WaitingOrder,
  bar: number,
  open: number,
  high: number,
  low: number,
): boolean =>
  orders.some(
    (other) =>
      other !== order && !other.isDone && other.group === order.group && other.touch(bar, open, high, low) !== 'none',
  );
