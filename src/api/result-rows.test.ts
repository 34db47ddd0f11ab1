// Tests of rows as clients ask for them: order, conditions, pages, files, and rows of many markets.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { columnsOf, encodeRows } from '../feeds/encode-rows.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import type { ManyRecord } from '../runs/many-record.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import { listedRows, pageOfRows } from './result-rows.ts';

interface Given {
  readonly fast: number;
  readonly stop: number | undefined;
  readonly sharpe: number | null;
  readonly trades: number;
}

const none = Object.fromEntries(METRIC_NAMES.map((name) => [name, null]));

const recordOf = (rows: readonly Given[], strategy = 'made-up'): ResultRecord =>
  ({
    kind: 'gridmill-sweep',
    rankedBy: 'sharpe',
    grid: { parameterNames: ['fast'] },
    top: rows.map(({ fast, stop, sharpe, trades }, i) => ({
      rank: i + 1,
      variantKey: `${strategy}|f64|fast=${fast}`,
      indicatorVariantKey: `${strategy}|f64|fast=${fast}`,
      params: { fast },
      risk: stop === undefined ? {} : { stopLoss: stop },
      totalReturnPct: null,
      metrics: { ...none, sharpe, trades },
    })),
  }) as unknown as ResultRecord;

const given = fc.record({
  fast: fc.integer({ min: 1, max: 4 }),
  stop: fc.constantFrom(undefined, 0.01, 0.02),
  sharpe: fc.constantFrom(null, -1, 0, 0.5, 2),
  trades: fc.integer({ min: 0, max: 3 }),
});

const refusal = (work: () => unknown): { readonly code: string; readonly found: string } => {
  try {
    work();
  } catch (error) {
    if (isAppError(error)) return error;
  }
  return expect.fail('it was not refused');
};

test('pages put together are all rows that meet every condition, ordered by each key in turn, then by rank', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (rows, limit) => {
      const listed = listedRows(recordOf(rows), undefined);
      const query = { sort: '-sharpe,stopLoss', where: 'trades>=1, fast!=2' };
      const found: number[] = [];
      let total = Number.POSITIVE_INFINITY;
      for (let offset = 0; offset < total; offset += limit) {
        const page = pageOfRows(listed, { ...query, offset, limit });
        ({ total } = page);
        found.push(...page.rows.map(({ rank }) => rank));
      }
      const wanted = rows.map((row, i) => ({ ...row, rank: i + 1 })).filter((row) => row.trades >= 1 && row.fast !== 2);
      // Last of all what has no value, so it stands for less than any value of a falling order and more than any of a rising one.
      wanted.sort(
        (a, b) => (b.sharpe ?? -1e9) - (a.sharpe ?? -1e9) || (a.stop ?? 1e9) - (b.stop ?? 1e9) || a.rank - b.rank,
      );
      expect(found).toEqual(wanted.map(({ rank }) => rank));
    }),
  );
});

test('a page has 100 rows unless it says otherwise, and a file has all', () => {
  const listed = listedRows(
    recordOf(Array.from({ length: 2_500 }, (_, i) => ({ fast: i, stop: undefined, sharpe: 1, trades: 1 }))),
    undefined,
  );
  expect(pageOfRows(listed, {}).rows).toHaveLength(100);
  expect(pageOfRows(listed, { format: 'csv' }).rows).toHaveLength(2_500);
  expect(pageOfRows(listed, { format: 'csv', limit: 3, offset: 2_499 }).rows.map(({ rank }) => rank)).toEqual([2_500]);
  expect(pageOfRows(listed, { offset: 5_000 })).toMatchObject({ total: 2_500, rows: [] });
});

test('names are those of the result, and what is none is refused with the nearest', () => {
  const listed = listedRows(recordOf([]), undefined);
  for (const sort of ['rank', '-max_drawdown', 'params.fast', 'timeLimit'])
    expect(pageOfRows(listed, { sort }).total).toBe(0);
  expect(refusal(() => pageOfRows(listed, { sort: 'sharp' })).found).toContain('Did you mean "sharpe"?');
  expect(refusal(() => pageOfRows(listed, { where: 'slow>3' })).code).toBe('REQUEST_INVALID');
  for (const where of ['fast', 'fast>', 'fast>x', 'fast==1', '>1', 'fast>1,,', '__proto__>1', 'constructor=1']) {
    expect([where, refusal(() => pageOfRows(listed, { where })).code]).toEqual([where, 'REQUEST_INVALID']);
  }
});

test('a metric without a value meets no condition, not even that of being another', () => {
  const listed = listedRows(recordOf([{ fast: 1, stop: undefined, sharpe: null, trades: 1 }]), undefined);
  for (const where of ['sharpe>-9', 'sharpe<9', 'sharpe=0', 'sharpe!=0', 'stopLoss<1']) {
    expect(pageOfRows(listed, { where }).total).toBe(0);
  }
});

const MANY = {
  kind: 'gridmill-sweep-many',
  rankedBy: 'sharpe',
  grid: { parameterNames: ['fast'] },
  markets: [{ market: 'A', cells: [1, 2] }],
  cells: [1, 2].map((cell) => ({ cell, market: 'A' })),
  top: [3, 1, 2].map((fast, i) => ({
    rank: i + 1,
    variantKey: `made-up|f64|fast=${fast}`,
    indicatorVariantKey: `made-up|f64|fast=${fast}`,
    params: { fast },
    risk: { stopLoss: 0.01 },
    ...{ score: 3 - i, mean: 2, median: 2, worst: fast, profitable: 0.5, fewestTrades: 7 },
    cells: [
      { totalReturn: 0.1, sharpe: fast, trades: 7 },
      { totalReturn: null, sharpe: i === 0 ? null : -fast, trades: 9 },
    ],
  })),
} as unknown as ManyRecord;

test('rows of many markets are sorted by what they come to over all, by one cell, or are those of a cell', () => {
  const all = listedRows(MANY, undefined);
  const order = (sort: string): number[] => pageOfRows(all, { sort }).rows.map(({ rank }) => rank);
  expect(order('-worst')).toEqual([1, 3, 2]);
  expect(order('sharpe.cell2')).toEqual([3, 2, 1]);
  expect(pageOfRows(all, { where: 'fewestTrades>=8' }).total).toBe(0);
  expect(all.rows[0]!.flat()).toMatchObject({
    fast: 3,
    stopLoss: 0.01,
    median: 2,
    'sharpe.cell1': 3,
    'sharpe.cell2': null,
  });
  const ofCell = listedRows(MANY, 2);
  expect(pageOfRows(ofCell, { sort: 'sharpe', where: 'trades=9' }).rows.map(({ rank }) => rank)).toEqual([3, 2, 1]);
  expect(refusal(() => listedRows(MANY, 3)).code).toBe('RESULT_NOT_FOUND');
  expect(refusal(() => listedRows(recordOf([]), 1)).code).toBe('REQUEST_INVALID');
});

test('texts that a spreadsheet would compute are disarmed in CSV', async () => {
  for (const name of ['=cmd|1', '+1', '-1', '@sum']) {
    const [row] = listedRows(recordOf([{ fast: -1, stop: undefined, sharpe: -2, trades: 1 }], name), undefined).rows;
    const records = [row!.flat()];
    let text = '';
    for await (const piece of encodeRows([records], columnsOf(records), 'csv')) text += Buffer.from(piece).toString();
    expect(text).toContain(`'${name}|f64`);
    // Numbers below 0 stay numbers.
    expect(text).toContain(',-2,');
    expect(text).not.toContain("'-2");
  }
});
