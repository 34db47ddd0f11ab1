// Column ids: one per distinct column of the grid, the same for every variant that shares it.
import { describe, expect, test } from 'vitest';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { range } from '../strategy/parameters.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { createGrid, parametersAt } from './grid.ts';

const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
const parameters = { fast: range(5, 9, 1), slow: range(20, 50, 10) };
const grid = createGrid({ strategy, arithmetic: 'standard', parameters });

describe('ColumnCatalog', () => {
  test('counts every distinct column once', () => {
    expect(new ColumnCatalog(strategy, grid).count).toBe(5 + 4);
  });

  test('variants share ids exactly where they share parameters, and an id describes its column', () => {
    const catalog = new ColumnCatalog(strategy, grid);
    const seen = new Set<number>();
    for (let base = 0; base < grid.basePoints; base++) {
      const { fast, slow } = parametersAt(grid, base);
      const described = catalog.idsOf(base).map((id) => {
        seen.add(id);
        return catalog.describe(id).parameters;
      });
      expect(described).toEqual([{ fast }, { slow }]);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 9 }, (_, id) => id));
  });
});
