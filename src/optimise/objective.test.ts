// Tests of objectives: what the parser reads, which way is better, and what it refuses.
import { expect, test } from 'vitest';
import { AppError } from '../core/errors.ts';
import { METRIC_NAMES, type MetricName, type Metrics } from '../metrics/metrics.ts';
import { metricObjective, parseObjective, scoreOf } from './objective.ts';

const metrics = {
  ...Object.fromEntries(METRIC_NAMES.map((name) => [name, null])),
  sharpe: 2,
  maxDrawdown: 0.4,
  winRate: 0.5,
  trades: 40,
} as Metrics;

const named = (name: string): MetricName => {
  if ((METRIC_NAMES as readonly string[]).includes(name)) return name as MetricName;
  throw new AppError('REQUEST_INVALID', { found: `no metric ${name}.`, todo: '' });
};
const value = (text: string): number => parseObjective(text, named).value(metrics);

test.each([
  ['sharpe - 0.5*maxDrawdown + 0.1*winRate', 2 - 0.2 + 0.05],
  ['sharpe-maxDrawdown-winRate', 2 - 0.4 - 0.5],
  ['2*(sharpe + 1)/4', 1.5],
  ['-maxDrawdown', -0.4],
  ['- -sharpe', 2],
  ['sharpe * -1', -2],
  ['min(sharpe, 1.5) + max(winRate, 60%)', 2.1],
  ['1e1 * winRate', 5],
  ['trades / 8 / 5', 1],
])('%s', (text, expected) => expect(value(text)).toBeCloseTo(expected, 12));

test('a metric alone has its own direction, an expression is to be large', () => {
  const drawdown = parseObjective('maxDrawdown', named);
  expect(drawdown).toMatchObject({ better: 'lower', text: 'maxDrawdown' });
  expect(scoreOf(drawdown, 0.4)).toBe(-0.4);
  expect(scoreOf(metricObjective('sharpe'), 2)).toBe(2);
  expect(parseObjective('0 - maxDrawdown', named).better).toBe('higher');
});

test('what is rewarded against its direction is noticed', () => {
  expect(parseObjective('sharpe + 0.5*maxDrawdown', named).against).toEqual(['maxDrawdown']);
  expect(parseObjective('sharpe - 0.5*maxDrawdown', named).against).toEqual([]);
  expect(parseObjective('sharpe - 2*(maxDrawdown - winRate)', named).against).toEqual([]);
  expect(parseObjective('-sharpe', named).against).toEqual(['sharpe']);
});

test('an undefined metric, or a division by zero, leaves the objective undefined', () => {
  expect(value('sharpe + calmar')).toBeNaN();
  expect(value('sharpe / (winRate - 0.5)')).toBeNaN();
});

test.each([
  '',
  '3',
  'sharpe +',
  '(sharpe',
  'sharpe)',
  'sharpe winRate',
  'sharpe; process',
  'constructor',
  'min(sharpe)',
  'sharpe ** 2',
  '1.2.3*sharpe',
  'a'.repeat(501),
])('refused: %s', (text) => expect(() => parseObjective(text, named)).toThrow(AppError));
