// LightGBM models give what LightGBM gives, to 1e-12, for every objective, kind of node and odd value.
import { describe, expect, test } from 'vitest';
import {
  columnOf,
  largestDifference,
  modelBytes,
  type RecordedColumn,
  recorded,
} from '../../test/fixtures/models/recorded.ts';
import { evaluateForest } from './forest-evaluation.ts';
import { packForest } from './lightgbm-forest.ts';

interface Case {
  readonly prediction: readonly RecordedColumn[];
  readonly raw: readonly RecordedColumn[];
}
const { inputs, cases } = recorded<{ inputs: RecordedColumn[]; cases: Record<string, Case> }>('lightgbm.json');
const columns = inputs.map(columnOf);
const rows = columns[0]!.length;

describe.each(Object.entries(cases))('the model %s', (name, expected) => {
  const forest = packForest(name, modelBytes(`${name}.txt`));

  test('predicts what LightGBM predicts', () => {
    expect(forest.classes).toBe(expected.prediction.length);
    for (const [output, values] of expected.prediction.entries()) {
      const found = evaluateForest(forest, columns, { output, raw: false }, rows);
      expect(largestDifference(found, columnOf(values))).toBeLessThan(1e-12);
    }
  });

  test('gives the raw score that LightGBM gives', () => {
    for (const [output, values] of expected.raw.entries()) {
      const found = evaluateForest(forest, columns, { output, raw: true }, rows);
      expect(largestDifference(found, columnOf(values))).toBeLessThan(1e-12);
    }
  });

  test('gives every row the same in any company', () => {
    // Rows without missing values take another way through the trees: alone, and in blocks with those that have some.
    const whole = evaluateForest(forest, columns, { output: 0, raw: true }, rows);
    const long = columns.map((column) => Float64Array.from({ length: 1000 }, (_, i) => column[(i * 7) % rows]!));
    const many = evaluateForest(forest, long, { output: 0, raw: true }, 1000);
    for (let i = 0; i < 1000; i++) expect(Object.is(many[i], whole[(i * 7) % rows])).toBe(true);
    for (let r = 0; r < rows; r++) {
      const alone = evaluateForest(
        forest,
        columns.map((column) => column.slice(r, r + 1)),
        { output: 0, raw: true },
        1,
      );
      expect(Object.is(alone[0], whole[r])).toBe(true);
    }
  });
});
