// Thousands of trials in one turbo pool over 360 days of 1-minute candles: pace, useful time, memory. `node bench/turbo-soak.mjs`
import { parseArgs } from 'node:util';
import { BUILT_IN_STRATEGIES, NEVER_STOP, parseTimeframe, profileNamed, syntheticCandles } from '../dist/index.js';
import { createThreadTurboPool } from '../dist/turbo/thread-turbo-pool.js';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    bars: { type: 'string', default: `${360 * 1440}` },
    workers: { type: 'string', default: '1,2' },
    strategy: { type: 'string', default: 'sma-cross' },
    profile: { type: 'string', default: 'close' },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(options.runs);
const barCount = Number(options.bars);
/** Runs handed over at a time, as a study does. */
const ROUND = Math.max(1, Math.ceil(runs / 50));

const candles = syntheticCandles({
  seed: 11,
  timeframe: parseTimeframe('1m'),
  barCount,
  startTime: Date.UTC(2025, 0, 1),
  startPrice: 60_000,
});
const profile = profileNamed(options.profile);
const execution = {
  profile,
  ...profile.defaults,
  costs: { feeRate: 0.0005, fixedFee: 0, slippage: 0 },
  calendar: 'continuous',
};
const strategy = BUILT_IN_STRATEGIES[options.strategy];
const axes = Object.entries(strategy.parameters).map(([name, { values }]) => [
  name,
  Math.min(...values),
  Math.max(...values),
]);

/** Values spread over the axes without a pattern, as a sampler asks for them; each trial has barriers of its own. */
function trialAt(n) {
  const at = (k) => ((((n + 1) * (0.6180339887498949 + k * 0.1414213562373095)) % 1) + 1) % 1;
  const parameters = Object.fromEntries(
    axes.map(([name, low, high], k) => [name, Math.round(low + at(k) * (high - low))]),
  );
  return { cell: 0, parameters, barriers: { stopLoss: 0.005 + at(7) * 0.03, takeProfit: 0.005 + at(8) * 0.05 } };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function soak(workers) {
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
  const pool = createThreadTurboPool({ workers, clock });
  const trials = await pool.open({
    strategyRef: { builtIn: strategy.name },
    execution,
    cells: [{ market: 'm' }],
    markets: { m: candles },
  });
  const rss = [];
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  // Two calls are always in hand, so that no worker waits for a call to end.
  let next = 0;
  const stream = async () => {
    while (next < runs) {
      const from = next;
      next = Math.min(runs, from + ROUND);
      await trials.run(
        Array.from({ length: next - from }, (_, i) => trialAt(from + i)),
        { stop: NEVER_STOP },
      );
      rss.push(process.memoryUsage.rss());
    }
  };
  await Promise.all([stream(), stream()]);
  const wallMs = performance.now() - startMs;
  const used = process.cpuUsage(cpu);
  const status = pool.status();
  await pool.close();
  const fifth = Math.max(1, Math.floor(rss.length / 5));
  const cpuSeconds = (used.user + used.system) / 1e6;
  return {
    workers,
    runs: status.trials.done,
    errors: status.trials.failed,
    runsPerSecond: runs / (wallMs / 1000),
    runsPerCpuSecond: runs / cpuSeconds,
    usefulShare: status.usefulShare,
    batchSize: status.batchSize,
    recycled: status.workers.recycled,
    restarted: status.workers.restarted,
    rssMb: Math.round(median(rss.slice(-fifth)) / 2 ** 20),
    // The first fifth warms up.
    rssDrift: median(rss.slice(-fifth)) / median(rss.slice(fifth, 2 * fifth)),
  };
}

const results = [];
for (const workers of options.workers.split(',').map(Number)) results.push(await soak(workers));
if (options.json) console.log(JSON.stringify(results));
else {
  console.log(
    `${strategy.name} under ${profile.name}, ${runs} runs x ${barCount} bars, every run with barriers of its own`,
  );
  for (const r of results) {
    const percent = (share) => `${(share * 100).toFixed(1)} %`;
    console.log(
      `${r.workers} workers: ${r.runsPerSecond.toFixed(0)} runs/s, ${r.runsPerCpuSecond.toFixed(0)} per CPU second, useful ${percent(r.usefulShare)}, ` +
        `batch ${r.batchSize}, ${r.errors} errors, ${r.recycled} recycled, ${r.restarted} restarted, RSS ${r.rssMb} MB, drift ${percent(r.rssDrift - 1)}`,
    );
  }
}
