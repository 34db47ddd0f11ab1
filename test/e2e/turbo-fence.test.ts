// Trials behind guards and in fenced processes: the same outcomes, and hostile strategies that fail alone.
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { StrategyRef } from '../../src/pool/messages.ts';
import type { TrialSpec } from '../../src/trials/trial.ts';
import { createProcessTurboPool, type ProcessTurboPoolOptions } from '../../src/turbo/process-turbo-pool.ts';
import type { TurboPool } from '../../src/turbo/turbo-port.ts';
import { testClock } from '../synthetic-request.ts';
import { strategyFile, temporaryFolder } from './pool-fixtures.ts';
import { closePools, run, testPool, testSetup, textOf } from './turbo-fixtures.ts';

const place = temporaryFolder();
const open: TurboPool[] = [];
afterEach(async () => {
  await closePools();
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});
afterAll(place.remove);

function processPool(options: Partial<ProcessTurboPoolOptions> = {}): TurboPool {
  const pool = createProcessTurboPool({ workers: 2, clock: testClock, readable: [place.path], ...options });
  open.push(pool);
  return pool;
}

const specs: readonly TrialSpec[] = Array.from({ length: 24 }, (_, i) => ({
  cell: 0,
  parameters: { bars: 2 + i },
  barriers: {},
}));

async function strategyOf(name: string, deed: string): Promise<StrategyRef> {
  const source = `
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { defineStrategy, range } from 'gridmill';
const inPool = !isMainThread || process.argv[1]?.includes('trial-process');
const wasteland: any[] = [];
export default defineStrategy({
  name: '${name}',
  parameters: { bars: range(2, 40) },
  compute(candles, { bars }) {
    if (inPool && bars === 9) { ${deed} }
    const out = new Int8Array(candles.barCount);
    for (let i = bars; i < out.length; i++) out[i] = candles.close[i] * (1 + 1e-3 * Math.random()) > candles.close[i - bars] ? 1 : 0;
    return out;
  },
});`;
  const { strategyRef } = await strategyFile(place.path, name, source);
  const guards = { strategyFolder: place.path, storeRoot: join(place.path, 'store'), readOnlyFolders: [] };
  return { ...(strategyRef as { moduleUrl: string }), guards };
}

test('outcomes of processes are those of threads, chance included, bit for bit', async () => {
  const setup = testSetup(await strategyOf('dices', ''));
  const notes: string[] = [];
  const threads = testPool({ onNote: (note) => notes.push(note) });
  const expected = textOf(await run(await threads.open(setup), specs));
  const got = textOf(await run(await processPool().open(setup), specs));
  expect(got).toEqual(expected);
  expect(got.some((text) => text.includes('error'))).toBe(false);
  expect(notes.filter((note) => note.startsWith('Math.random at '))).toHaveLength(1);
});

test.each([
  ['writes', `fs.writeFileSync(${JSON.stringify(join(place.path, 'x'))}, '');`, 'STRATEGY_FORBIDDEN'],
  ['exits', 'process.exit(1);', 'STRATEGY_FORBIDDEN'],
])('a trial that %s fails alone, in threads and in processes', async (name, deed, code) => {
  const setup = testSetup(await strategyOf(name, deed));
  for (const pool of [testPool({ onNote: () => undefined }), processPool()]) {
    const outcomes = await run(await pool.open(setup), specs);
    expect(outcomes[7]).toMatchObject({ code });
    expect(outcomes.filter((outcome) => 'error' in outcome)).toHaveLength(1);
  }
});

test.each([
  ['loops', 'for (;;);'],
  ['hoards', 'for (;;) wasteland.push(new Float64Array(2 ** 21).fill(1));'],
])('in processes a trial that %s is the only one to fail', async (name, deed) => {
  const pool = processPool({ trialMsMax: name === 'loops' ? 600 : 20_000, heapMb: 128, memoryMb: 400, batchSize: 6 });
  const outcomes = await run(await pool.open(testSetup(await strategyOf(name, deed))), specs);
  expect(outcomes.flatMap((outcome, i) => ('error' in outcome ? [i] : []))).toEqual([7]);
});
