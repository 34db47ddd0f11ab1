// Which metrics a reader wants first, under headings short enough for a table column.
import type { MetricName } from '../metrics/metrics.ts';
import type { ReportMetric } from './report-data.ts';

/** From the most to the least wanted; narrow tables keep the front. */
export const METRIC_ORDER: readonly MetricName[] = [
  'totalReturn',
  'maxDrawdown',
  'sharpe',
  'trades',
  'winRate',
  'profitFactor',
  'cagr',
  'sortino',
  'calmar',
  'exposure',
  'averageTrade',
  'expectancy',
  'volatility',
  'omega',
  'sqn',
  'finalEquity',
  'totalFees',
  'averageHoldingBars',
  'maxDrawdownBars',
  'bestTrade',
  'worstTrade',
  'openTrades',
  'ambiguousBars',
  'skippedOrders',
];

const HEADINGS: Readonly<Partial<Record<MetricName, string>>> = {
  totalReturn: 'Return',
  finalEquity: 'Equity',
  maxDrawdown: 'Max DD',
  maxDrawdownBars: 'DD bars',
  sharpe: 'Sharpe',
  sortino: 'Sortino',
  calmar: 'Calmar',
  omega: 'Omega',
  winRate: 'Win',
  profitFactor: 'PF',
  averageTrade: 'Avg trade',
  bestTrade: 'Best',
  worstTrade: 'Worst',
  averageHoldingBars: 'Held bars',
  openTrades: 'Open',
  ambiguousBars: 'Ambig.',
  skippedOrders: 'Skipped',
  totalFees: 'Fees',
};

/** Metrics whose sign says gain or loss. */
export const SIGNED_METRICS: ReadonlySet<MetricName> = new Set<MetricName>([
  'totalReturn',
  'cagr',
  'averageTrade',
  'bestTrade',
  'worstTrade',
  'expectancy',
]);

export const metricHeading = (metric: ReportMetric): string => HEADINGS[metric.name] ?? metric.label;

/** The metrics in reading order, the one rows are ranked by first. */
export function orderedMetrics<T extends { readonly name: MetricName }>(
  metrics: readonly T[],
  rankedBy?: MetricName,
): T[] {
  const place = (metric: T): number => {
    if (metric.name === rankedBy) return -1;
    const index = METRIC_ORDER.indexOf(metric.name);
    return index < 0 ? METRIC_ORDER.length : index;
  };
  return [...metrics].sort((a, b) => place(a) - place(b));
}
