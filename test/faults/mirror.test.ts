// Do mirror files hold when processes share them, die with them half-written, or the disk fails at any operation?
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../../src/core/clock.ts';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { type Candles, candlesHash } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { createMirror } from '../../src/mirror/mirror.ts';
import { attachMirrorFile } from '../../src/mirror/mirror-file.ts';
import { openMirrorFolder } from '../../src/mirror/mirror-folder.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import { faultLoop } from './fault-disk.ts';

const KILLS = 6;
/** Kills until one has met a half-written file. */
const KILLS_MAX = 60;
const SEED = 13;
const timeframe = parseTimeframe('1m');
const candlesOf = (barCount: number): Candles =>
  syntheticCandles({ seed: 5, timeframe, barCount, startTime: 0, startPrice: 100 });
const key = { exchange: 'x', symbol: 'A', timeframe };
const meta = { source: 'test', importedAt: 0, quality: null };

const programs = mkdtempSync(join(tmpdir(), 'gridmill-mirror-program-'));
const program = join(programs, 'process.mjs');
const source = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src');

/**
 * `attach PATH` prints the hash of what it reads, and again after each line of input. `write FOLDER BARS TIMES` writes
 * and lets go, saying `w` before each. `hold FOLDER BARS` writes, prints the path and waits.
 */
