// Model columns in sweeps: the same in both engines, shared between variants, hashed, lazy.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import * as entry from '../../src/index.ts';
import { loadStrategy } from '../../src/loader/load-strategy.ts';
import { evaluateForest } from '../../src/models/forest-evaluation.ts';
import { packForest } from '../../src/models/lightgbm-forest.ts';
import { MODEL_CACHE } from '../../src/models/model-cache.ts';
import { auditStrategy } from '../../src/sweep/audit.ts';
import { ColumnStore } from '../../src/sweep/columns.ts';
import { estimateSweep } from '../../src/sweep/estimate.ts';
import { metricsAgree } from '../../src/sweep/fast-tolerance.ts';
import { createGrid, parametersAt } from '../../src/sweep/grid.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { MODELS_FOLDER, modelBytes } from '../fixtures/models/recorded.ts';
import { testCandles, testClock, testHost, testRequest } from '../synthetic-request.ts';

const folder = mkdtempSync(join(tmpdir(), 'gridmill-models-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const file of ['regression.txt', 'multiclass.txt', 'ridge-model.json']) {
  copyFileSync(join(MODELS_FOLDER, file), join(folder, file));
}

const FEATURES = '[roc(close, p.n), rsi(close, 14), subtract(close, sma(close, 20)), 5, rsi(hourly.close, 5)]';

/** Every kind of model with a native evaluation, some of them over swept features, two of which do not depend on `x`. */
const SOURCE = `
import { add, close, defineStrategy, garch, gt, lag, lightgbm, lt, multiply, on, or, and, range, ridge, ridgeWalkForward, roc, rsi, sma, subtract, choice } from 'gridmill';
export default defineStrategy({
  name: 'predicted',
  parameters: { n: choice(3, 8), x: range(1, 4), every: choice(200, 300) },
  signals: (p) => {
    const hourly = on('1h');
    const tree = lightgbm('./regression.txt', ${FEATURES});
    const up = lightgbm('multiclass.txt', ${FEATURES}, { class: 2 });
    const line = ridge('ridge-model.json', [roc(close, 3), rsi(close, 9), roc(hourly.close, 2)]);
    const walked = ridgeWalkForward(close, [roc(close, p.n), rsi(close, 14)], { horizon: 5, every: p.every, window: 300 });
    const calm = lt(garch(close, { every: p.every, window: 300 }), 0.0012);
    return {
      enterLong: and(gt(tree, add(lag(tree, 3), constant(p.x))), or(gt(walked, 0), gt(up, lag(up, 2)))),
      exitLong: or(lt(tree, lag(tree, 2)), calm),
      enterShort: lt(line, lag(line, 4)),
      exitShort: gt(line, lag(line, 2)),
    };
  },
});
function constant(x) { return multiply(lightgbm('./regression.txt', [1, 2, x, 4, 5], { raw: true }), 0.01); }
`;
writeFileSync(join(folder, 'predicted.ts'), SOURCE);

const load = (file = 'predicted.ts', modelBytesMax?: number) =>
  loadStrategy(`./${file}`, { folder, cacheFolder: join(folder, 'cache'), entry: async () => entry, modelBytesMax });
const candles = testCandles(3_000, 4, '5m');

beforeEach(() => MODEL_CACHE.clear());

describe('a sweep over models', () => {
  test('has the same trades and metrics in both engines', async () => {
    const loaded = await load();
    const request = testRequest('sma-cross', { ...loaded, rank: 'totalReturn', top: 20 });
    const fast = await runSweep(request, testHost(candles, { engine: 'fast' }));
    const normative = await runSweep(request, testHost(candles, { engine: 'normative' }));
    expect(fast.engine.name).toBe('fast');
    expect(fast.scored).toBe(16);
    const byKey = new Map(normative.top.map((row) => [row.variantKey, row]));
    let trades = 0;
    for (const row of fast.top) {
      const other = byKey.get(row.variantKey)!.metrics;
      expect(row.metrics.trades).toBe(other.trades);
      expect(metricsAgree('totalReturn', row.metrics, other, 100_000)).toBe(true);
      expect(metricsAgree('sharpe', row.metrics, other, 100_000)).toBe(true);
      trades += other.trades ?? 0;
    }
    expect(trades).toBeGreaterThan(200);
  });

  test('shares a model column between variants whose features are the same', async () => {
    const { strategy } = await load();
    const outcome = await runSweep(testRequest('sma-cross', { strategy }), testHost(candles, { engine: 'fast' }));
    // Compared are tree, up and their lags (n), line and its lags, walked (n, every), garch (every), and a sum (n, x).
    expect(outcome.plan.columnsComputed).toBe(2 + 2 + 2 + 2 + 3 + 4 + 2 + 8);
  });

  test('does not look ahead, and settles within its warm-up', async () => {
    const { strategy } = await load();
    const grid = createGrid({ strategy, arithmetic: 'standard' });
    const variants = [0, 15].map((index) => parametersAt(grid, index));
    const report = auditStrategy({ strategy, arithmetic: 'standard', history: candles, variants, seed: 3, cuts: 6 });
    expect(report).toMatchObject({ lookAhead: [], warmUp: [], withoutSignal: 0 });
  });

  test('is priced with its models', async () => {
    const { strategy, models } = await load();
    const files = models!.reduce((sum, { bytes }) => sum + bytes, 0);
    const request = testRequest('sma-cross', { strategy });
    const estimate = estimateSweep(request, { ...testHost(candles), clock: testClock });
    expect(estimate.bytes.models).toBeGreaterThan(files);
    expect(estimate.distinctColumns).toBeGreaterThan(19);
    const refused = await runSweep(request, testHost(candles, { budgetBytes: 1e6 })).catch((error: unknown) => error);
    expect(isAppError(refused, 'BUDGET_BYTES') && refused.found).toMatch(/1 MB for models/);
  });
});

test('a column of predictions is what the model says of the features, once each of them has had a value', async () => {
  const { strategy } = await load();
  const store = new ColumnStore({ history: candles, arithmetic: 'standard', cacheBytes: 1e9, isShared: () => false });
  store.begin({ n: 3, x: 1, every: 200 });
  const { exitLong } = strategy.signals as { exitLong: { inputs: readonly { inputs: readonly unknown[] }[] } };
  const columns = exitLong.inputs.map(({ inputs }) => inputs[0] as entry.Column);
  const tree = columns.find((column) => column.key.startsWith('lightgbm'))!;
  const inputs = (tree as { inputs: readonly entry.Column[] }).inputs.map((input) => {
    const values = store.baseColumn(input);
    return typeof values === 'number' ? new Float64Array(candles.barCount).fill(values) : values;
  });
  const forest = packForest('regression.txt', modelBytes('regression.txt'));
  const expected = evaluateForest(forest, inputs, { output: 0, raw: false }, candles.barCount);
  // Five closed hours and the first change of the sixth.
  const first = Math.max(...inputs.map((input) => input.findIndex((value) => !Number.isNaN(value))));
  expect(first).toBeGreaterThan(60);
  expect(store.baseColumn(tree)).toEqual(expected.fill(Number.NaN, 0, first));
});

describe('models in memory', () => {
  test('are read when their first column is computed, once', async () => {
    const { strategy } = await load();
    expect(MODEL_CACHE.size).toBe(0);
    await runSweep(testRequest('sma-cross', { strategy }), testHost(candles));
    expect(MODEL_CACHE.size).toBe(3);
    const again = await load();
    await runSweep(testRequest('sma-cross', { strategy: again.strategy }), testHost(candles));
    expect(MODEL_CACHE.size).toBe(3);
  });

  test('beyond their bytes are refused when the strategy is loaded', async () => {
    const failure = await load('predicted.ts', 20_000).catch((error) => error);
    expect(isAppError(failure, 'MODEL_MEMORY') && failure.todo).toContain('--model-memory');
  });
});

describe('the strategy hash', () => {
  test('changes when a model changes on disk, and a changed model is not mixed with the one that was hashed', async () => {
    const before = await load();
    const { strategy } = before;
    const text = readFileSync(join(folder, 'regression.txt'), 'utf8');
    writeFileSync(join(folder, 'regression.txt'), text.replace('\nfeature_infos', '\nfeature_infos '));
    try {
      expect((await load()).strategyHash).not.toBe(before.strategyHash);
      // Loaded again, but the module is the same: hold on to the load before.
      const stale = runSweep(testRequest('sma-cross', { strategy: before.strategy }), testHost(candles));
      await expect(stale).resolves.toBeDefined();
      expect(strategy).toBe(before.strategy);
    } finally {
      writeFileSync(join(folder, 'regression.txt'), text);
    }
    expect((await load()).strategyHash).toBe(before.strategyHash);
  });

  test('a model that changes between loading and its first column is refused', async () => {
    const { strategy } = await load();
    const text = readFileSync(join(folder, 'regression.txt'), 'utf8');
    writeFileSync(join(folder, 'regression.txt'), `${text}\n`);
    try {
      const failure = await runSweep(testRequest('sma-cross', { strategy }), testHost(candles)).catch((error) => error);
      expect(isAppError(failure, 'MODEL_CHANGED')).toBe(true);
      rmSync(join(folder, 'regression.txt'));
      const gone = await runSweep(testRequest('sma-cross', { strategy }), testHost(candles)).catch((error) => error);
      expect(isAppError(gone, 'MODEL_NOT_FOUND')).toBe(true);
    } finally {
      writeFileSync(join(folder, 'regression.txt'), text);
    }
  });
});
