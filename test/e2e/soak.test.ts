// Hundreds of sweeps in one process leave its memory as it was; the whole dose behind GRIDMILL_SOAK_SWEEPS=5000.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SWEEPS = Number(process.env['GRIDMILL_SOAK_SWEEPS'] ?? 300);
/** A short form ends while heaps still find their size. */
const DRIFT_MAX = SWEEPS >= 5000 ? 1.05 : 1.3;

const dist = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../../dist/${path}`, import.meta.url)));
const script = `
const { syntheticCandles, createWindow, profileNamed, BUILT_IN_STRATEGIES, runSweep, NEVER_STOP } = await import(${dist('index.js')});
const { createPoolScorer } = await import(${dist('pool/pool-scorer.js')});
const profile = profileNamed('close');
const clock = { monotonicMs: () => performance.now(), wallMs: () => 0 };
const names = ['sma-cross', 'macd', 'bollinger'];
const samples = [];
for (let run = 0; run < ${SWEEPS}; run++) {
  // Lengths differ, and every tenth sweep is one of threads.
  const window = createWindow(syntheticCandles({ seed: run, timeframe: '1m', barCount: 10_000 + (run % 7) * 5_000, startTime: 0, startPrice: 100 }));
  const strategy = BUILT_IN_STRATEGIES[names[run % 3]];
  const request = { strategy, strategyHash: 'built-in', ...profile.defaults, calendar: 'continuous', rank: 'sharpe', top: 3, preselect: 0, sample: 10, seed: 1, profile };
  const workers = run % 10 === 9 ? 2 : 1;
  const createScorer = createPoolScorer({ workers, strategyRef: { builtIn: strategy.name }, onNote: () => undefined });
  await runSweep(request, { window, stop: NEVER_STOP, clock, workers, allWorkers: true, createScorer });
  samples.push(process.memoryUsage.rss());
}
console.log(JSON.stringify(samples));`;

test(`${SWEEPS} sweeps in one process: resident memory stays flat`, { timeout: 100_000 + SWEEPS * 100 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    maxBuffer: 2 ** 24,
  });
  const samples = JSON.parse(stdout) as number[];
  const fifth = Math.floor(samples.length / 5);
  const median = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[Math.floor(part.length / 2)]!;
  // The first fifth warms up.
  const drift = median(samples.slice(-fifth)) / median(samples.slice(fifth, 2 * fifth));
  expect(drift).toBeLessThan(DRIFT_MAX);
});
