// The streaming top-k against a full sort.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareRanked, type Ranked, TopK } from './top-k.ts';

// A small alphabet of scores makes ties, and with them -0, NaN and infinities, frequent.
const scores = fc.constantFrom(0, -0, 1, 1, 2, -3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1);

describe('TopK', () => {
  test('equals a full sort for any scores, any k and any order of arrival', () => {
    fc.assert(
      fc.property(
        fc.array(scores, { maxLength: 60 }),
        fc.integer({ min: 0, max: 70 }),
        fc.infiniteStream(fc.nat(1000)),
        (list, k, order) => {
          const items: Ranked[] = list.map((score, i) => ({ score, key: `v${String(i).padStart(3, '0')}` }));
          const shuffled = items.map((item) => ({ item, at: order.next().value })).sort((a, b) => a.at - b.at);
          const top = new TopK<Ranked>(k);
          for (const { item } of shuffled) if (top.wouldAdmit(item.score)) top.push(item);
          expect(top.sorted()).toEqual([...items].sort(compareRanked).slice(0, k));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('ranks NaN last and breaks ties by key', () => {
    const items = [
      { score: Number.NaN, key: 'a' },
      { score: 1, key: 'c' },
      { score: 1, key: 'b' },
      { score: Number.NEGATIVE_INFINITY, key: 'd' },
    ];
    expect([...items].sort(compareRanked).map((item) => item.key)).toEqual(['b', 'c', 'd', 'a']);
  });

  test('treats -0 and 0 as one score', () => {
    expect(compareRanked({ score: -0, key: 'a' }, { score: 0, key: 'b' })).toBe(-1);
    expect(compareRanked({ score: 0, key: 'a' }, { score: -0, key: 'b' })).toBe(-1);
  });
});
