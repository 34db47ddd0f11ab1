// Ridge coefficients give what scikit-learn gives.
import { expect, test } from 'vitest';
import {
  columnOf,
  largestDifference,
  modelBytes,
  type RecordedColumn,
  recorded,
} from '../../test/fixtures/models/recorded.ts';
import { evaluateRidge, readRidge } from './ridge.ts';

test('predictions equal those of StandardScaler and Ridge, and are missing where a feature is', () => {
  const { inputs, prediction } = recorded<{ inputs: RecordedColumn[]; prediction: RecordedColumn }>('ridge.json');
  const columns = inputs.map(columnOf);
  const found = evaluateRidge(readRidge('ridge', modelBytes('ridge-model.json')), columns, columns[0]!.length);
  expect(largestDifference(found, columnOf(prediction))).toBeLessThan(1e-12);
  expect([...found].filter(Number.isNaN)).toHaveLength(1);
});

test('without mean and scale features are taken as they are', () => {
  const model = readRidge('ridge', new TextEncoder().encode('{"intercept": 0.5, "coefficients": [2, -1]}'));
  expect([...evaluateRidge(model, [Float64Array.of(1, 2), Float64Array.of(3, 10)], 2)]).toEqual([-0.5, -5.5]);
});
