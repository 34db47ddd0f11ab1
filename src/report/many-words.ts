// How a ranking across cells is told, on the terminal and on the page.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import type { Across } from '../sweep/many-across.ts';
import type { MetricCondition } from '../sweep/metric-condition.ts';

const PROPER_NAME = /^(CAGR|SQN|Sharpe|Sortino|Calmar|Omega)/;

/** A metric inside a sentence: `total return`, `Sharpe ratio`. */
export function metricPhrase(name: MetricName): string {
  const { label } = METRICS[name];
  return PROPER_NAME.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);
}

/** What the ranking means, in one sentence. */
export function rankingSentence(ranking: {
  readonly rankedBy: MetricName;
  readonly across: Across;
  readonly cells: number;
  readonly where: readonly MetricCondition[];
}): string {
  const { rankedBy, across, cells, where } = ranking;
  const metric = metricPhrase(rankedBy);
  const rule =
    across === 'profitable'
      ? `the share of ${cells} cells with a gain, then by the mean ${metric}`
      : `the ${across} ${metric} of ${cells} cells`;
  const conditions = where.map(({ metric: name, operator, value }) => `${name} ${operator} ${value}`).join(' and ');
  return `Ranked by ${rule}${conditions === '' ? '' : `, where ${conditions} in every cell`}.`;
}
