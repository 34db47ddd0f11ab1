// Batches: as long as they should take, as many columns as have room, smaller towards the end.
import { describe, expect, test } from 'vitest';
import { BatchSizer, formBatches } from './batches.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('BatchSizer', () => {
  test('doubles until a batch takes the time it should, and stays there', () => {
    const sizer = new BatchSizer(100, 2);
    const sizes = [];
    for (let i = 0; i < 12; i++) {
      const size = sizer.size();
      sizes.push(size);
      sizer.learn(size, size * 0.5);
    }
    expect(sizes).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 200, 200, 200, 200]);
    expect(sizer.variantMs).toBeCloseTo(0.5, 12);
  });

  test('follows a pace that changes', () => {
    const sizer = new BatchSizer(100, 2, 100);
    for (let i = 0; i < 6; i++) sizer.learn(100, 100);
    for (let i = 0; i < 8; i++) sizer.learn(sizer.size(), sizer.size() * 10);
    expect(sizer.size()).toBeGreaterThanOrEqual(10);
    expect(sizer.size()).toBeLessThanOrEqual(11);
  });

  test('shrinks towards the end of a stage so that threads finish together, but not to nothing', () => {
    const sizer = new BatchSizer(100, 4, 100);
    for (let i = 0; i < 4; i++) sizer.learn(100, 100);
    expect(sizer.size(10_000)).toBe(100);
    expect(sizer.size(400)).toBe(50);
    expect(sizer.size(80)).toBe(10);
    expect(sizer.size(8)).toBe(4);
    // One thread alone has nobody to wait for.
    const lone = new BatchSizer(100, 1, 100);
    lone.learn(100, 100);
    expect(lone.size(80)).toBe(80);
  });

  test('keeps growing where work takes no time at all, within its bound', () => {
    const sizer = new BatchSizer(100, 1);
    for (let i = 0; i < 40; i++) sizer.learn(sizer.size(), 0);
    expect(sizer.size()).toBe(65_536);
  });
});

describe('formBatches', () => {
  const rules = { size: () => 10, most: 1000, columnsMax: 1000 };

  test('cuts the stream as asked, and leaves out nothing', () => {
    const batches = [...formBatches(upTo(25), rules)];
    expect(batches.map(({ baseIndices }) => baseIndices.length)).toEqual([10, 10, 5]);
    expect(batches.flatMap(({ baseIndices }) => baseIndices)).toEqual(upTo(25));
    expect([...formBatches([], rules)]).toEqual([]);
    expect([...formBatches(upTo(7), { ...rules, most: 3 })].map(({ baseIndices }) => baseIndices.length)).toEqual([
      3, 3, 1,
    ]);
  });

  test('asks for the size anew for each batch', () => {
    let size = 0;
    const batches = [...formBatches(upTo(12), { ...rules, size: () => Math.ceil(++size / 3) })];
    expect(batches.flatMap(({ baseIndices }) => baseIndices)).toEqual(upTo(12));
    expect(batches[0]!.baseIndices.length).toBeLessThan(batches.at(-2)!.baseIndices.length);
  });

  test('ends a batch before its columns outgrow their room, and lists each column once', () => {
    const columnsOf = (base: number) => [base >> 2, 100 + (base & 3)];
    const batches = [...formBatches(upTo(16), { ...rules, columnsMax: 6, columnsOf })];
    for (const { columns } of batches) {
      expect(columns.length).toBeLessThanOrEqual(6);
      expect(new Set(columns).size).toBe(columns.length);
    }
    expect(batches.map(({ baseIndices }) => baseIndices.length)).toEqual([8, 8]);
    expect(batches[1]!.columns).toEqual([2, 100, 101, 102, 103, 3]);
  });

  test('a variant that needs more columns than have room is a batch of its own', () => {
    const batches = [...formBatches(upTo(3), { ...rules, columnsMax: 1, columnsOf: (base) => [base, base + 10] })];
    expect(batches.map(({ baseIndices }) => baseIndices)).toEqual([[0], [1], [2]]);
  });
});
