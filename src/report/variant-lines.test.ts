// Tests of parameters as lines: the first row in full, the others by what differs, nothing wider than the terminal.
import { expect, test } from 'vitest';
import { variantLines } from './variant-lines.ts';

const params = { bb_length: 40, bb_std: 2.5, stop_loss: 0.045, take_profit: 0.0125, time_limit: 2700 };
const rows = [
  { rank: 1, params, risk: {} },
  { rank: 2, params: { ...params, bb_std: 3 }, risk: {} },
  { rank: 10, params, risk: { stopLoss: 0.02 } },
  { rank: 11, params, risk: {} },
];

test('rows after the first say what differs from it', () => {
  expect(variantLines(rows, { width: 120, color: false }).split('\n')).toEqual([
    ' 1  bb_length 40, bb_std 2.5, stop_loss 0.045, take_profit 0.0125, time_limit 2700',
    ' 2  as 1, but bb_std 3',
    '10  as 1, but stopLoss 0.02',
    '11  as 1',
  ]);
});

test('lines break after commas and stay within the width', () => {
  const lines = variantLines(rows.slice(0, 1), { width: 40, color: false }).split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  expect(lines.slice(1).every((line) => line.startsWith('   '))).toBe(true);
});
