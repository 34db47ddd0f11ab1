// What each standard metric means, in one sentence for the reader of a report.
import { METRICS, type MetricDefinition, type MetricName } from '../metrics/metrics.ts';
import type { ReportMetric } from './report-data.ts';

const NOTES: Readonly<Record<MetricName, string>> = {
  totalReturn: 'Final equity over initial cash, minus one.',
  finalEquity: 'Cash plus the marked position at the last close.',
  cagr: 'Yearly growth rate that leads from initial cash to final equity.',
  volatility: 'Standard deviation of the returns per bar, annualised.',
  sharpe: 'Mean return per bar over its standard deviation, annualised; risk-free rate 0.',
  sortino: 'As Sharpe, but only returns below zero count as risk.',
  calmar: 'CAGR over max drawdown.',
  omega: 'Sum of the positive bar returns over the sum of the negative ones.',
  maxDrawdown: 'Largest fall of equity below its running peak, as a share of that peak.',
  maxDrawdownBars: 'Longest run of closes below the peak so far, also when it has not ended.',
  exposure: 'Share of bars with a position at their close.',
  trades: 'Closed round trips.',
  openTrades: 'Trades still held at the last bar, marked at its close.',
  winRate: 'Share of closed trades with a profit after fees.',
  profitFactor: 'Profits of the winning trades over losses of the losing ones, after fees.',
  expectancy: 'Average profit of a closed trade, after fees, in quote currency.',
  bestTrade: 'Highest return of a closed trade, after fees.',
  worstTrade: 'Lowest return of a closed trade, after fees.',
  averageTrade: 'Average return of the closed trades, after fees.',
  averageHoldingBars: 'Average number of bars a closed trade was held.',
  totalFees: 'All fees paid, in quote currency.',
  sqn: 'System quality number: mean profit of a trade over its standard deviation, times the square root of the trade count.',
  ambiguousBars: 'Bars that held both a stop and the target, so that the stop was assumed to come first.',
  skippedOrders: 'Orders too small to place, or that found no cash.',
};

/** Metric definitions for the report, each with its note; the standard set unless others are given. */
export function reportMetrics(definitions: readonly MetricDefinition[] = Object.values(METRICS)): ReportMetric[] {
  return definitions.map(({ name, label, unit, better }) => ({ name, label, unit, better, note: NOTES[name] }));
}