function buildProgram(): void {
  const entry = join(programs, 'process.ts');
  const from = (path: string): string => JSON.stringify(join(source, path));
  writeFileSync(
    entry,
    `import { candlesHash } from ${from('market/candles.ts')};
     import { syntheticCandles } from ${from('market/synthetic.ts')};
     import { attachMirrorFile } from ${from('mirror/mirror-file.ts')};
     import { openMirrorFolder } from ${from('mirror/mirror-folder.ts')};
     const [mode, place, bars, times] = process.argv.slice(2);
     const note = (text) => process.stdout.write('note ' + text);
     if (mode === 'attach') {
       const attached = attachMirrorFile(place);
       const say = () => process.stdout.write(candlesHash(attached.read()) + '\\n');
       say();
       process.stdin.on('data', say);
     } else {
       const folder = openMirrorFolder({ folder: place, bytesMax: 1e8 }, note);
       const options = { seed: 5, timeframe: '1m', barCount: Number(bars), startTime: 0, startPrice: 100 };
       const candles = syntheticCandles(options);
       const hash = candlesHash(candles);
       for (let k = 0; k < Number(times ?? 0); k++) {
         process.stdout.write('w');
         folder.write(hash, candles)?.release();
       }
       if (mode === 'hold') {
         process.stdout.write(folder.write(hash, candles).path + '\\n');
         setInterval(() => {}, 1000);
       }
     }`,
  );
  buildSync({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm' });
}
buildProgram();
afterAll(() => rmSync(programs, { recursive: true, force: true }));

let root: string;
let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-mirror-faults-'));
  folder = join(root, 'files');
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}
const nextLine = async (child: ChildProcess): Promise<string> => String((await once(child.stdout!, 'data'))[0]).trim();
const notes: string[] = [];
const open = () => openMirrorFolder({ folder, bytesMax: 1e8 }, (text) => notes.push(text))!;

test('two processes read one file, and keep what they opened through a refresh and the end of the mirror', async () => {
  const store = openCandleStore(join(root, 'store'));
  const before = candlesOf(20_000);
  store.write(key, before, meta);
  const mirror = createMirror({ store, clock: createFakeClock(), bytesMax: 1e8, tmpfs: { folder, bytesMax: 1e8 } });
  const { file } = mirror.get('x/A/1m');
  const readers = [start('attach', file!), start('attach', file!)];
  const hash = candlesHash(before);
  expect(await Promise.all(readers.map(nextLine))).toEqual([hash, hash]);
  const after = candlesOf(30_000);
  store.write(key, after, meta);
  await mirror.refresh();
  const newer = mirror.get('x/A/1m').file!;
  expect(newer).not.toBe(file);
  const third = start('attach', newer);
  expect(await nextLine(third)).toBe(candlesHash(after));
  mirror.close();
  expect(readdirSync(folder)).toEqual([]);
  for (const reader of [...readers, third]) reader.stdin!.write('again\n');
  expect(await Promise.all([...readers, third].map(nextLine))).toEqual([hash, hash, candlesHash(after)]);
});

/** Hashes the candles it is given again and again, and answers a message with all the hashes it has seen. */
const READER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { createHash } = require('node:crypto');
  const seen = new Set();
  let rounds = 0;
  const look = () => {
    const hash = createHash('sha256');
    for (const name of ['time', 'open', 'high', 'low', 'close', 'volume']) hash.update(workerData[name]);
    seen.add(hash.digest('hex'));
    rounds++;
    setImmediate(look);
  };
  parentPort.on('message', () => parentPort.postMessage({ seen: [...seen], rounds }));
  look();`;

test('a thread that reads all the time sees not one bit change while the store grows and the mirror follows', async () => {
  const store = openCandleStore(join(root, 'store'));
  store.write(key, candlesOf(5000), meta);
  const mirror = createMirror({ store, clock: createFakeClock(), bytesMax: 2e6 });
  const held = mirror.acquire('x/A/1m');
  const reader = new Worker(READER, { eval: true, workerData: held.candles });
  const ask = async () => {
    reader.postMessage('');
    return (await once(reader, 'message'))[0] as { seen: string[]; rounds: number };
  };
  const { seen, rounds } = await ask();
  for (let bars = 5100; bars <= 6000; bars += 100) {
    store.write(key, candlesOf(bars), meta);
    expect((await mirror.refresh()).changed).toHaveLength(1);
    expect(mirror.get('x/A/1m').candles.barCount).toBe(bars);
  }
  const last = await ask();
  expect(last.rounds).toBeGreaterThan(rounds);
  expect(seen).toHaveLength(1);
  expect(last.seen).toEqual(seen);
  expect(mirror.status()).toMatchObject({ entries: 1, retired: 1, pins: 1 });
  await reader.terminate();
  held.release();
  expect(mirror.status().retired).toBe(0);
  mirror.close();
});

test('processes that write and let go of one file at the same time never show a reader anything but the whole', async () => {
  const hash = candlesHash(candlesOf(9000));
  const writers = [start('write', folder, '9000', '60'), start('write', folder, '9000', '60')];
  const said = writers.map((writer) => {
    const texts: string[] = [];
    writer.stdout!.on('data', (text) => texts.push(String(text)));
    return texts;
  });
  const exits = Promise.all(writers.map((writer) => once(writer, 'exit')));
  let running = true;
  const finished = exits.then((codes) => {
    running = false;
    return codes.map(([code]) => code);
  });
  let seen = 0;
  while (running) {
    try {
      const attached = attachMirrorFile(join(folder, `${hash}.candles`));
      expect(candlesHash(attached.read())).toBe(hash);
      attached.close();
      seen++;
    } catch (error) {
      if (!isAppError(error, 'CANDLES_NOT_FOUND')) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(await finished).toEqual([0, 0]);
  expect(seen).toBeGreaterThan(0);
  expect(said.map((texts) => texts.join(''))).toEqual(['w'.repeat(60), 'w'.repeat(60)]);
  open();
  expect(readdirSync(folder)).toEqual([]);
});

test(`a writer killed at ${KILLS} or more random moments (seed ${SEED}) leaves nothing behind that lasts or is taken for candles`, async () => {
  const prng = createPrng(SEED);
  const hash = candlesHash(candlesOf(200_000));
  let torn = 0;
  for (let k = 0; k < KILLS || (torn === 0 && k < KILLS_MAX); k++) {
    const writer = start('write', folder, '200000', '1000');
    const exit = once(writer, 'exit');
    await once(writer.stdout!, 'data');
    await new Promise((resolve) => setTimeout(resolve, prng.nextBelow(25)));
    writer.kill('SIGKILL');
    await exit;
    const left = readdirSync(folder);
    if (left.some((name) => name.endsWith('.tmp'))) torn++;
    if (left.includes(`${hash}.candles`)) {
      const attached = attachMirrorFile(join(folder, `${hash}.candles`));
      expect(candlesHash(attached.read())).toBe(hash);
      attached.close();
    }
    open();
    expect(readdirSync(folder)).toEqual([]);
  }
  expect(torn).toBeGreaterThan(0);
});

test('the file of a process that was killed is removed by the next one, not before', async () => {
  const holder = start('hold', folder, '9000');
  const path = await nextLine(holder);
  const other = open();
  expect(attachMirrorFile(path).barCount).toBe(9000);
  const exit = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exit;
  expect(other.usage().files).toBe(1);
  open();
  expect(readdirSync(folder)).toEqual([]);
});

test('a disk that fails at any operation costs the file at most: no error, no half file, no leftover', () => {
  const candles = candlesOf(300);
  const hash = candlesHash(candles);
  process.env.TMPDIR = root;
  const faults = faultLoop(
    ['EIO', 'ENOSPC', 'EACCES'],
    (disk) => {
      const opened = openMirrorFolder({ folder, bytesMax: 1e6 }, (text) => notes.push(text), disk);
      const lease = opened?.write(hash, candles);
      if (lease !== undefined) expect(candlesHash(attachMirrorFile(lease.path).read())).toBe(hash);
      opened?.find(hash)?.release();
      lease?.release();
      opened?.discard(hash);
      opened?.usage();
    },
    (_, thrown) => {
      expect(thrown).toBeUndefined();
      for (const place of readdirSync(root)) {
        const path = join(root, place);
        openMirrorFolder({ folder: path, bytesMax: 1e6 }, (text) => notes.push(text));
        expect(readdirSync(path)).toEqual([]);
        rmSync(path, { recursive: true });
      }
    },
  );
  expect(faults).toBeGreaterThan(100);
});
