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
    expect(plan({ engine }).cacheBytes).toBe(plan({ engine }).columnBytes);
  });

  test('predicts the bytes of every thread', () => {
    const [one, two, three] = [1, 2, 3].map((workers) => plan({ engine, workers }).bytesPredicted) as [
      number,
      number,
      number,
    ];
    expect(two).toBeGreaterThan(one + plan({ engine }).columnBytes);
    // The second thread also brings the shared copy of the candles.
    expect(three - two).toBeGreaterThan(plan({ engine }).columnBytes);
    expect(three - two).toBeLessThan(two - one);
  });

  test('never goes beyond its budget, and uses what it is given', () => {
    const { bytesMinimum } = plan({ engine });
    for (const budgetBytes of [bytesMinimum, bytesMinimum * 1.2, bytesMinimum * 2, bytesMinimum * 8]) {
      for (const workers of [1, 2, 4]) {
        const planned = plan({ engine, budgetBytes, workers });
        expect(planned.bytesPredicted).toBeLessThanOrEqual(budgetBytes + 1);
        expect(planned.cacheBytes).toBeGreaterThanOrEqual(0);
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
