// Models from the command line, and ONNX models through a thread of their own: against a double, and where
// GRIDMILL_ONNXRUNTIME names a folder in which onnxruntime-node is installed, against what scikit-learn predicts.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import * as entry from '../../src/index.ts';
import { loadStrategy } from '../../src/loader/load-strategy.ts';
import { evaluateOnnx, type OnnxQuestion } from '../../src/models/onnx-session.ts';
import { type OnnxModel, sharedBytes } from '../../src/models/packed-model.ts';
import { createPoolScorer } from '../../src/pool/pool-scorer.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import {
  columnOf,
  largestDifference,
  MODELS_FOLDER,
  modelBytes,
  type RecordedColumn,
  recorded,
} from '../fixtures/models/recorded.ts';
import { countOracle } from '../oracle/oracle.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

const double = pathToFileURL(join(MODELS_FOLDER, 'fake-onnxruntime.cjs')).href;
const any: OnnxQuestion = { output: undefined, column: undefined };
const modelOf = (text: string, runtimeUrl = double): OnnxModel => ({
  kind: 'onnx',
  name: './net.onnx',
  bytes: sharedBytes(new TextEncoder().encode(text)),
  runtimeUrl,
});

describe('an ONNX model', () => {
  const rows = 40_000;
  const inputs = [0, 1].map((f) => Float64Array.from({ length: rows }, (_, i) => (i % 977) * (f + 1)) as Float64Array);

  test('is answered for every row, across blocks', () => {
    const model = modelOf('weights 2 -1');
    const sums = evaluateOnnx(model, inputs, { output: 'sum', column: undefined }, rows);
    const pairs = evaluateOnnx(model, inputs, { output: 'pair', column: 0 }, rows);
    for (let i = 0; i < rows; i++) {
      const sum = 2 * inputs[0]![i]! - inputs[1]![i]!;
      expect(sums[i]).toBe(sum);
      expect(pairs[i]).toBe(1 - sum);
    }
  });

  test.each([
    ['of several outputs, none of them named', modelOf('weights 1 1'), any, 'MODEL_INVALID', 'sum, pair'],
    [
      'asked for an output it has not',
      modelOf('weights 1 1'),
      { output: 'x', column: undefined },
      'MODEL_INVALID',
      'sum, pair',
    ],
    [
      'of several columns, none named',
      modelOf('weights 1 1'),
      { output: 'pair', column: undefined },
      'MODEL_INVALID',
      '2 columns',
    ],
    [
      'asked for a column it has not',
      modelOf('weights 1 1'),
      { output: 'pair', column: 2 },
      'MODEL_INVALID',
      '2 columns',
    ],
    [
      'given too few features',
      modelOf('weights 1 1 1'),
      { output: 'sum', column: undefined },
      'MODEL_FAILED',
      'invalid dimensions',
    ],
    ['that is none', modelOf('nonsense'), any, 'MODEL_FAILED', 'Protobuf'],
    ['without its package', modelOf('weights 1 1', 'file:///none/index.js'), any, 'DEPENDENCY_MISSING', 'npm install'],
  ] as const)('%s is refused', (_, model, question, code, found) => {
    try {
      evaluateOnnx(model, inputs, question, 10);
      expect.fail('nothing was refused');
    } catch (error) {
      expect(isAppError(error, code) && error.message).toContain(found);
    }
  });
});

const installed = process.env['GRIDMILL_ONNXRUNTIME'];
const REAL_CASES = 2;
if (installed === undefined) countOracle(0, REAL_CASES);

describe.skipIf(installed === undefined)('onnxruntime-node itself (GRIDMILL_ONNXRUNTIME)', () => {
  const { inputs, ...predictions } = recorded<{
    inputs: RecordedColumn[];
    regressor: RecordedColumn;
    classifier: RecordedColumn;
  }>('onnx.json');
  const columns = inputs.map(columnOf);

  test.each([
    ['regressor', any],
    ['classifier', { output: 'probabilities', column: 1 }],
  ] as const)('predicts of the %s what scikit-learn predicts', (name, question) => {
    const runtimeUrl = pathToFileURL(createRequire(join(installed!, 'x.mjs')).resolve('onnxruntime-node')).href;
    const model: OnnxModel = { kind: 'onnx', name, bytes: sharedBytes(modelBytes(`${name}.onnx`)), runtimeUrl };
    const found = evaluateOnnx(model, columns, question, columns[0]!.length);
    expect(largestDifference(found, columnOf(predictions[name]))).toBeLessThan(1e-6);
    countOracle(1);
  });
});

