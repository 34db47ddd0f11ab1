// Chance in strategy code: the rows of a variant are those it has alone, whatever its thread has run before.
import { afterAll, expect, test } from 'vitest';
import { METRIC_NAMES } from '../../src/metrics/metrics.ts';
import type { SweepRequest } from '../../src/sweep/request.ts';
import { testCandles, testRequest } from '../synthetic-request.ts';
import { strategyFile, sweep, temporaryFolder } from './pool-fixtures.ts';

const place = temporaryFolder();
afterAll(place.remove);

/** Draws at import, in init, from bar to bar, and in a column that variants share. */
const SOURCE = `
import { choice, close, customColumn, defineBarStrategy, range } from 'gridmill';
const atImport = Math.random();
export default defineBarStrategy({
  name: 'dices',
  parameters: { n: range(2, 9), k: choice(3, 5) },
  init({ parameters: { k }, column }) {
    const before = Math.random();
    const noise = column(customColumn('noise', [close], [k], ([values]) => values.map(() => Math.random())));
    return { noise, luck: (atImport + before + Math.random()) / 3 };
  },
  onBar(context, { noise, luck }) {
    if (Math.random() + noise.at() < 0.2 * luck) context.buy();
    if (Math.random() < 1 / context.parameters.n + (Date.now() % 3) / 100) context.exit();
  },
});`;

test('a bar strategy scores the same alone, after others, and on one thread or two', async () => {
  const { strategy, strategyHash, strategyRef } = await strategyFile(place.path, 'dices', SOURCE);
  const candles = testCandles(400, 3);
  const request: SweepRequest = testRequest('sma-cross', { strategy, strategyHash, parameters: {}, top: 16 });
  const here = await sweep(request, candles);
  expect(here.outcome.top).toHaveLength(16);
  expect(new Set(here.outcome.top.map(({ metrics }) => metrics.totalReturn)).size).toBeGreaterThan(8);
  const onNote = (): void => undefined;
  for (const workers of [1, 2]) {
    const pool = { workers, strategyRef, apart: true, onNote };
    expect((await sweep(request, candles, pool, { batchSize: 3 })).hash).toBe(here.hash);
  }
  for (const { params, metrics } of here.outcome.top) {
    const parameters = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { values: [value] }]));
    const alone = await sweep({ ...request, parameters }, candles);
    for (const name of METRIC_NAMES) expect(alone.outcome.top[0]!.metrics[name]).toBe(metrics[name]);
  }
});
