// Does a study come to the same trials and the same hash, however many workers answer, in whatever order and batches?
import { expect, test } from 'vitest';
import { MODES } from '../../src/optimise/study.ts';
import { range } from '../../src/strategy/parameters.ts';
import { metricsWith, runMadeUp, type Score, studyRequest } from './made-up-study.ts';

const PARAMETERS = { a: range(0, 60), b: range(0, 40), c: range(1, 9) };

const bumpy: Score = ({ parameters: { a = 0, b = 0, c = 0 }, cell }) => {
  if ((a * 7 + b) % 29 === 0) return { error: 'made to fail', code: 'STRATEGY_FAILED' };
  const sharpe = -Math.abs(a - 41) / 10 - Math.abs(b - 13) / 7 + c / 9 + ((a * b) % 5) / 10 - cell / 100;
  return { metrics: metricsWith({ sharpe, trades: a + b, maxDrawdown: b / 100 }) };
};

test.each(MODES)('%s: one hash for any number of workers, batch size and order of answers', async (mode) => {
  const request = studyRequest(PARAMETERS, {
    mode,
    trials: 400,
    lag: 32,
    rungs: mode === 'discovery' ? 3 : 1,
    where: [{ metric: 'trades', operator: '>=', value: 20 }],
    anchors: [
      { a: 20, b: 20, c: 3 },
      { a: 50, b: 2, c: 8 },
    ],
  });
  const first = await runMadeUp(request, bumpy);
  expect(first.done).toBe(400);
  expect(first.failed).toBeGreaterThan(0);
  for (const [workers, batchSize, seed] of [
    [1, 7, 2],
    [2, 1, 3],
    [3, 5, 4],
    [4, 16, 5],
    [16, 3, 6],
  ] as const) {
    const other = await runMadeUp(request, bumpy, { seed, workers, batchSize });
    expect(other.studyHash).toBe(first.studyHash);
    expect(other.rows).toEqual(first.rows);
  }
  const otherSeed = await runMadeUp({ ...request, seed: 2 }, bumpy);
  expect(otherSeed.studyHash).not.toBe(first.studyHash);
});
