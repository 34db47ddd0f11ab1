// How much of a row must be computed for what will be read of it.
import type { MetricName } from '../metrics/metrics.ts';

/**
 * Levels of a row, each with all of the one before: `money` is what cash, positions and counters tell, `trades` adds
 * what is summed over trades, `full` adds what needs the equity of every bar. A metric has the same bits on every level
 * that has it, so that ranking does not depend on the level.
 */
export type RowDetail = 'money' | 'trades' | 'full';

const LEVELS: readonly RowDetail[] = ['money', 'trades', 'full'];

const LEVEL_OF: Readonly<Partial<Record<MetricName, RowDetail>>> = {
  totalReturn: 'money',
  finalEquity: 'money',
  exposure: 'money',
  trades: 'money',
  openTrades: 'money',
  totalFees: 'money',
  ambiguousBars: 'money',
  skippedOrders: 'money',
  winRate: 'trades',
  profitFactor: 'trades',
  expectancy: 'trades',
  bestTrade: 'trades',
  worstTrade: 'trades',
  averageTrade: 'trades',
  averageHoldingBars: 'trades',
  sqn: 'trades',
};

/** The least detail that has all of these metrics. */
export function detailFor(metrics: Iterable<MetricName>): RowDetail {
  let level = 0;
  for (const metric of metrics) level = Math.max(level, LEVELS.indexOf(LEVEL_OF[metric] ?? 'full'));
  return LEVELS[level]!;
}
