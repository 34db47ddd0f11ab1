// The memory between two sweeps: kept once, never lent twice, and whatever it still holds changes no result.
import { beforeEach, describe, expect, test } from 'vitest';
import { testCandles, testHost, testRequest } from '../../test/synthetic-request.ts';
import { range } from '../strategy/parameters.ts';
import { RESERVED_BYTES } from './fast-memory.ts';
import { createGrid } from './grid.ts';
import { borrowFastMemory, dropIdleMemory, idleMemoryBytes, returnFastMemory } from './kept-memory.ts';
import { planSweep } from './plan.ts';
import { resultHash } from './result-hash.ts';
import { runSweep } from './run-sweep.ts';
import { createWindow } from './window.ts';

const request = testRequest('sma-cross', { parameters: { fast: range(3, 8), slow: range(10, 20) } });
const window = createWindow(testCandles(2000));
const grid = createGrid({ ...request, arithmetic: 'standard' });
const planOf = (columnBytesMax?: number) =>
  planSweep(request.strategy, grid, window, { engine: 'fast', columnBytesMax }).fast!;
const borrow = (columnBytesMax?: number, spare = Number.POSITIVE_INFINITY) =>
  borrowFastMemory(planOf(columnBytesMax), window.history, spare);

beforeEach(dropIdleMemory);

describe('the memory that is kept', () => {
  test('is lent to the next sweep, to one at a time', () => {
    const first = borrow();
    returnFastMemory(first);
    const second = borrow();
    expect(second.buffer).toBe(first.buffer);
    expect(borrow().buffer).not.toBe(first.buffer);
  });

  test('is lent where it is larger than needed, but not by more than the budget spares', () => {
    const large = borrow();
    returnFastMemory(large);
    const small = borrow(1);
    expect(small.buffer).toBe(large.buffer);
    expect(small.plan.slots).toBe(2);
    returnFastMemory(small);
    expect(borrow(1, 1000).buffer).not.toBe(large.buffer);
  });

  test('is replaced by a larger one, and not by a smaller one', () => {
    const small = borrow(1);
    const large = borrow();
    returnFastMemory(large);
    returnFastMemory(small);
    expect(idleMemoryBytes()).toBe(large.buffer.byteLength);
    dropIdleMemory();
    returnFastMemory(small);
    expect(borrow().buffer.byteLength).toBe(large.buffer.byteLength);
  });

  test('may hold anything: the next sweep has the same result', async () => {
    const hash = async () => {
      const host = testHost(testCandles(2000), { batchSize: 7 });
      return resultHash('t', request, host.window, await runSweep(request, host));
    };
    const expected = await hash();
    for (const byte of [0xff, 0x40, 0x01]) {
      const memory = borrow();
      new Uint8Array(memory.buffer).fill(byte, RESERVED_BYTES);
      returnFastMemory(memory);
      const bytes = idleMemoryBytes();
      expect(await hash()).toBe(expected);
      expect(idleMemoryBytes(), 'it was used').toBe(bytes);
    }
  });

  test('is kept when a sweep ends, also in an error', async () => {
    await runSweep(request, testHost(testCandles(2000)));
    const bytes = idleMemoryBytes();
    expect(bytes).toBeGreaterThan(0);
    const onProgress = () => {
      throw new Error('of the host');
    };
    await expect(runSweep(request, testHost(testCandles(2000), { onProgress }))).rejects.toThrow('of the host');
    expect(idleMemoryBytes()).toBe(bytes);
  });
});
