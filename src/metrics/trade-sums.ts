// One pass over a trade list: counts and sums over the closed trades, fees over all.
import { SUM_BLOCK } from './equity-scan.ts';
import type { Trade } from './trade.ts';

export interface TradeSums {
  readonly closed: number;
  readonly open: number;
  readonly wins: number;
  readonly pnl: number;
  /** Sum of the positive profits. */
  readonly won: number;
  /** Sum of the negative profits, as a positive number. */
  readonly lost: number;
  /** Sum of squared distances of the closed profits from their mean. */
  readonly pnlSquaredDeviations: number;
  readonly returns: number;
  readonly bestReturn: number;
  readonly worstReturn: number;
  readonly holdingBars: number;
  /** Fees of all trades, the entry fees of open ones included. */
  readonly fees: number;
}

/** Block sums as in SUM_BLOCK. Best and worst are -Infinity and Infinity without closed trades. */
export function sumTrades(trades: readonly Trade[]): TradeSums {
  let closed = 0;
  let wins = 0;
  let pnl = 0;
  let won = 0;
  let lost = 0;
  let returns = 0;
  let bestReturn = Number.NEGATIVE_INFINITY;
  let worstReturn = Number.POSITIVE_INFINITY;
  let holdingBars = 0;
  let fees = 0;
  for (let from = 0; from < trades.length; from += SUM_BLOCK) {
    const to = Math.min(from + SUM_BLOCK, trades.length);
    let blockWon = 0;
    let blockLost = 0;
    let blockPnl = 0;
    let blockReturns = 0;
    let blockFees = 0;
    for (let i = from; i < to; i++) {
      const trade = trades[i]!;
      blockFees += trade.fees;
      if (trade.exitReason === 'open') continue;
      closed++;
      blockPnl += trade.pnl;
      blockReturns += trade.return;
      holdingBars += trade.exitBar - trade.entryBar;
      if (trade.pnl > 0) {
        wins++;
        blockWon += trade.pnl;
      } else {
        blockLost -= trade.pnl;
      }
      if (trade.return > bestReturn) bestReturn = trade.return;
      if (trade.return < worstReturn) worstReturn = trade.return;
    }
    pnl += blockPnl;
    won += blockWon;
    lost += blockLost;
    returns += blockReturns;
    fees += blockFees;
  }
  const pnlSquaredDeviations = squaredDeviations(trades, pnl / closed);
  const open = trades.length - closed;
  return {
    closed,
    open,
    wins,
    pnl,
    won,
    lost,
    pnlSquaredDeviations,
    returns,
    bestReturn,
    worstReturn,
    holdingBars,
    fees,
  };
}

function squaredDeviations(trades: readonly Trade[], mean: number): number {
  let sum = 0;
  for (let from = 0; from < trades.length; from += SUM_BLOCK) {
    const to = Math.min(from + SUM_BLOCK, trades.length);
    let blockSum = 0;
    for (let i = from; i < to; i++) {
      const trade = trades[i]!;
      if (trade.exitReason === 'open') continue;
      const distance = trade.pnl - mean;
      blockSum += distance * distance;
    }
    sum += blockSum;
  }
  return sum;
}
