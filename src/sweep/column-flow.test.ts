// Columns before rows: no batch is scored before its columns, none is computed twice while it is there, nothing waits for ever.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { ColumnFlow } from './column-flow.ts';
import { ColumnSlots } from './column-slots.ts';
import type { ColumnTask, ScoreBatches, VariantBatch } from './score.ts';

/** Slots hold the id that was written last; a batch is answered with the ids it finds in its slots. */
function fakeScorer(delay: () => number, threads = 4) {
  const contents = new Map<number, number>();
  const computed: number[] = [];
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, delay()));
  let failing: number | undefined;
  const scorer: ScoreBatches = {
    concurrency: threads * 2,
    threads,
    async computeColumns(tasks: readonly ColumnTask[]) {
      for (const { slot } of tasks) contents.delete(slot);
      await pause();
      for (const { id, slot } of tasks) {
        if (id === failing) throw new Error(`column ${id}`);
        contents.set(slot, id);
        computed.push(id);
      }
    },
    async score({ columns }: VariantBatch) {
      const found = () => columns!.slots.map((slot) => contents.get(slot) ?? Number.NaN);
      const before = found();
      await pause();
      // Nobody else may write to these slots while the batch reads them.
      expect(found()).toEqual(before);
      return Float64Array.from(before);
    },
    stats: () => ({ columnsComputed: computed.length, hits: 0, misses: 0 }),
    close: async () => undefined,
  };
  return { scorer, computed, fail: (id: number) => void (failing = id) };
}

const batch: VariantBatch = { stage: 'A', baseIndices: [0] };

describe('ColumnFlow', () => {
  test('400 batches over random columns, many in flight, each find exactly their columns', async () => {
    const seed = 5;
    const prng = createPrng(seed);
    const { scorer } = fakeScorer(() => prng.nextBelow(3));
    const slots = new ColumnSlots(16);
    const flow = new ColumnFlow(scorer, slots);
    const running: Promise<void>[] = [];
    for (let i = 0; i < 400; i++) {
      const ids = [...new Set(Array.from({ length: 1 + prng.nextBelow(8) }, () => prng.nextBelow(40)))];
      running.push(flow.score(batch, ids).then((rows) => expect([...rows], `seed ${seed}`).toEqual(ids)));
      if (running.length >= 12) await running.shift();
    }
    await Promise.all(running);
    expect(slots.stats.misses).toBe(flow.columnsComputed);
    expect(slots.acquire(Array.from({ length: 16 }, (_, i) => i))).toBeDefined();
  });

  test('a column that several batches need is computed once, and all of them wait for it', async () => {
    const { scorer, computed } = fakeScorer(() => 5);
    const flow = new ColumnFlow(scorer, new ColumnSlots(8));
    await Promise.all([flow.score(batch, [1, 2]), flow.score(batch, [2, 3]), flow.score(batch, [3, 1])]);
    expect(computed.sort()).toEqual([1, 2, 3]);
  });

  test('batches that fill all slots take turns', async () => {
    const { scorer } = fakeScorer(() => 1);
    const flow = new ColumnFlow(scorer, new ColumnSlots(2));
    const rows = await Promise.all(Array.from({ length: 20 }, (_, i) => flow.score(batch, [i, i + 100])));
    expect(rows.map((row) => row[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('missing columns are spread over the threads', async () => {
    const { scorer } = fakeScorer(() => 1);
    const lists: number[] = [];
    const spread: ScoreBatches = {
      ...scorer,
      // So cheap that many would fit one message.
      worked: () => ({ scoringMs: 0, columnsMs: 0.001 }),
      computeColumns: (tasks) => {
        lists.push(tasks.length);
        return scorer.computeColumns!(tasks);
      },
    };
    await new ColumnFlow(spread, new ColumnSlots(64)).score(
      batch,
      Array.from({ length: 64 }, (_, i) => i),
    );
    expect(lists).toEqual(Array.from({ length: 8 }, () => 8));
  });

  test('a column that fails fails every batch that needs it and everything after it, and leaves nobody waiting', async () => {
    const { scorer, fail } = fakeScorer(() => 2);
    fail(3);
    const flow = new ColumnFlow(scorer, new ColumnSlots(4));
    const found = await Promise.allSettled([
      flow.score(batch, [1, 2]),
      flow.score(batch, [2, 3]),
      flow.score(batch, [4, 5, 6]),
    ]);
    expect(found.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(flow.score(batch, [1])).rejects.toThrow('column 3');
  });

  test('a scorer that computes no columns on demand is handed batches as they are', async () => {
    const { scorer } = fakeScorer(() => 0);
    const seen: VariantBatch[] = [];
    const own: ScoreBatches = {
      ...scorer,
      computeColumns: undefined,
      score: async (asked) => {
        seen.push(asked);
        return new Float64Array(0);
      },
    };
    await new ColumnFlow(own, new ColumnSlots(4)).score(batch, [1]);
    expect(seen).toEqual([batch]);
  });
});
