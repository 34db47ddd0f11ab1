// Runs per second of Hummingbot's controllers as sweeps score them, over 90 days of 1-minute candles on one core:
// `node bench/controllers.mjs [seconds] [days] [part of a name]`. A run ends with the standard metrics; `summary` adds the 21
// figures of Hummingbot.
import {
  controllerStrategy,
  createVariantRunner,
  createWindow,
  metricsOf,
  parseTimeframe,
  profileNamed,
  syntheticCandles,
} from '../dist/index.js';

const SECONDS = Number(process.argv[2] ?? 1);
const DAYS = Number(process.argv[3] ?? 90);
const ONLY = process.argv[4] ?? '';
const BARS = DAYS * 1440;
const candles = syntheticCandles({
  seed: 7,
  timeframe: parseTimeframe('1m'),
  barCount: BARS,
  startTime: Date.UTC(2025, 4, 20),
  startPrice: 100_000,
});

const directional = { stop_loss: 0.005, take_profit: 0.004, time_limit: 2700, total_amount_quote: 1000 };
const quoting = { ...directional, buy_spreads: '0.001,0.002', sell_spreads: '0.001,0.002' };
const stops = (from) => (i) => ({ stop_loss: from + i * 1e-5 });
/** Each workload varies what a sweep varies: barriers, or barriers and indicator lengths. */
const WORKLOADS = [
  ['bollinger_v1 3m, barriers', { controller_name: 'bollinger_v1', ...directional }, stops(0.003)],
  ['bollinger_v1 1m, barriers', { controller_name: 'bollinger_v1', interval: '1m', ...directional }, stops(0.003)],
  [
    'bollinger_v1 3m, trailing',
    { controller_name: 'bollinger_v1', ...directional, trailing_stop: '0.002,0.0005' },
    (i) => ({ 'trailing_stop.trailing_delta': 0.0005 + i * 1e-6 }),
  ],
  [
    'bollinger_v1 3m, lengths',
    { controller_name: 'bollinger_v1', ...directional },
    (i) => ({ bb_length: 40 + (i % 200) }),
  ],
  ['macd_bb_v1 3m, barriers', { controller_name: 'macd_bb_v1', ...directional }, stops(0.003)],
  ['supertrend_v1 3m, barriers', { controller_name: 'supertrend_v1', ...directional }, stops(0.003)],
  ['dman_v3 3m, barriers', { controller_name: 'dman_v3', ...directional, dca_spreads: '0.001,0.004' }, stops(0.01)],
  ['pmm_simple, barriers', { controller_name: 'pmm_simple', ...quoting }, stops(0.003)],
  ['pmm_dynamic 3m, barriers', { controller_name: 'pmm_dynamic', ...directional }, stops(0.003)],
  [
    'dman_maker_v2, barriers',
    { controller_name: 'dman_maker_v2', ...quoting, dca_spreads: '0.001,0.002', dca_amounts: '1,2' },
    stops(0.003),
  ],
  [
    'grid_strike',
    {
      controller_name: 'grid_strike',
      start_price: 50_000,
      end_price: 150_000,
      limit_price: 40_000,
      min_spread_between_orders: 0.002,
      triple_barrier_config: { take_profit: 0.002 },
    },
    (i) => ({ start_price: 50_000 + i }),
  ],
];

const execution = (name) => ({
  profile: profileNamed(name),
  direction: 'both',
  initialCash: 1000,
  costs: { feeRate: 0.0002, fixedFee: 0, slippage: 0 },
  sizing: profileNamed(name).defaults.sizing,
  closeAtEnd: true,
  calendar: 'continuous',
});

for (const profile of ['hummingbot', 'hummingbot-corrected']) {
  for (const [name, given, varied] of WORKLOADS) {
    if (!name.includes(ONLY) || (name.startsWith('supertrend') && profile === 'hummingbot')) continue;
    const strategy = controllerStrategy(given, Object.keys(varied(0)));
    const window = createWindow(candles);
    const equity = new Float64Array(BARS);
    const setup = execution(profile);
    const runner = createVariantRunner({ strategy, execution: setup, window, cacheBytes: 2 ** 28, equity });
    for (const summary of [false, true]) {
      let trades = 0;
      const run = (i) => {
        runner.select(varied(i));
        const simulation = runner.run({});
        const metrics = metricsOf(simulation, setup, window);
        if (summary) runner.profileMetrics(simulation);
        return metrics.trades;
      };
      for (let i = 0; i < 5; i++) trades = run(i);
      const start = performance.now();
      const cpu = process.cpuUsage();
      let runs = 0;
      while (performance.now() - start < SECONDS * 1000) run(5 + runs++);
      // Seconds of processor time, garbage collection included: other programs on the machine do not count.
      const used = process.cpuUsage(cpu);
      const rate = (runs * 1e6) / (used.user + used.system);
      const label = `${name}${summary ? ', summary' : ''}`;
      console.log(
        `${profile.padEnd(22)}${label.padEnd(36)}${rate.toFixed(1).padStart(8)} runs per CPU second  ${trades} trades`,
      );
    }
  }
}
