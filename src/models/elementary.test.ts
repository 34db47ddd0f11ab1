// exp and log of our own: within a unit in the last place of the engine's, exact where they must be.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exp, log } from './elementary.ts';

const near = (found: number, expected: number): boolean =>
  found === expected || Math.abs(found - expected) <= 2.3e-16 * Math.abs(expected) + 5e-324;

test('exp is exp', () => {
  fc.assert(
    fc.property(fc.double({ min: -750, max: 715, noNaN: true }), (x) => near(exp(x), Math.exp(x))),
    { numRuns: 20_000 },
  );
  expect([exp(0), exp(-0), exp(-Infinity), exp(Infinity), exp(710)]).toEqual([1, 1, 0, Infinity, Infinity]);
  expect(exp(Number.NaN)).toBeNaN();
});

test('log is log', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, noNaN: true }), (x) => near(log(x), Math.log(x))),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => near(log(x), Math.log(x))));
  expect([log(1), log(0), log(Infinity)]).toEqual([0, -Infinity, Infinity]);
  expect([log(-1), log(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
});
