// The cache of models: one load for many uses, within its bytes, and empty after a while.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { ModelCache } from './model-cache.ts';
import { type PackedModel, sharedBytes } from './packed-model.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const model = (bytes: number): PackedModel => ({
  kind: 'onnx',
  name: 'model',
  bytes: sharedBytes(new Uint8Array(bytes)),
  runtimeUrl: '',
});

test('a model is loaded once for any number of uses', () => {
  const cache = new ModelCache();
  const load = vi.fn(() => model(10));
  const first = cache.open('a', 100, load);
  expect(cache.open('a', 100, load)).toBe(first);
  expect(load).toHaveBeenCalledTimes(1);
  expect(cache.bytes).toBe(10);
});

test('the least recently used models make room', () => {
  const cache = new ModelCache();
  const load = vi.fn(() => model(40));
  for (const key of ['a', 'b', 'a', 'c']) cache.open(key, 100, load);
  expect(cache.size).toBe(2);
  expect(cache.bytes).toBe(80);
  expect(load).toHaveBeenCalledTimes(3);
  cache.open('a', 100, load);
  expect(load).toHaveBeenCalledTimes(3);
  cache.open('b', 100, load);
  expect(load).toHaveBeenCalledTimes(4);
});

test('a model that fills the bytes exactly fits, one byte more does not', () => {
  const cache = new ModelCache();
  cache.open('a', 100, () => model(100));
  expect(() => cache.open('b', 100, () => model(101))).toThrow(/--model-memory/);
  expect(cache.size).toBe(1);
});

test('models that nobody uses for a while are let go of', () => {
  const cache = new ModelCache();
  const load = vi.fn(() => model(10));
  cache.open('a', 100, load);
  vi.advanceTimersByTime(LIMITS.modelIdleMsMax - 1);
  cache.open('a', 100, load);
  vi.advanceTimersByTime(LIMITS.modelIdleMsMax - 1);
  expect(cache.size).toBe(1);
  vi.advanceTimersByTime(1);
  expect([cache.size, cache.bytes]).toEqual([0, 0]);
  cache.open('a', 100, load);
  expect(load).toHaveBeenCalledTimes(2);
});
