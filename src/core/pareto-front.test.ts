// The streaming Pareto front against its definition.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dominates, ParetoFront, type Scored } from './pareto-front.ts';

const score = fc.constantFrom(-1, 0, 1, 2, 3, Number.NaN);

test('holds exactly the items that nothing dominates, for any order of arrival', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(score, score, score), { maxLength: 40 }),
      fc.infiniteStream(fc.nat(999)),
      (list, order) => {
        const items: Scored[] = list.map((scores, i) => ({ scores, key: `v${i}` }));
        const valid = items.filter((item) => !item.scores.some(Number.isNaN));
        const wanted = valid.filter((item) => !valid.some((other) => dominates(other.scores, item.scores)));
        const shuffled = items.map((item) => ({ item, at: order.next().value })).sort((a, b) => a.at - b.at);
        const front = new ParetoFront<Scored>(100);
        for (const { item } of shuffled) front.push(item);
        const keys = (of: readonly Scored[]) => of.map((item) => item.key).sort();
        expect(keys(front.sorted())).toEqual(keys(wanted));
        const inOrder = new ParetoFront<Scored>(100);
        for (const item of items) inOrder.push(item);
        expect(front.sorted()).toEqual(inOrder.sorted());
      },
    ),
    { numRuns: 1000 },
  );
});

test('refuses to grow beyond its limit rather than keep an arbitrary part', () => {
  const front = new ParetoFront<Scored>(2);
  front.push({ scores: [1, 3], key: 'a' });
  front.push({ scores: [2, 2], key: 'b' });
  expect(() => front.push({ scores: [3, 1], key: 'c' })).toThrow(/within 2 items/);
  front.push({ scores: [4, 4], key: 'd' });
  expect(front.sorted().map((item) => item.key)).toEqual(['d']);
});
