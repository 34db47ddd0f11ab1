// The grid: index <-> parameters, keys, constraint, limits.
import { describe, expect, test } from 'vitest';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { choice, range } from '../strategy/parameters.ts';
import { barriersAt, createGrid, indicatorVariantKey, parametersAt, satisfiesConstraint, variantKey } from './grid.ts';
import { createPermutation } from './sampler.ts';
import { baseVariants, countBaseVariants } from './variants.ts';

const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
const parameters = { slow: choice(20, 30), fast: choice(5, 10, 25) };
const risk = { stopLoss: choice(0, 0.02), timeLimit: choice(10) };
const grid = createGrid({ strategy, arithmetic: 'standard', parameters, risk });

describe('createGrid', () => {
  test('enumerates in the declared order, last parameter fastest', () => {
    expect(grid.basePoints).toBe(6);
    expect(grid.riskPoints).toBe(2);
    expect([0, 1, 2, 5].map((i) => parametersAt(grid, i))).toEqual([
      { fast: 5, slow: 20 },
      { fast: 5, slow: 30 },
      { fast: 10, slow: 20 },
      { fast: 25, slow: 30 },
    ]);
  });

  test('leaves a barrier of 0 off', () => {
    expect(barriersAt(grid, 0)).toEqual({ timeLimit: 10 });
    expect(barriersAt(grid, 1)).toEqual({ stopLoss: 0.02, timeLimit: 10 });
  });

  test('applies the constraint lazily', () => {
    expect(satisfiesConstraint(grid, { fast: 25, slow: 20 })).toBe(false);
    expect([...baseVariants(grid, { seed: 1 })]).toEqual([0, 1, 2, 3, 5]);
    expect(countBaseVariants(grid)).toBe(5);
    expect([...baseVariants(grid, { seed: 1, offset: 1, limit: 4 })]).toEqual([1, 2, 3]);
    expect(countBaseVariants(grid, { seed: 1, offset: 1, limit: 4 })).toBe(3);
    expect([...baseVariants(grid, { seed: 1, offset: 6 })]).toEqual([]);
  });

  test('plans a grid of 10^9 points without listing it', () => {
    const large = createGrid({
      strategy,
      arithmetic: 'standard',
      parameters: { fast: range(1, 10_000), slow: range(1, 100_000) },
    });
    expect(large.basePoints).toBe(1e9);
    expect(countBaseVariants(large)).toBeUndefined();
    expect(parametersAt(large, 999_999_999)).toEqual({ fast: 10_000, slow: 100_000 });
    expect([...baseVariants(large, { seed: 7, sample: 3 })]).toHaveLength(3);
    expect([...baseVariants(large, { seed: 7, offset: 999_999_998, limit: 5 })]).toEqual([999_999_998, 999_999_999]);
    expect(() =>
      createGrid({ strategy, arithmetic: 'standard', parameters: { fast: range(1, 10_001), slow: range(1, 100_000) } }),
    ).toThrow(/variant limit/);
  });

  test('names the mistake in an axis', () => {
    const build = (input: object) => () => createGrid({ strategy, arithmetic: 'standard', ...input });
    expect(build({ parameters: { fats: choice(1) } })).toThrow(/"fats".*fast, slow/);
    expect(build({ risk: { stopLoss: choice(1.5) } })).toThrow(/stopLoss = 1.5/);
    expect(build({ risk: { timeLimit: choice(0.5) } })).toThrow(/whole number of bars/);
  });

  test('reports a constraint that throws', () => {
    const broken = { ...strategy, constraint: () => JSON.parse('{') };
    const bad = createGrid({ strategy: broken, arithmetic: 'standard' });
    expect(() => [...baseVariants(bad, { seed: 1 })]).toThrow(/constraint of sma-cross threw/);
  });
});

describe('keys', () => {
  test('do not depend on the order of parameters, and name arithmetic and barriers', () => {
    const a = variantKey(grid, { fast: 5, slow: 20 }, { takeProfit: 0.1, stopLoss: 0.02 });
    expect(a).toBe(variantKey(grid, { slow: 20, fast: 5 }, { stopLoss: 0.02, takeProfit: 0.1 }));
    expect(a).toBe('sma-cross|standard|fast=5,slow=20|stopLoss=0.02,takeProfit=0.1');
    expect(indicatorVariantKey(grid, { fast: 5, slow: 20 })).toBe('sma-cross|standard|fast=5,slow=20');
    expect(variantKey(grid, { fast: 5, slow: 20 }, {})).toBe(indicatorVariantKey(grid, { fast: 5, slow: 20 }));
  });
});

describe('createPermutation', () => {
  test.each([1, 2, 3, 10, 64, 1000, 4097])('visits each of %i indices once', (size) => {
    const draw = createPermutation(size, 5);
    const seen = new Set(Array.from({ length: size }, (_, i) => draw(i)));
    expect(seen.size).toBe(size);
    expect(Math.max(...seen)).toBe(size - 1);
  });

  test('depends on the seed and not on earlier draws', () => {
    const a = createPermutation(1e9, 1);
    expect(createPermutation(1e9, 1)(12345)).toBe(a(12345));
    expect(createPermutation(1e9, 2)(12345)).not.toBe(a(12345));
  });
});
