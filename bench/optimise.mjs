// Trials per second and useful time of each mode on a turbo pool over 90 days of 1-minute candles: `node bench/optimise.mjs [workers] [trials]`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTimeframe, syntheticCandles } from '../dist/index.js';

const [workers = 2, trials = 6_000] = process.argv.slice(2).map(Number);
const bin = fileURLToPath(new URL('../bin/gridmill.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gridmill-bench-'));
const candles = syntheticCandles({
  seed: 7,
  timeframe: parseTimeframe('1m'),
  barCount: 129_600,
  startTime: Date.UTC(2025, 0, 1),
  startPrice: 50_000,
});
const lines = ['time,open,high,low,close,volume'];
for (let i = 0; i < candles.barCount; i++) {
  lines.push(['time', 'open', 'high', 'low', 'close', 'volume'].map((name) => candles[name][i]).join(','));
}
writeFileSync(join(folder, 'btc.csv'), `${lines.join('\n')}\n`);

console.log(`${cpus()[0]?.model}, Node ${process.version}, ${workers} workers, ${trials} trials, 129,600 candles`);
console.log('Useful: time inside scoring, as a share of the time that the workers had.\n');
for (const profile of ['close', 'freqtrade']) {
  for (const mode of ['grid', 'random', 'sobol', 'discovery', 'tpe']) {
    // The profile freqtrade is scored bar by bar: dear trials, as those of strategies that place their own orders.
    const count = profile === 'close' ? trials : Math.ceil(trials / 4);
    const args = [
      'optimize',
      'sma-cross',
      '--data',
      'btc.csv',
      '--set',
      'fast=2..120',
      '--set',
      'slow=20..500',
      '--fee',
      '0.05%',
    ];
    const asked = [
      '--profile',
      profile,
      '--mode',
      mode,
      '--iter',
      String(count),
      '--turbo',
      '--workers',
      String(workers),
      '--no-save',
      '--json',
    ];
    const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args, ...asked], {
      cwd: folder,
      env: { ...process.env, GRIDMILL_HOME: join(folder, 'home') },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr || stdout);
    const { elapsedMs, study, resultHash } = JSON.parse(stdout);
    const rate = Math.round((study.done / elapsedMs) * 1_000);
    console.log(
      `${profile.padEnd(10)} ${mode.padEnd(10)} ${String(rate).padStart(6)} trials/s  useful ${(study.usefulShare * 100).toFixed(1)} %  ${resultHash.slice(0, 12)}`,
    );
  }
}
rmSync(folder, { recursive: true, force: true });
