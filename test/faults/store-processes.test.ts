// Do processes that write one key at the same time, or are killed while they write, leave a whole file?
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';

const KILLS = 6;
const SEED = 11;
const root = mkdtempSync(join(tmpdir(), 'gridmill-processes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src');
const key = { exchange: 'test', symbol: 'BTCUSDT', timeframe: parseTimeframe('1m') };
const program = join(root, 'writer.mjs');

/** A program that writes candles of seed argv[3] into the store argv[2], argv[4] times, saying `w` before each. */
function buildWriter(): void {
  const entry = join(root, 'writer.ts');
  writeFileSync(
    entry,
    `import { syntheticCandles } from ${JSON.stringify(join(source, 'market/synthetic.ts'))};
     import { openCandleStore } from ${JSON.stringify(join(source, 'store/candle-store.ts'))};
     const [root, seed, times] = process.argv.slice(2);
     const options = { seed: Number(seed), timeframe: '1m', barCount: 5000, startTime: 0, startPrice: 100 };
     const candles = syntheticCandles(options);
     const meta = { source: 'writer ' + seed, importedAt: 0, quality: null };
     const key = { exchange: 'test', symbol: 'BTCUSDT', timeframe: '1m' };
     for (let k = 0; k < Number(times); k++) {
       process.stdout.write('w');
       openCandleStore(root).write(key, candles, meta);
     }`,
  );
  const nodePaths = [join(source, '..', 'node_modules')];
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  buildSync({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    nodePaths,
    banner,
  });
}
buildWriter();

const start = (seed: number, times: number): ChildProcess =>
  spawn(process.execPath, [program, root, String(seed), String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });

const temps = (): string[] =>
  readdirSync(join(root, 'candles'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

test('two processes that write one key leave the whole file of one of them at every moment', async () => {
  const store = openCandleStore(root);
  const writers = [start(1, 12), start(2, 12)];
  const exits = writers.map((writer) => once(writer, 'exit'));
  let running = true;
  const finished = Promise.all(exits).then((codes) => {
    running = false;
    return codes;
  });
  const sources = new Set<string>();
  while (running) {
    if (store.has(key)) sources.add(store.read(key).meta.source);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect((await finished).map(([code]) => code)).toEqual([0, 0]);
  store.verify(key);
  expect([...sources].every((name) => name === 'writer 1' || name === 'writer 2')).toBe(true);
  expect(temps()).toEqual([]);
});

test(`a writer killed at ${KILLS} random moments (seed ${SEED}) leaves a whole file, and recovery no temporary one`, async () => {
  const store = openCandleStore(root);
  const prng = createPrng(SEED);
  for (let k = 0; k < KILLS; k++) {
    const writer = start(3 + k, 1_000_000);
    const exit = once(writer, 'exit');
    await once(writer.stdout!, 'data');
    await new Promise((resolve) => setTimeout(resolve, prng.nextBelow(40)));
    writer.kill('SIGKILL');
    await exit;
    store.verify(key);
    store.recover();
    expect(temps()).toEqual([]);
  }
});
