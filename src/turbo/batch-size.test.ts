// Batches grow to what fills a tenth of a second, whatever a batch costs by itself, and shrink towards the end.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { BatchSize } from './batch-size.ts';

/** Sizes of the batches of a long run in which a batch takes `fixedMs` and each trial `trialMs`. */
function sizes(fixedMs: number, trialMs: number, batches = 30): number[] {
  const size = new BatchSize(undefined);
  return Array.from({ length: batches }, () => {
    const trials = size.next(1e9, 1e9, 2);
    size.learn(trials, fixedMs + trials * trialMs);
    return trials;
  });
}

describe('the size of batches', () => {
  test('begins with one trial and grows by steps until a batch takes 50 to 120 ms', () => {
    const found = sizes(0, 0.5);
    expect(found[0]).toBe(1);
    for (let i = 1; i < found.length; i++) expect(found[i]!).toBeLessThanOrEqual(found[i - 1]! * 4);
    for (const size of found.slice(6)) expect(size * 0.5).toBeGreaterThanOrEqual(50);
    for (const size of found) expect(size * 0.5).toBeLessThanOrEqual(125);
  });

  test('trials that take longer than a batch should come one by one, but for a probe now and then', () => {
    expect(sizes(0, 400).filter((size) => size > 1).length).toBeLessThanOrEqual(3);
    expect(new Set(sizes(0, 4000))).toEqual(new Set([1]));
  });

  test('what a batch costs by itself does not keep it small', () => {
    // A hundred trials of one ms each; by their mean pace of 201 ms it would stay at one.
    expect(sizes(200, 1, 60).at(-1)).toBeGreaterThanOrEqual(20);
  });

  test('is bounded, also when trials take no time that a clock can see', () => {
    expect(Math.max(...sizes(0, 0))).toBe(LIMITS.batchTrialsMax);
  });

  test('towards the end everybody gets an equal share, so that all end together', () => {
    const size = new BatchSize(undefined);
    for (let i = 0; i < 20; i++) {
      const trials = size.next(1e9, 1e9, 2);
      size.learn(trials, trials);
    }
    expect(size.next(1e9, 1e9, 2)).toBe(100);
    expect(size.next(40, 40, 2)).toBe(10);
    expect(size.next(40, 1000, 2), 'other runs wait, too').toBe(40);
    expect(size.next(3, 3, 2), 'not smaller than what a message is worth').toBe(2);
  });

  test('as given: always that, but for what is left', () => {
    const size = new BatchSize(7);
    size.learn(7, 5000);
    expect([size.next(100, 100, 2), size.next(3, 3, 2), size.steady]).toEqual([7, 3, 7]);
  });
});
