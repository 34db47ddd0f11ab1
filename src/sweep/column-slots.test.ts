// The directory of columns: bounds, pins, order of eviction, and a model of it under random operations.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { ColumnSlots } from './column-slots.ts';

describe('ColumnSlots', () => {
  test('gives each column a slot of its own, and asks for its values once', () => {
    const slots = new ColumnSlots(4);
    const first = slots.acquire([7, 9])!;
    expect(first.missing).toEqual([
      { id: 7, slot: first.slots[0] },
      { id: 9, slot: first.slots[1] },
    ]);
    expect(new Set(first.slots).size).toBe(2);
    // Also while the first batch still holds them.
    const second = slots.acquire([9, 7])!;
    expect(second).toEqual({ ids: [9, 7], slots: [first.slots[1], first.slots[0]], missing: [] });
    expect(slots.stats).toEqual({ hits: 2, misses: 2 });
  });

  test('says wait when pinned columns leave no room, and goes on when they are released', () => {
    const slots = new ColumnSlots(3);
    slots.acquire([1, 2]);
    expect(slots.acquire([3, 4])).toBeUndefined();
    expect(slots.size, 'a refusal changes nothing').toBe(2);
    slots.release([1, 2]);
    expect(slots.acquire([3, 4])!.missing).toHaveLength(2);
  });

  test('never lets a column that is wanted give way to another of the same batch', () => {
    const slots = new ColumnSlots(2);
    slots.release(slots.acquire([1, 2])!.ids);
    const [slotOfOne] = slots.acquire([1])!.slots;
    slots.release([1]);
    const both = slots.acquire([3, 1])!;
    expect(both.slots[1]).toBe(slotOfOne);
    expect(both.missing.map(({ id }) => id)).toEqual([3]);
  });

  test('lets the least recently released column give way', () => {
    const slots = new ColumnSlots(3);
    for (const id of [1, 2, 3]) slots.release(slots.acquire([id])!.ids);
    slots.release(slots.acquire([1])!.ids);
    slots.acquire([4]);
    expect([1, 2, 3, 4].map((id) => slots.slotOf(id) !== undefined)).toEqual([true, false, true, true]);
  });

  test('what is released without having been acquired is a bug', () => {
    expect(() => new ColumnSlots(2).release([1])).toThrow(/pinned/);
  });

  test('agrees with a model over random operations, and never holds more than its slots', () => {
    const seed = 41;
    const prng = createPrng(seed);
    const slotCount = 12;
    const slots = new ColumnSlots(slotCount);
    /** Ids in order of last release, with their pins. */
    const model = new Map<number, number>();
    const batches: (readonly number[])[] = [];
    const contents = new Map<number, number>();
    for (let step = 0; step < 20_000; step++) {
      if (batches.length > 0 && prng.nextBelow(2) === 0) {
        const [ids] = batches.splice(prng.nextBelow(batches.length), 1);
        // What was filled in is still there: nobody else was given the slot meanwhile.
        for (const id of ids!) expect(contents.get(slots.slotOf(id)!), `seed ${seed}, step ${step}`).toBe(id);
        slots.release(ids!);
        for (const id of ids!) {
          const pins = model.get(id)! - 1;
          if (pins === 0) model.delete(id);
          model.set(id, pins);
        }
        continue;
      }
      const ids = [...new Set(Array.from({ length: 1 + prng.nextBelow(6) }, () => prng.nextBelow(30)))];
      const absent = ids.filter((id) => !model.has(id));
      const evictable = [...model].filter(([id, pins]) => pins === 0 && !ids.includes(id)).map(([id]) => id);
      const placed = slots.acquire(ids);
      if (absent.length > slotCount - model.size + evictable.length) {
        expect(placed, `seed ${seed}, step ${step}`).toBeUndefined();
        continue;
      }
      for (const id of evictable.slice(0, Math.max(0, model.size + absent.length - slotCount))) model.delete(id);
      for (const id of ids) model.set(id, (model.get(id) ?? 0) + 1);
      expect(
        placed!.missing.map(({ id }) => id),
        `seed ${seed}, step ${step}`,
      ).toEqual(absent);
      for (const { id, slot } of placed!.missing) contents.set(slot, id);
      batches.push(ids);
      expect(slots.size).toBe(model.size);
      expect(slots.size).toBeLessThanOrEqual(slotCount);
      expect(placed!.slots.every((slot) => slot >= 0 && slot < slotCount)).toBe(true);
    }
    expect(slots.stats.hits).toBeGreaterThan(1000);
    expect(slots.stats.misses).toBeGreaterThan(1000);
  });
});
