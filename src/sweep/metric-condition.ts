// Conditions that ranked rows must meet, such as `trades >= 30` or `maxDrawdown <= 30%`.
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';

export type ConditionOperator = '>' | '>=' | '<' | '<=';

export interface MetricCondition {
  readonly metric: MetricName;
  readonly operator: ConditionOperator;
  readonly value: number;
}

/** Whether row `row` of a scored batch meets every condition. An undefined metric (NaN) meets none. */
export function meetsConditions(conditions: readonly MetricCondition[], rows: Float64Array, row: number): boolean {
  const offset = row * METRIC_NAMES.length;
  for (const { metric, operator, value } of conditions) {
    const found = rows[offset + METRIC_NAMES.indexOf(metric)]!;
    const met =
      operator === '>'
        ? found > value
        : operator === '>='
          ? found >= value
          : operator === '<'
            ? found < value
            : found <= value;
    if (!met) return false;
  }
  return true;
}
