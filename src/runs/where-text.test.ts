// Conditions on metrics as people write them.
import { expect, test } from 'vitest';
import { parseWhere } from './where-text.ts';

test('reads metrics, operators and percentages', () => {
  expect(parseWhere('trades>=30, max_drawdown <= 30%,sharpe>-1e-1')).toEqual([
    { metric: 'trades', operator: '>=', value: 30 },
    { metric: 'maxDrawdown', operator: '<=', value: 0.3 },
    { metric: 'sharpe', operator: '>', value: -0.1 },
  ]);
});

test('refuses anything else, with an example or the nearest name', () => {
  for (const text of ['', 'trades', 'trades=30', 'trades>=', 'trades>=x', 'trades>=30 sharpe>1']) {
    expect(() => parseWhere(text), text).toThrow(/--where/);
  }
  expect(() => parseWhere('tradse>=30')).toThrow(/trades/);
});
