// Metric names as people write them: totalReturn, total_return, the synonym total_return_pct, or Hummingbot's names.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';

/** What other programs call a standard metric. Hummingbot's figures of these names are measured in other ways in part. */
const SYNONYMS: Readonly<Record<string, MetricName>> = {
  total_return_pct: 'totalReturn',
  net_pnl: 'totalReturn',
  net_pnl_pct: 'totalReturn',
  net_pnl_quote: 'finalEquity',
  sharpe_ratio: 'sharpe',
  max_drawdown_pct: 'maxDrawdown',
  accuracy: 'winRate',
  total_positions: 'trades',
  total_fees_quote: 'totalFees',
};

const canonical = (name: string): string => name.toLowerCase().replace(/[_\-\s]/g, '');

/** One metric, or several objectives separated by commas. Errors: as parseMetricName. */
export function parseObjectives(option: string, text: string): { rank: MetricName; alsoRank: MetricName[] } {
  const [rank, ...alsoRank] = text.split(',').map((name) => parseMetricName(option, name.trim()));
  return { rank: rank!, alsoRank };
}

/** Errors: REQUEST_INVALID with the nearest name. */
export function parseMetricName(option: string, text: string): MetricName {
  const wanted = canonical(text);
  const synonym = Object.entries(SYNONYMS).find(([name]) => canonical(name) === wanted)?.[1];
  const found = synonym ?? METRIC_NAMES.find((name) => canonical(name) === wanted);
  if (found !== undefined) return found;
  throw new AppError('REQUEST_INVALID', {
    rule: `${option} must be a metric.`,
    found: `"${text}".${didYouMean(text, METRIC_NAMES)}`,
    todo: `Choose one of ${METRIC_NAMES.join(', ')}.`,
  });
}
