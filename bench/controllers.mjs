// Runs per second of Hummingbot's controllers over 90 days of 1-minute candles, on one core: `node bench/controllers.mjs`.
import {
  createControllerMarket,
  executorProfile,
  parseTimeframe,
  readControllerConfig,
  runController,
  syntheticCandles,
} from '../dist/index.js';

const BARS = 129_600;
const candles = syntheticCandles({
  seed: 7,
  timeframe: parseTimeframe('1m'),
  barCount: BARS,
  startTime: Date.UTC(2025, 4, 20),
  startPrice: 100_000,
});

const directional = { stop_loss: 0.005, take_profit: 0.004, time_limit: 2700, total_amount_quote: 1000 };
/** Each workload varies what a sweep varies: barriers, or barriers and indicator lengths. */
const WORKLOADS = [
  [
    'bollinger_v1 3m, barriers',
    (i) => ({ controller_name: 'bollinger_v1', ...directional, stop_loss: 0.003 + i * 1e-5 }),
  ],
  [
    'bollinger_v1 1m, barriers',
    (i) => ({ controller_name: 'bollinger_v1', interval: '1m', ...directional, stop_loss: 0.003 + i * 1e-5 }),
  ],
  [
    'bollinger_v1 3m, trailing',
    (i) => ({ controller_name: 'bollinger_v1', ...directional, trailing_stop: `0.002,${0.0005 + i * 1e-6}` }),
  ],
  ['bollinger_v1 3m, lengths', (i) => ({ controller_name: 'bollinger_v1', ...directional, bb_length: 40 + (i % 200) })],
  ['macd_bb_v1 3m, barriers', (i) => ({ controller_name: 'macd_bb_v1', ...directional, stop_loss: 0.003 + i * 1e-5 })],
  [
    'supertrend_v1 3m, barriers',
    (i) => ({ controller_name: 'supertrend_v1', ...directional, stop_loss: 0.003 + i * 1e-5 }),
  ],
  [
    'dman_v3 3m, barriers',
    (i) => ({ controller_name: 'dman_v3', ...directional, stop_loss: 0.01 + i * 1e-5, dca_spreads: '0.001,0.004' }),
  ],
  [
    'pmm_simple, barriers',
    (i) => ({
      controller_name: 'pmm_simple',
      ...directional,
      buy_spreads: '0.001,0.002',
      sell_spreads: '0.001,0.002',
      stop_loss: 0.003 + i * 1e-5,
    }),
  ],
  [
    'pmm_dynamic 3m, barriers',
    (i) => ({ controller_name: 'pmm_dynamic', ...directional, stop_loss: 0.003 + i * 1e-5 }),
  ],
  [
    'dman_maker_v2, barriers',
    (i) => ({
      controller_name: 'dman_maker_v2',
      ...directional,
      buy_spreads: '0.001,0.002',
      sell_spreads: '0.001,0.002',
      dca_spreads: '0.001,0.002',
      dca_amounts: '1,2',
      stop_loss: 0.003 + i * 1e-5,
    }),
  ],
  [
    'grid_strike',
    (i) => ({
      controller_name: 'grid_strike',
      start_price: 50_000 + i,
      end_price: 150_000,
      limit_price: 40_000,
      min_spread_between_orders: 0.002,
      triple_barrier_config: { take_profit: 0.002 },
    }),
  ],
];
const SECONDS = Number(process.argv[2] ?? 1);

for (const profile of ['hummingbot', 'hummingbot-corrected']) {
  const { fixes } = executorProfile(profile);
  for (const [name, configOf] of WORKLOADS) {
    if (name.startsWith('supertrend') && profile === 'hummingbot') continue;
    const market = createControllerMarket(candles);
    const run = (i) => runController(market, readControllerConfig(configOf(i)), { tradeCost: 0.0002, fixes });
    let executors = 0;
    for (let i = 0; i < 5; i++) executors = run(i).executors.length;
    const start = performance.now();
    const cpu = process.cpuUsage();
    let runs = 0;
    while (performance.now() - start < SECONDS * 1000) run(5 + runs++);
    // Seconds of processor time, garbage collection included: other programs on the machine do not count.
    const used = process.cpuUsage(cpu);
    const rate = (runs * 1e6) / (used.user + used.system);
    console.log(
      `${profile.padEnd(22)}${name.padEnd(30)}${rate.toFixed(1).padStart(8)} runs per CPU second  ${executors} executors`,
    );
  }
}
