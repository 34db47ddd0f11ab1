// The crossing rule as small tables: one row per bar, a above (>), below (<), at (=) b, or without a value (?).
import { expect, test } from 'vitest';
import { crossAbove, crossBelow } from './crossing.ts';

const LEFT: Readonly<Record<string, number>> = { '>': 2, '<': 0, '=': 1, '?': Number.NaN };

const linesOf = (relations: string): [Float64Array, Float64Array] => {
  const left = Float64Array.from(relations, (relation) => LEFT[relation]);
  return [left, new Float64Array(left.length).fill(1)];
};

test.each([
  ['', '', 'no bars, no events'],
  ['<>', '01', 'from below to above is an event'],
  ['<=>', '001', 'an equal bar on the way keeps the crossing armed'],
  ['<>>>', '0100', 'an event is not repeated while above'],
  ['>>', '00', 'lines that start out above did not cross'],
  ['=>', '00', 'lines that start out equal did not cross'],
  ['<>=>', '0101', 'touching the line and rising again crosses again'],
  ['<?>', '000', 'a missing value disarms'],
  ['<?<>', '0001', 'and a lower bar arms again'],
  ['<>?>', '0100', 'no event after a missing value while above'],
  ['<><>', '0101', 'every round trip crosses'],
  ['<===>', '00001', 'any number of equal bars'],
])('crossAbove of %s is %s: %s', (relations, events) => {
  expect(crossAbove(...linesOf(relations)).join('')).toBe(events);
});

test('crossBelow is crossAbove upside down', () => {
  const [a, b] = linesOf('>=<<>?<><=<');
  const mirror = a.map((value) => 2 - value);
  expect(crossBelow(a, b)).toEqual(crossAbove(mirror, b));
});

test('a missing value on either side disarms', () => {
  const a = Float64Array.of(0, 0, 2);
  const b = Float64Array.of(1, Number.NaN, 1);
  expect([...crossAbove(a, b)]).toEqual([0, 0, 0]);
});
