// What a sweep may cost: refusals with the smallest budget, threads that fit, caches within the rest.
import { describe, expect, test } from 'vitest';
import { testCandles, testRequest } from '../../test/synthetic-request.ts';
import { isAppError } from '../core/errors.ts';
import { range } from '../strategy/parameters.ts';
import { createGrid } from './grid.ts';
import { type PlanOptions, planSweep } from './plan.ts';
import { createWindow } from './window.ts';

const request = testRequest('sma-cross');
const parameters = { fast: range(5, 24), slow: range(30, 79) };
const grid = createGrid({ ...request, parameters, arithmetic: 'standard' });
const window = createWindow(testCandles(200_000));
const plan = (options?: PlanOptions) => planSweep(request.strategy, grid, window, options);

describe.each(['normative', 'fast'] as const)('the plan of the %s engine', (engine) => {
  test('counts each different column of the grid once', () => {
    expect(plan({ engine }).distinctColumns).toBe(20 + 50);
    expect(plan({ engine }).bytes.columns).toBe(plan({ engine }).columnBytes);
  });

  test('says what its bytes are for, and they add up', () => {
    const { bytes, bytesPredicted } = plan({ engine, workers: 3, keptRows: 1000, hostBytes: 5e6 });
    expect(Object.values(bytes).reduce((sum, part) => sum + part)).toBe(bytesPredicted);
    expect(bytes.rows).toBeGreaterThan(5e6 + 1000 * 100);
  });

  test('never goes beyond its budget, and uses what it is given', () => {
    const { bytesMinimum } = plan({ engine });
    for (const budgetBytes of [bytesMinimum, bytesMinimum * 1.2, bytesMinimum * 2, bytesMinimum * 8]) {
      for (const workers of [1, 2, 4]) {
        const planned = plan({ engine, budgetBytes, workers });
        expect(planned.bytesPredicted).toBeLessThanOrEqual(budgetBytes + 1);
        expect(planned.cacheBytes).toBeGreaterThanOrEqual(0);
        expect(planned.bytes.columns).toBeLessThanOrEqual(
          planned.columnBytes * (engine === 'fast' ? 1 : planned.workers),
        );
        expect(planned.workers).toBeLessThanOrEqual(workers);
      }
    }
    expect(plan({ engine, budgetBytes: bytesMinimum, workers: 4 }).workers).toBe(1);
    expect(plan({ engine, budgetBytes: bytesMinimum * 100, workers: 4 }).workers).toBe(4);
  });

  test('starts no further thread for a sweep that is soon done', () => {
    expect(plan({ engine, workers: 4, variants: 10 }).workers).toBe(1);
    expect(plan({ engine, workers: 4, variants: 1_000_000 }).workers).toBe(4);
  });

  test('refuses what cannot fit, and the budget it names is enough', () => {
    const { bytesMinimum } = plan({ engine });
    let message = '';
    try {
      plan({ engine, budgetBytes: bytesMinimum - 1 });
    } catch (error) {
      expect(isAppError(error, 'BUDGET_BYTES')).toBe(true);
      message = (error as Error).message;
    }
    // As the command line reads it: MB are millions of bytes.
    const named = Number(/--memory (\d+)MB/.exec(message)![1]) * 1e6;
    expect(plan({ engine, budgetBytes: named }).workers).toBe(1);
    expect(() => plan({ engine, budgetBytes: named - 1e6 })).toThrow();
  });
});

describe('columns of the fast engine', () => {
  const engine = 'fast';

  test('are kept once for all threads', () => {
    const [one, two, three] = [1, 2, 3].map((workers) => plan({ engine, workers }));
    expect(two!.bytes.columns).toBe(one!.bytes.columns);
    expect(three!.fast).toMatchObject({ threads: 3, slots: 70 });
    // What a further thread takes is less than the columns it reads.
    expect(three!.bytesPredicted - two!.bytesPredicted).toBeLessThan(one!.columnBytes);
  });

  test('take the slots that a budget leaves, by bytes and by entries', () => {
    const { bytesMinimum } = plan({ engine });
    for (const extra of [0, 5e6, 20e6, 50e6, 500e6]) {
      const { fast, bytes } = plan({ engine, budgetBytes: bytesMinimum + extra });
      expect(bytes.columns).toBe(fast!.slots * fast!.columnBytes);
      expect(bytes.columns).toBeLessThanOrEqual(extra + 2 * fast!.columnBytes);
      expect(fast!.slots).toBeGreaterThanOrEqual(2);
      expect(fast!.slots).toBeLessThanOrEqual(70);
    }
    expect(plan({ engine, columnBytesMax: 1 }).fast!.slots).toBe(2);
  });
});

describe('columns of the normative engine', () => {
  test('are kept by each thread', () => {
    const [one, two, three] = [1, 2, 3].map((workers) => plan({ workers }).bytesPredicted) as [number, number, number];
    expect(two).toBeGreaterThan(one + plan().columnBytes);
    // The second thread also brings the shared copy of the candles.
    expect(three - two).toBeGreaterThan(plan().columnBytes);
    expect(three - two).toBeLessThan(two - one);
  });
});

test('one thread beside the calling one costs a thread, and a copy of the candles for it', () => {
  const [here, beside, two] = [plan(), plan({ apart: true }), plan({ workers: 2 })];
  expect(beside.workers).toBe(1);
  expect(beside.bytes.threads).toBeGreaterThan(here.bytes.threads + 30 * 2 ** 20);
  expect(beside.bytes.candles).toBe(two.bytes.candles);
  expect(beside.bytesMinimum).toBeGreaterThan(here.bytesMinimum);
});
