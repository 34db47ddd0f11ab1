// Conditions on metrics as written on the command line: `trades>=30, maxDrawdown<=30%`.
import { AppError } from '../core/errors.ts';
import type { ConditionOperator, MetricCondition } from '../sweep/metric-condition.ts';
import { parseMetricName } from './metric-name.ts';

const CONDITION = /^\s*([A-Za-z_]+)\s*(>=|<=|>|<)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(%?)\s*$/;

/** Reads conditions separated by commas. Errors: REQUEST_INVALID. */
export function parseWhere(text: string): MetricCondition[] {
  return text.split(',').map((part) => {
    const match = CONDITION.exec(part);
    if (match === null) {
      throw new AppError('REQUEST_INVALID', {
        rule: '--where takes conditions on metrics, separated by commas.',
        found: `"${part.trim()}".`,
        todo: 'Write for example --where "trades>=30, maxDrawdown<=30%".',
      });
    }
    const [, name = '', operator, digits, percent] = match;
    const value = Number(digits) / (percent === '%' ? 100 : 1);
    return { metric: parseMetricName('--where', name), operator: operator as ConditionOperator, value };
  });
}
