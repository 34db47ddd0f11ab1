// The tables of a sweep over many cells: what comes first, what is dropped when narrow, what stands for no value.
import { expect, test } from 'vitest';
import type { ManyRow } from '../sweep/many-request.ts';
import { variantText, worstCell } from './many-rows.ts';
import { metricPhrase, rankingSentence } from './many-words.ts';
import { acrossTable, cellsTable, marketsTable } from './terminal-many.ts';

const row = (rank: number, values: readonly (number | null)[]): ManyRow => ({
  rank,
  variantKey: `k${rank}`,
  indicatorVariantKey: `k${rank}`,
  params: { fast: 5 * rank },
  risk: rank === 1 ? {} : { stopLoss: 0.02 },
  score: 0.5,
  mean: values.includes(null) ? null : 0.25,
  median: values.includes(null) ? null : 0.5,
  worst: values.includes(null) ? null : -0.5,
  profitable: 2 / 3,
  fewestTrades: 4,
  cells: values.map((totalReturn) => ({ totalReturn, trades: 4 })),
});
const rows = [row(1, [0.5, -0.5, 0.75]), row(2, [0.1, null, 0.2])];
const cells = ['BTC', 'ETH', 'SOL'].map((market, i) => ({ cell: i + 1, market, window: '', best: rows[0]! }));
const names = cells.map(({ market }) => market);
const options = { width: 120, color: false, rankedBy: 'totalReturn', across: 'median' } as const;

test('the number that ranks comes first, and each cell has a column when all of them fit', () => {
  const [head, , first, second] = acrossTable(rows, cells, names, options).split('\n');
  expect(head!.trim().split(/ {2,}/)).toEqual([
    ...['#', 'fast', 'SL', 'Median', 'Mean', 'Worst', 'Gained in', 'Fewest trades', 'Worst in'],
    ...names,
  ]);
  expect(first).toMatch(/^1 +5 +off +50\.00% +25\.00% +-50\.00% +2\/3 +4 +ETH +50\.00% +-50\.00% +75\.00%$/);
  expect(second).toMatch(/^2 +10 +2\.00% +– +– +– +2\/3 +4 +– +10\.00% +– +20\.00%$/);
  const worst = acrossTable(rows, cells, names, { ...options, across: 'worst' });
  expect(worst).toMatch(/SL +Worst +Median +Mean/);
  expect(acrossTable(rows, cells, names, { ...options, across: 'profitable' })).toMatch(/SL +Gained in +Median/);
});

test('a narrow table shows no cell rather than some of them', () => {
  const narrow = acrossTable(rows, cells, names, { ...options, width: 80 });
  expect(narrow).toContain('Worst in');
  expect(narrow).not.toContain('SOL');
});

test('one variant is listed cell by cell beside the best of each, without a column that says one thing only', () => {
  const table = cellsTable(rows[0]!, cells, options);
  expect(table).toMatch(/^Cell +Market +Return +Trades +Best here +by$/m);
  expect(table).toMatch(/^ +2 +ETH +-50\.00% +4 +-50\.00% +fast 5$/m);
  const without = cells.map((cell) => ({ ...cell, best: null }));
  expect(cellsTable(rows[0]!, without, options)).toMatch(/^Cell +Market +Return +Trades$/m);
  const windows = cells.map((cell) => ({ ...cell, market: 'BTC', window: `w${cell.cell}` }));
  expect(cellsTable(rows[0]!, windows, options)).toMatch(/^Cell +Window +Return/m);
});

test('the best of a market stand beside what they are worth everywhere', () => {
  const table = marketsTable([{ market: 'BTC', top: rows }], options);
  expect(table).toMatch(/Market +# +fast +SL +Median of its own +Median of all/);
  expect(table).toMatch(/^BTC +1 +5 +off +50\.00% +50\.00%$/m);
});

test('rankings and variants are told in words', () => {
  expect(rankingSentence({ rankedBy: 'sharpe', across: 'worst', cells: 6, where: [] })).toBe(
    'Ranked by the worst Sharpe ratio of 6 cells.',
  );
  const where = [{ metric: 'trades', operator: '>=', value: 30 } as const];
  expect(rankingSentence({ rankedBy: 'totalReturn', across: 'profitable', cells: 6, where })).toBe(
    'Ranked by the share of 6 cells with a gain, then by the mean total return, where trades >= 30 in every cell.',
  );
  expect(metricPhrase('maxDrawdown')).toBe('max drawdown');
  expect(variantText(rows[1]!)).toBe('fast 10, stopLoss 0.02');
});

test('the worst cell is the highest value of a metric that should be low, and none where a value is missing', () => {
  const drawdowns = { cells: [{ maxDrawdown: 0.1 }, { maxDrawdown: 0.4 }, { maxDrawdown: 0.2 }] };
  expect(worstCell(drawdowns, { name: 'maxDrawdown', better: 'lower' })).toBe(1);
  expect(worstCell(rows[0]!, { name: 'totalReturn', better: 'higher' })).toBe(1);
  expect(worstCell(rows[1]!, { name: 'totalReturn', better: 'higher' })).toBe(-1);
});
