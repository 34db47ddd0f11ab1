// The cache of slots: least recently used first, bounded, pinned views stay; and the bounds of a plan.
import { expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { LIMITS } from '../core/limits.ts';
import { smaCross } from '../strategy/builtin/sma-cross.ts';
import { planFastMemory } from './fast-memory.ts';
import { SlotCache } from './fast-slots.ts';
import { createGrid } from './grid.ts';
import { createWindow } from './window.ts';

test('the least recently used key gives way, and hits are counted', () => {
  const cache = new SlotCache(['x', 'y']);
  cache.take('a');
  cache.take('b');
  const a = cache.get('a');
  expect(cache.take('c')).not.toBe(a);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toBe(a);
  expect([cache.hits, cache.misses, cache.size]).toEqual([2, 1, 2]);
});

test('pinned views stay, and without another there is no slot', () => {
  const cache = new SlotCache(['x', 'y']);
  const x = cache.take('a')!;
  const y = cache.take('b')!;
  expect(cache.take('c', new Set([x]))).toBe(y);
  expect(cache.take('d', new Set([x, y]))).toBeUndefined();
  expect(cache.get('a')).toBe(x);
});

test('slots are bounded by bytes, by entries, and by what the grid can use', () => {
  const grid = createGrid({ strategy: smaCross, arithmetic: 'standard' });
  const window = createWindow(testCandles(4096));
  const slots = (bytes: number) => planFastMemory(smaCross, grid, window, bytes).columnSlots;
  expect(slots(0)).toBe(2);
  expect(slots(10 * 4096 * 8 * 1.1)).toBe(10);
  const all = slots(Number.MAX_SAFE_INTEGER);
  expect(all).toBe(12 + 23);
  expect(all).toBeLessThan(LIMITS.columnEntriesMax);
});
