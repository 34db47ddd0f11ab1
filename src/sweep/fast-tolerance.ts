// How closely two engines must agree on a metric: to 1e-9 of its value or, where it is a difference, of its natural scale.
import type { MetricName, Metrics } from '../metrics/metrics.ts';

export const METRIC_TOLERANCE = 1e-9;
/** Mean profit over deviation of profits beyond which rounding of profits takes more than the tolerance. */
const PROFIT_NOISE = 1e6;

/**
 * Whether a metric of one engine is that of another. Counts, fills, final equity and drawdowns are equal anyway. A ratio
 * whose numerator can cancel is held to 1e-9 of its natural scale where that is larger than the value: 1 for SQN, Sharpe and
 * Sortino per bar, which have about unit error; the sum of wins and losses per trade for the expectancy; the best and
 * worst trade for the average one. Where profits do not deviate, SQN is null in one engine or noise in both.
 */
export function metricsAgree(name: MetricName, expected: Metrics, found: Metrics, periodsPerYear: number): boolean {
  const a = expected[name];
  const b = found[name];
  if (name === 'sqn' && isRounding(expected) && isRounding(found)) return true;
  if (a === null || b === null) return a === b;
  if (a === b) return true;
  const scale = Math.max(Math.abs(a), Math.abs(b), naturalScale(name, expected, periodsPerYear));
  return Math.abs(a - b) <= METRIC_TOLERANCE * scale;
}

/** Whether profits deviate from their mean by so little of it that the deviation is rounding: SQN is then any number. */
function isRounding({ sqn, trades }: Metrics): boolean {
  return sqn === null || Math.abs(sqn) > PROFIT_NOISE * Math.sqrt(trades ?? 0);
}

function naturalScale(name: MetricName, metrics: Metrics, periodsPerYear: number): number {
  switch (name) {
    case 'sqn':
      return 1;
    case 'sharpe':
    case 'sortino':
      return Math.sqrt(periodsPerYear);
    case 'expectancy': {
      const { expectancy, profitFactor } = metrics;
      if (expectancy === null || profitFactor === null || profitFactor === 1) return 0;
      return Math.abs((expectancy * (profitFactor + 1)) / (profitFactor - 1));
    }
    case 'averageTrade':
      return Math.max(Math.abs(metrics.bestTrade ?? 0), Math.abs(metrics.worstTrade ?? 0));
    default:
      return 0;
  }
}
