// Does the rule book `vectorbt` make the order records of vectorbt's own TestFromSignals?
import { describe, expect, test } from 'vitest';
import carried from './cases/vectorbt-from-signals.json' with { type: 'json' };
import { countOracle, describeOracle, hasShared, readShared } from './oracle.ts';
import { type CaseColumn, columnsOf, type OrderRow, runColumns, type SharedCase } from './vectorbt-cases.ts';

const FILE = 'oracles/vectorbt/cases.json';
const RUN = 103;
/** Cases that are out, by test name and number of cases, with the reason. */
const OUT: Readonly<Record<string, readonly [cases: number, reason: string]>> = {
  test_percent: [1, 'cash sharing between symbols'],
  test_cash_sharing: [1, 'cash sharing between symbols'],
  test_call_seq: [7, 'cash sharing between symbols'],
};

/** Equal to 1e-12 relative, or to the digits that were written down where that is a rounded number. */
function agrees(found: number, wanted: number): boolean {
  const decimals = /\.(\d{6,12})$/.exec(String(wanted))?.[1].length;
  if (decimals !== undefined && Number(found.toFixed(decimals)) === wanted) return true;
  return Math.abs(found - wanted) <= 1e-12 * Math.abs(wanted);
}

function expectOrders(found: readonly OrderRow[], expected: readonly OrderRow[]): void {
  expect(found.map(([column, bar, , , , side]) => [column, bar, side])).toEqual(
    expected.map(([column, bar, , , , side]) => [column, bar, side]),
  );
  found.forEach((row, index) => {
    row.forEach((value, field) => {
      const wanted = expected[index][field];
      expect(agrees(value, wanted), `order ${index}, field ${field}: ${value} is ${wanted}`).toBe(true);
    });
  });
}

/** JSON has no infinities: they are carried as text. */
const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

function withNumbers(value: unknown): unknown {
  if (typeof value === 'string') return NUMBERS[value] ?? value;
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNumbers(member)]));
}

describe('vectorbt order records on five synthetic bars', () => {
  test.each(carried.cases.map((one) => [one.name, one.columns, one.orders] as const))(
    '%s',
    (_name, columns, orders) => {
      expectOrders(runColumns(withNumbers(columns) as CaseColumn[]), orders);
      // With the shared folder the same case is counted below.
      if (!hasShared(FILE)) countOracle(1);
    },
  );
});

describeOracle('vectorbt TestFromSignals', [FILE], RUN, () => {
  const cases = (JSON.parse(readShared(FILE)) as { cases: SharedCase[] }).cases.filter(
    (one) => one.cls === 'TestFromSignals',
  );
  const runnable = cases.flatMap((one) => {
    const columns = columnsOf(one);
    return typeof columns === 'string' ? [] : [{ one, columns }];
  });

  test(`${RUN} of 112 cases run; the others share cash between symbols`, () => {
    const out: Record<string, [number, string]> = {};
    for (const one of cases) {
      const reason = columnsOf(one);
      if (typeof reason === 'string') out[one.test] = [(out[one.test]?.[0] ?? 0) + 1, reason];
    }
    expect(cases.length).toBe(112);
    expect(runnable.length).toBe(RUN);
    expect(out).toEqual(OUT);
  });

  test.each(runnable.map(({ one, columns }) => [`${one.test} line ${one.line}`, one, columns] as const))(
    '%s',
    (_name, one, columns) => {
      expectOrders(
        runColumns(columns),
        one.orders.map((row) => row.slice(1)),
      );
      countOracle(1);
    },
  );
});
