// Child of P9: many sweeps in one process; prints its resident memory after each per cent of them.
import { syntheticCandles } from '../src/market/synthetic.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { range } from '../src/strategy/parameters.ts';
import { createWindow } from '../src/sweep/window.ts';
import { benchRequest, sweep } from './gridmill.ts';

const runs = Number(process.argv[2]);
const options = { timeframe: parseTimeframe('1m'), barCount: 2_000, startTime: 0, startPrice: 400 };
const samples: number[] = [];
for (let run = 1; run <= runs; run++) {
  // New candles for every run, as a server sees them.
  const window = createWindow(syntheticCandles({ ...options, seed: run }));
  const parameters = { fast: range(5, 20, 5), slow: range(30, 70, 10) };
  await sweep(benchRequest('sma-cross', { parameters }), window, { engine: 'fast' });
  if (run % Math.ceil(runs / 100) === 0) samples.push(process.memoryUsage.rss());
}
process.stdout.write(`${JSON.stringify(samples)}\n`);
