// Nanoseconds per row and tree of LightGBM models, against LightGBM itself on one thread where Python recorded it:
// `python bench/python/models.py .cache/models && node bench/models.mjs .cache/models`. Also the cost of walk-forward fits.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateForest } from '../dist/models/forest-evaluation.js';
import { garch } from '../dist/models/garch.js';
import { packForest } from '../dist/models/lightgbm-forest.js';
import { ridgeWalkForward } from '../dist/models/ridge-walk-forward.js';

const folder = process.argv[2] ?? '.cache/models';
const REPEATS = 7;

/** Least CPU time of several runs, in milliseconds. */
function least(work) {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < REPEATS; n++) {
    const { user } = process.cpuUsage();
    work();
    best = Math.min(best, (process.cpuUsage().user - user) / 1000);
  }
  return best;
}

function floats(file) {
  const bytes = readFileSync(join(folder, file));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function benchForest(name) {
  const record = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const { rows, features, trees, seconds, table } = record;
  const values = floats(`${table}.f64`);
  const inputs = Array.from({ length: features }, (_, f) => values.subarray(f * rows, (f + 1) * rows));
  const text = readFileSync(join(folder, `${name}.txt`));
  const packMs = least(() => packForest(name, text));
  const forest = packForest(name, text);
  let found;
  const ms = least(() => {
    found = evaluateForest(forest, inputs, { output: 0, raw: false }, rows);
  });
  const expected = floats(`${name}.f64`);
  let worst = 0;
  for (let i = 0; i < rows; i++) worst = Math.max(worst, Math.abs(found[i] - expected[i]));
  return {
    model: name,
    'ns per row and tree': ((ms * 1e6) / rows / trees).toFixed(2),
    'LightGBM, one thread': ((seconds * 1e9) / rows / trees).toFixed(2),
    'largest difference': worst.toExponential(1),
    'to pack': `${packMs.toFixed(0)} ms for ${(text.length / 1e6).toFixed(1)} MB`,
  };
}

const recorded = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
if (recorded.length === 0) console.log(`No models in ${folder}: run python bench/python/models.py ${folder} first.`);
else console.table(recorded.map((file) => benchForest(file.slice(0, -'.json'.length))));

/** A year of hours of a random walk. */
const bars = 8_760;
let state = 1;
const prices = new Float64Array(bars);
for (let i = 0, price = 100; i < bars; i++) {
  state = (state * 48_271) % 2_147_483_647;
  price *= 1 + (state / 2_147_483_647 - 0.5) * 0.02;
  prices[i] = price;
}
const over = { count: bars, time: Float64Array.from({ length: bars }, (_, i) => i * 3_600_000), barMs: 3_600_000 };
const features = [1, 2, 3, 5, 8, 13].map((n) =>
  prices.map((price, i) => (i < n ? Number.NaN : price / prices[i - n] - 1)),
);
const [every, window] = [100, 1000];
const fits = Math.floor((bars - window) / every);
const perFit = (ms) => `${((ms * 1000) / fits).toFixed(0)} µs per fit`;
console.log(`garch over ${window} returns: ${perFit(least(() => garch(prices, [every, window], over)))}`);
const ridgeMs = least(() => ridgeWalkForward(prices, features, [5, every, window, 1], over));
console.log(`ridge of ${features.length} features over ${window} rows: ${perFit(ridgeMs)}`);
