// Does the guide to models say what is true? Its example sweeps, passes the check, and its table is complete.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import * as entry from '../../src/index.ts';
import { loadStrategy } from '../../src/loader/load-strategy.ts';
import { auditStrategy } from '../../src/sweep/audit.ts';
import { createGrid, parametersAt } from '../../src/sweep/grid.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { MODELS_FOLDER } from '../fixtures/models/recorded.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guides/models.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'gridmill-models-guide-'));
afterAll(() => rmSync(folder, { recursive: true }));
copyFileSync(join(MODELS_FOLDER, 'binary.txt'), join(folder, 'model.txt'));
writeFileSync(join(folder, 'predicted-rise.ts'), /^```ts\n(.+?)^```$/ms.exec(guide)![1]!);
const load = () =>
  loadStrategy('./predicted-rise.ts', { folder, cacheFolder: join(folder, 'cache'), entry: async () => entry });
const candles = testCandles(4_000, 4, '5m');

test('the example sweeps with trades', async () => {
  const { strategy } = await load();
  const outcome = await runSweep(testRequest('sma-cross', { strategy, rank: 'trades' }), testHost(candles));
  expect(outcome.engine.name).toBe('fast');
  expect(outcome.scored).toBe(6);
  expect(outcome.top[0]!.metrics.trades).toBeGreaterThan(5);
});

test('the example does not look ahead', async () => {
  const { strategy } = await load();
  const grid = createGrid({ strategy, arithmetic: 'standard' });
  const variants = [parametersAt(grid, grid.basePoints - 1)];
  const report = auditStrategy({ strategy, arithmetic: 'standard', history: candles, variants, seed: 3, cuts: 6 });
  expect(report).toMatchObject({ lookAhead: [], withoutSignal: 0 });
});

test('the table names every model that a strategy can import', () => {
  const block = /export \{([^}]+)\} from '.\/strategy\/model-expressions/.exec(
    readFileSync(join(root, 'src/index.ts'), 'utf8'),
  )![1]!;
  const names = block.split(',').map((name) => name.trim());
  expect(names).toHaveLength(5);
  expect(names.filter((name) => !guide.includes(`\n| \`${name}(`))).toEqual([]);
});
