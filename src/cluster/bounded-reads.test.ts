// Reads with a bounded number on their way: the same results in whatever order they come, errors at their turn.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { readAhead, readAll } from './bounded-reads.ts';

const SEED = Number(process.env['GRIDMILL_TEST_SEED'] ?? 5);
const replay = `GRIDMILL_TEST_SEED=${SEED}`;

/** Reads that end in an order of chance; some fail. */
function slowPlace(fails: readonly number[] = []) {
  const prng = createPrng(SEED);
  const waiting: (() => void)[] = [];
  const asked: number[] = [];
  let isPumping = false;
  const pump = (): void => {
    waiting.splice(prng.nextBelow(waiting.length), 1)[0]!();
    if (waiting.length > 0) setImmediate(pump);
    else isPumping = false;
  };
  const most = { atOnce: 0 };
  return {
    asked,
    most,
    onTheWay: () => waiting.length,
    async read(at: number): Promise<string> {
      asked.push(at);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        most.atOnce = Math.max(most.atOnce, waiting.length);
        if (!isPumping) setImmediate(pump);
        isPumping = true;
      });
      if (fails.includes(at)) throw new Error(`item ${at}`);
      return `read ${at}`;
    },
  };
}

const items = Array.from({ length: 100 }, (_, at) => at);

describe('all of a list', () => {
  test('comes in the order of the list, so many at once', async () => {
    for (const [atOnce, count] of [
      [7, 100],
      [1, 5],
      [16, 3],
      [4, 0],
    ] as const) {
      const place = slowPlace();
      const found = await readAll(items.slice(0, count), atOnce, place.read);
      expect(found, replay).toEqual(items.slice(0, count).map((at) => `read ${at}`));
      expect(place.most.atOnce, replay).toBe(Math.min(atOnce, count));
    }
  });

  test('of several errors throws the one of the first item, with nothing left on its way and nothing begun anew', async () => {
    const place = slowPlace([20, 21, 22, 23]);
    await expect(readAll(items, 8, place.read)).rejects.toThrow(/^item 2[0-3]$/);
    expect(place.onTheWay(), replay).toBe(0);
    expect(place.asked.length, replay).toBeLessThan(40);
    const together = slowPlace(items);
    await expect(readAll(items, 8, together.read)).rejects.toThrow('item 0');
    expect(together.asked.length).toBe(8);
  });
});

describe('one after the other', () => {
  const take = async (next: (at: number) => Promise<string>, count: number): Promise<string[]> => {
    const found: string[] = [];
    for (let at = 0; at < count; at++) found.push(await next(at));
    return found;
  };

  test('is read ahead, so many at once, and so many bytes', async () => {
    const place = slowPlace();
    const plan = { count: 100, bytesOf: () => 10, read: place.read, atOnce: 6, bytesMax: 1_000 };
    expect(await take(readAhead(plan), 100), replay).toEqual(items.map((at) => `read ${at}`));
    expect([place.most.atOnce, place.asked], replay).toEqual([6, items]);
    const narrow = slowPlace();
    expect(await take(readAhead({ ...plan, read: narrow.read, bytesMax: 35 }), 100)).toHaveLength(100);
    expect(narrow.most.atOnce, replay).toBe(3);
    // What is larger than all that may be held is read alone.
    const large = slowPlace();
    expect(await take(readAhead({ ...plan, read: large.read, bytesMax: 5 }), 100)).toHaveLength(100);
    expect(large.most.atOnce).toBe(1);
  });

  test('what has come and was not asked for counts as held', async () => {
    const asked: number[] = [];
    const read = async (at: number): Promise<number> => asked.push(at);
    const next = readAhead({ count: 100, bytesOf: (at) => (at === 0 ? 5 : 10), read, atOnce: 4, bytesMax: 30 });
    await next(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([0, 1, 2]);
    await next(1);
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  test('an error is heard at its turn, or never', async () => {
    const place = slowPlace([2, 3]);
    const next = readAhead({ count: 9, bytesOf: () => 1, read: place.read, atOnce: 4, bytesMax: 9 });
    expect(await take(next, 2)).toEqual(['read 0', 'read 1']);
    await expect(next(2)).rejects.toThrow('item 2');
  });
});
