// What the tests of real threads share: sweeps whose result is a hash, and strategy files written for one test.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { loadStrategy } from '../../src/loader/load-strategy.ts';
import type { Candles } from '../../src/market/candles.ts';
import { createPoolScorer, type PoolScorerOptions, type StrategyRef } from '../../src/pool/pool-scorer.ts';
import type { SweepOutcome, SweepRequest } from '../../src/sweep/request.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep, type SweepHost } from '../../src/sweep/run-sweep.ts';
import { testHost } from '../synthetic-request.ts';

if (!existsSync(fileURLToPath(new URL('../../dist/thread/scoring-thread.js', import.meta.url)))) {
  throw new Error('Threads run built files. Build first: npm run build');
}

export interface Scored {
  readonly hash: string;
  readonly outcome: SweepOutcome;
}

type PoolChoice = Pick<PoolScorerOptions, 'workers'> & Partial<PoolScorerOptions>;

/** Runs a sweep in the calling thread, or on a pool when `pool` is given. */
export async function sweep(
  request: SweepRequest,
  candles: Candles,
  pool?: PoolChoice,
  overrides: Partial<SweepHost> = {},
): Promise<Scored> {
  const host = testHost(candles, { ...(pool === undefined ? {} : poolHost(request, pool)), ...overrides });
  const outcome = await runSweep(request, host);
  return { hash: resultHash('test', request, host.window, outcome), outcome };
}

/** The part of a host that asks for a pool. A note fails the test. */
export function poolHost(
  request: SweepRequest,
  pool: PoolChoice,
): Pick<SweepHost, 'createScorer' | 'workers' | 'allWorkers'> {
  const onNote = (note: string): never => expect.fail(note);
  const createScorer = createPoolScorer({ strategyRef: { builtIn: request.strategy.name }, onNote, ...pool });
  // These sweeps are too short to be worth threads: the plan would grant one.
  return { workers: pool.workers, allWorkers: true, createScorer };
}

/** A folder that lives as long as a test file; give `remove` to afterAll. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'gridmill-pool-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a strategy file and loads it as the command line does. */
export async function strategyFile(folder: string, name: string, source: string) {
  writeFileSync(join(folder, `${name}.ts`), source);
  const cacheFolder = join(folder, 'cache');
  const entry = () => import('../../src/index.ts');
  const loaded = await loadStrategy(`./${name}.ts`, { folder, cacheFolder, entry });
  const { strategy, strategyHash } = loaded;
  const strategyRef: StrategyRef = { moduleUrl: loaded.moduleUrl! };
  return { strategy, strategyHash, strategyRef };
}

/**
 * A sound strategy of so many variants; in scoring threads `misdeed` runs at the start of each variant, and `atImport`
 * when the file is loaded. Both may ask `once(mark)`, which is true the first time anywhere.
 */
export function misbehavingStrategy(folder: string, name: string, variants: number, misdeed: string, atImport: string) {
  const source = `
import { isMainThread, parentPort, threadId } from 'node:worker_threads';
import { existsSync, writeFileSync } from 'node:fs';
import { defineStrategy, range } from 'gridmill';
function once(mark: unknown): boolean {
  const file = ${JSON.stringify(join(folder, `${name}-`))} + mark;
  if (existsSync(file)) return false;
  writeFileSync(file, '');
  return true;
}
let calls = 0;
if (!isMainThread) { ${atImport} }
export default defineStrategy({
  name: ${JSON.stringify(name)},
  parameters: { bars: range(2, ${variants + 1}) },
  compute(candles, { bars }) {
    calls++;
    if (!isMainThread) { ${misdeed} }
    const out = new Int8Array(candles.barCount);
    for (let i = bars; i < out.length; i++) out[i] = candles.close[i] > candles.close[i - bars] ? 1 : 0;
    return out;
  },
});`;
  return strategyFile(folder, name, source);
}