describe('the command line', () => {
  let place: Workplace;
  beforeAll(() => {
    place = createWorkplace();
    place.write('btc.csv', csvOf(minuteCandles(3_000)));
    mkdirSync(join(place.folder, 'mine/node_modules/onnxruntime-node'), { recursive: true });
    copyFileSync(
      join(MODELS_FOLDER, 'fake-onnxruntime.cjs'),
      join(place.folder, 'mine/node_modules/onnxruntime-node/index.js'),
    );
    copyFileSync(join(MODELS_FOLDER, 'binary.txt'), join(place.folder, 'mine/binary.txt'));
    place.write('mine/net.onnx', 'weights 1 -1');
    place.write(
      'mine/predicted.ts',
      `import { choice, close, defineStrategy, garch, gt, lag, lightgbm, lt, onnx, roc, rsi } from 'gridmill';
export default defineStrategy({
  name: 'predicted',
  parameters: { n: choice(3, 5, 8, 13), m: choice(2, 4) },
  signals: (p) => {
    const tree = lightgbm('./binary.txt', [roc(close, p.n), roc(close, 2), rsi(close, 9), 3, rsi(close, 14)]);
    const net = onnx('./net.onnx', [roc(close, p.n), roc(close, p.m)], { output: 'sum' });
    return { enterLong: gt(tree, lag(tree, p.m)), exitLong: gt(net, 0), enterShort: lt(net, -0.1), exitShort: lt(garch(close, { every: 100, window: 200 }), 0.001) };
  },
});
`,
    );
  });
  afterAll(() => place.remove());

  interface Result {
    readonly resultHash: string;
    readonly strategy: { readonly hash: string };
    readonly top: readonly { readonly metrics: { readonly trades: number; readonly totalReturn: number } }[];
  }
  const sweep = async (...extra: string[]): Promise<Result> =>
    json(await place.run('sweep', 'mine/predicted.ts', '--data', 'btc.csv', '--json', ...extra));

  test('two threads come to the same result hash as one', async () => {
    const options = { folder: place.folder, cacheFolder: join(place.folder, 'cache'), entry: async () => entry };
    const loaded = await loadStrategy('./mine/predicted.ts', options);
    const strategyRef = { moduleUrl: loaded.moduleUrl! };
    const hashes: string[] = [];
    for (const workers of [1, 2]) {
      const request = testRequest('sma-cross', { ...loaded, top: 20 });
      const host = testHost(testCandles(3_000, 4, '5m'), {
        workers,
        allWorkers: true,
        createScorer: createPoolScorer({ workers, strategyRef, onNote: (note) => expect.fail(note) }),
      });
      const outcome = await runSweep(request, host);
      expect(outcome.plan.workers).toBe(workers);
      hashes.push(resultHash('test', request, host.window, outcome));
    }
    expect(hashes[1]).toBe(hashes[0]);
  });

  test('a bar strategy reads the models it names', async () => {
    place.write(
      'mine/barred.ts',
      `import { close, choice, defineBarStrategy, lightgbm, roc, rsi } from 'gridmill';
const score = lightgbm('./binary.txt', [roc(close, 3), roc(close, 2), rsi(close, 9), 3, rsi(close, 14)]);
export default defineBarStrategy({
  name: 'barred',
  parameters: { level: choice(0.4, 0.5) },
  models: [score],
  init: (context) => ({ score: context.column(score) }),
  onBar(context, { score }) {
    if (score.at() > context.parameters.level) context.buy();
    else context.exit();
  },
});
`,
    );
    const swept = await place.run(
      'sweep',
      'mine/barred.ts',
      '--data',
      'btc.csv',
      '--json',
      '--no-save',
      '--workers',
      '2',
    );
    expect(json<Result>(swept).top[0]!.metrics.trades).toBeGreaterThan(0);
  });

  test('sweeps, checks, runs and reproduces a strategy with models', async () => {
    const one = await sweep();
    expect(one.top[0]!.metrics.trades).toBeGreaterThan(10);
    const again = await place.run('run', '--result', 'latest', '--row', '1', '--json');
    expect(again.exitCode).toBe(0);
    const checked = await place.run('check', 'mine/predicted.ts', '--variants', '2', '--cuts', '3');
    expect(checked.stdout).toContain('No look-ahead found');
  });

  test('a changed model changes the hash, and results made with the old one cannot be run again', async () => {
    const before = await sweep();
    const file = join(place.folder, 'mine/binary.txt');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/(leaf_value=)(\S+)/, '$10.25'));
    const after = await sweep('--no-save');
    expect(after.strategy.hash).not.toBe(before.strategy.hash);
    expect(after.resultHash).not.toBe(before.resultHash);
    const again = await place.run('run', '--result', 'latest');
    expect(again.stderr).toContain('RESULT_MISMATCH');
    writeFileSync(file, text);
    expect((await sweep('--no-save')).resultHash).toBe(before.resultHash);
  });

  test('--model-memory refuses, and --estimate counts', async () => {
    const refused = await place.run('sweep', 'mine/predicted.ts', '--data', 'btc.csv', '--model-memory', '1kB');
    expect(refused).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('MODEL_MEMORY') });
    const estimate = await place.run('sweep', 'mine/predicted.ts', '--data', 'btc.csv', '--estimate');
    expect(estimate.stdout).toMatch(/Models\s+\d+ MB/);
  });
});
