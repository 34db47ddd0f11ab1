// Round trips out of order records as vectorbt counts them: every order against a position ends one trade.
import type { ExitReason, Trade } from '../metrics/trade.ts';
import type { Fill } from './simulation.ts';
import { addSnapped, isClose, isLess } from './vectorbt-tolerance.ts';

/** The open position as sums over its entry orders. */
interface EntrySums {
  isLong: boolean;
  bar: number;
  size: number;
  /** Sum of size x price. */
  value: number;
  fees: number;
}

function closeTrade(
  entry: EntrySums,
  size: number,
  exitBar: number,
  exitPrice: number,
  exitFees: number,
  reason: ExitReason,
): Trade {
  const entryPrice = entry.value / entry.size;
  const entryFees = (size / entry.size) * entry.fees;
  const entryValue = size * entryPrice;
  const gross = addSnapped(size * exitPrice, -entryValue);
  const pnl = (entry.isLong ? gross : 0 - gross) - entryFees - exitFees;
  return {
    side: entry.isLong ? 'long' : 'short',
    entryBar: entry.bar,
    entryPrice,
    exitBar,
    exitPrice,
    size,
    fees: entryFees + exitFees,
    pnl,
    return: pnl / entryValue,
    exitReason: reason,
  };
}

function openEntry(fill: Fill, size: number, value: number, fees: number): EntrySums {
  return { isLong: fill.side === 'buy', bar: fill.bar, size, value, fees };
}

/** Exit trades of `fills`, the open one last, marked at `lastClose` of bar `lastBar` without an exit fee. */
export function exitTrades(fills: readonly Fill[], lastBar: number, lastClose: number): Trade[] {
  const trades: Trade[] = [];
  let entry: EntrySums | undefined;
  for (const fill of fills) {
    const { size, price, fee, bar } = fill;
    if (entry === undefined) {
      entry = openEntry(fill, size, size * price, fee);
    } else if (entry.isLong === (fill.side === 'buy')) {
      entry.size += size;
      entry.value += size * price;
      entry.fees += fee;
    } else {
      const reason = fill.reason === 'entry' ? 'signal' : fill.reason;
      if (isClose(size, entry.size)) {
        trades.push(closeTrade(entry, entry.size, bar, price, fee, reason));
        entry = undefined;
      } else if (size < entry.size) {
        trades.push(closeTrade(entry, size, bar, price, fee, reason));
        const left: number = (entry.size - size) / entry.size;
        entry.size *= left;
        entry.value *= left;
        entry.fees *= left;
      } else {
        // A reversal: its fee is shared between the trade it ends and the one it opens, by size.
        const closingFee: number = (entry.size / size) * fee;
        trades.push(closeTrade(entry, entry.size, bar, price, closingFee, reason));
        const opened: number = size - entry.size;
        entry = openEntry(fill, opened, opened * price, fee - closingFee);
      }
    }
  }
  if (entry !== undefined && isLess(0, entry.size)) {
    trades.push(closeTrade(entry, entry.size, lastBar, lastClose, 0, 'open'));
  }
  return trades;
}
