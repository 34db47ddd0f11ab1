// Repeated reads of one year of 1-minute candles: the mirror against the store, cold and warm, and against a mirror file: `node bench/mirror.mjs`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  attachMirrorFile,
  candlesHash,
  createMirror,
  openCandleStore,
  parseTimeframe,
  syntheticCandles,
} from '../dist/index.js';

const BARS = 525_600;
const REPETITIONS = Number(process.argv[2] ?? 15);
const timeframe = parseTimeframe('1m');
const key = { exchange: 'bench', symbol: 'BTCUSDT', timeframe };
const text = 'bench/BTCUSDT/1m';
const root = mkdtempSync(join(process.env.GRIDMILL_BENCH_FOLDER ?? tmpdir(), 'gridmill-bench-mirror-'));
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

try {
  await main();
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function main() {
  const store = openCandleStore(join(root, 'store'));
  const candles = syntheticCandles({ seed: 7, timeframe, barCount: BARS, startTime: 0, startPrice: 100 });
  store.write(key, candles, { source: 'bench', importedAt: 0, quality: null });
  const stored = join(root, 'store/candles/bench/BTCUSDT/1m.arrow');
  const options = { store, clock, bytesMax: 1e9, onNote: console.error };
  const mirror = createMirror({
    ...options,
    tmpfs: { folder: join('/dev/shm', `gridmill-bench-${process.pid}`), bytesMax: 1e8 },
  });
  const mirrored = mirror.get(text);
  equal(candlesHash(mirrored.candles), candlesHash(candles));
  equal(candlesHash(attach(mirrored.file).candles), candlesHash(candles));
  const evict = evictor(stored);
  console.log(
    `${BARS} candles, ${(statSync(stored).size / 1e6).toFixed(1)} MB; ${REPETITIONS} repetitions; Node ${process.version}; ${evict.how}\n`,
  );

  const rows = measureAll([
    { name: 'store, file not in the page cache', work: () => store.read(key, { shared: true }), before: evict.run },
    { name: 'store, file in the page cache', work: () => store.read(key, { shared: true }) },
    { name: 'mirror file, attached and read whole', work: () => attach(mirrored.file) },
    { name: 'mirror file, one week of it', work: () => attach(mirrored.file, BARS - 10_080, BARS) },
    { name: 'mirror.get', work: () => mirror.get(text), times: 10_000 },
    { name: 'mirror.acquire and release', work: () => mirror.acquire(text).release(), times: 10_000 },
    { name: 'mirror.get and one pass over all six columns', work: () => touch(mirror.get(text).candles), times: 5 },
    { name: 'the same pass over candles in hand', work: () => touch(mirrored.candles), times: 5 },
  ]);
  print(rows);
  const [cold, warm, file, , get] = rows.map(({ median }) => median);
  console.log(
    `\nmirror.get is ${times(cold / get)} below the cold file (target 100), ${times(warm / get)} below the warm one, ${times(file / get)} below the mirror file.`,
  );
  console.log(
    `The cold file with one pass over the candles takes ${((cold + rows[7].median) / rows[6].median).toFixed(1)} times what mirror.get with the pass takes.`,
  );
  equal(mirror.status().misses, 1);
  const quiet = [];
  for (let i = 0; i < REPETITIONS; i++) quiet.push((await mirror.refresh()).ms);
  console.log(`A refresh that finds nothing new: ${quantile(quiet, 0.5).toFixed(2)} ms per series (median).`);
  mirror.close();
  rmSync(join('/dev/shm', `gridmill-bench-${process.pid}`), { recursive: true, force: true });
}

function attach(path, from, to) {
  const attached = attachMirrorFile(path);
  try {
    return { candles: attached.read(from, to) };
  } finally {
    attached.close();
  }
}

function touch(candles) {
  let sum = 0;
  for (const name of ['time', 'open', 'high', 'low', 'close', 'volume']) {
    const column = candles[name];
    for (let i = 0; i < column.length; i++) sum += column[i];
  }
  equal(Number.isFinite(sum), true);
}

/**
 * Milliseconds of one call of each; a sample is the mean of `times` of them. Repetitions are interleaved, one of each per
 * round, and what they leave behind is collected between them.
 */
function measureAll(cases) {
  const samples = cases.map(() => []);
  for (let round = 0; round < REPETITIONS + 2; round++) {
    for (const [at, { work, before, times = 1 }] of cases.entries()) {
      before?.();
      collect();
      const start = performance.now();
      for (let n = 0; n < times; n++) work();
      // Two rounds to warm up.
      if (round >= 2) samples[at].push((performance.now() - start) / times);
    }
  }
  return cases.map(({ name }, at) => {
    const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(samples[at], share));
    return { name, min: Math.min(...samples[at]), median, iqr: (high - low) / median };
  });
}

function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Takes one file out of the page cache and leaves everybody else's there; says how, and whether that worked. */
function evictor(path) {
  const run = () => execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  run();
  let resident = 'whether it worked is not known: no fincore';
  try {
    resident = `${execFileSync('fincore', ['-bno', 'RES', path], { encoding: 'utf8' }).trim()} bytes of it are cached then`;
  } catch {}
  return { run, how: `cold: posix_fadvise(DONTNEED) by dd iflag=nocache; ${resident}` };
}

function print(rows) {
  console.log('| read | min | median | IQR |\n|---|--:|--:|--:|');
  for (const { name, min, median, iqr } of rows) {
    console.log(`| ${name} | ${duration(min)} | ${duration(median)} | ${(100 * iqr).toFixed(0)} % |`);
  }
}

function duration(ms) {
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  return ms >= 1e-3 ? `${(1e3 * ms).toFixed(1)} µs` : `${(1e6 * ms).toFixed(0)} ns`;
}

function times(ratio) {
  return `${Math.round(ratio).toLocaleString('en')} times`;
}

function equal(found, wanted) {
  if (found !== wanted) throw new Error(`${found} instead of ${wanted}`);
}
