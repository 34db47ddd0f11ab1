// Relations every controller run must obey: money adds up, and the corrected profile never reads the future.
import { describe, expect, test } from 'vitest';
import { type ControllerConfig, readControllerConfig } from '../../src/controllers/controller-config.ts';
import { createControllerMarket } from '../../src/controllers/controller-market.ts';
import { type ControllerRun, runController } from '../../src/controllers/run-controller.ts';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { EXECUTOR_PROFILES, type ExecutorProfileName } from '../../src/executors/fixes.ts';
import { type Candles, sliceCandles } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';

const CASES = 60;
const FIRST_SEED = 20_261_101;
const only = process.env['GRIDMILL_SEED'];

function forSeeds(check: (prng: Prng, seed: number) => void): void {
  const seeds = only === undefined ? Array.from({ length: CASES }, (_, n) => FIRST_SEED + n) : [Number(only)];
  for (const seed of seeds) {
    try {
      check(createPrng(seed), seed);
    } catch (error) {
      const replay = `GRIDMILL_SEED=${seed} npx vitest run --project fast test/metamorphic/hummingbot.test.ts`;
      throw new Error(`seed ${seed} breaks the relation. replay: ${replay}`, { cause: error });
    }
  }
}

const pick = <T>(prng: Prng, values: readonly T[]): T => values[prng.nextBelow(values.length)]!;

const randomCandles = (seed: number): Candles =>
  syntheticCandles({
    seed,
    timeframe: parseTimeframe('1m'),
    barCount: 900,
    startTime: Date.UTC(2025, 0, 1),
    startPrice: 100,
    dailyVolatility: 0.08,
    priceDecimals: 3,
  });

function randomConfig(prng: Prng, candles: Candles): ControllerConfig {
  const barriers = {
    stop_loss: pick(prng, [0.002, 0.005, 0.02]),
    take_profit: pick(prng, [0.001, 0.003, 0.01]),
    time_limit: pick(prng, [600, 2700, null]),
    trailing_stop: pick(prng, [null, '0.001,0.0005', '0.003,0.001']),
    total_amount_quote: 1000,
  };
  const bands = { bb_length: pick(prng, [10, 20, 30]), interval: pick(prng, ['1m', '3m', '5m']) };
  const loose = { bb_long_threshold: 0.3, bb_short_threshold: 0.7, max_executors_per_side: pick(prng, [1, 2, 4]) };
  const spreads = pick(prng, ['0.0005,0.001', '0.002', '0.001,0.002,0.004']);
  const quoting = {
    buy_spreads: spreads,
    sell_spreads: spreads,
    executor_refresh_time: pick(prng, [120, 300]),
    connector_name: pick(prng, ['binance', 'binance_perpetual']),
  };
  const dca = { dca_spreads: '0.0005,0.002,0.004', dynamic_order_spread: pick(prng, [true, false]) };
  const price = candles.close[Math.floor(candles.barCount / 2)];
  const isLong = prng.nextBelow(2) === 0;
  return readControllerConfig(
    pick<Record<string, unknown>>(prng, [
      { controller_name: 'bollinger_v1', ...barriers, ...bands, ...loose },
      { controller_name: 'macd_bb_v1', ...barriers, ...bands, ...loose, macd_fast: 5, macd_slow: 12, macd_signal: 4 },
      { controller_name: 'dman_v3', ...barriers, ...bands, ...loose, ...dca },
      { controller_name: 'pmm_simple', ...barriers, ...quoting },
      {
        controller_name: 'pmm_dynamic',
        ...barriers,
        ...quoting,
        buy_spreads: '0.5,1',
        sell_spreads: '0.5',
        interval: bands.interval,
      },
      { controller_name: 'dman_maker_v2', ...barriers, ...quoting, dca_spreads: '0.0005,0.002', dca_amounts: '1,2' },
      {
        controller_name: 'grid_strike',
        total_amount_quote: 1000,
        side: isLong ? 'BUY' : 'SELL',
        start_price: price * 0.99,
        end_price: price * 1.01,
        limit_price: isLong ? price * 0.97 : price * 1.03,
        keep_position: pick(prng, [true, false]),
        triple_barrier_config: { take_profit: 0.002, time_limit: pick(prng, [3600, null]) },
      },
    ]),
  );
}

const run = (candles: Candles, config: ControllerConfig, profile: ExecutorProfileName, tradeCost: number) =>
  runController(createControllerMarket(candles), config, {
    tradeCost,
    fixes: EXECUTOR_PROFILES[profile].fixes,
    keepSeries: true,
  });

const near = (found: number, wanted: number, what: string): void =>
  expect(Math.abs(found - wanted), `${what}: ${found} against ${wanted}`).toBeLessThanOrEqual(
    1e-9 * Math.max(1, Math.abs(wanted)),
  );

describe('money adds up', () => {
  test.each(Object.keys(EXECUTOR_PROFILES) as ExecutorProfileName[])('%s', (profile) => {
    forSeeds((prng, seed) => {
      const candles = randomCandles(seed);
      const config = randomConfig(prng, candles);
      const cost = pick(prng, [0, 0.0005]);
      const found = run(candles, config, profile, cost);
      const { holdCosts } = EXECUTOR_PROFILES[profile].fixes;
      const counted = found.executors.filter((executor) => executor.closeType !== 'POSITION_HOLD' || holdCosts);
      const booked = counted.reduce((sum, executor) => sum + executor.netPnlQuote, 0);
      const last = found.pnl.length - 1;
      near(found.series!.executorRealized[last]!, booked, 'realised P&L is the sum of executors');
      const realized = found.hold?.realizedPnlQuote ?? 0;
      near(found.summary.net_pnl_quote, booked + realized, 'net P&L');
      for (const executor of found.executors) {
        if (executor.kind !== 'position_executor' || executor.fillBar < 0) continue;
        // Price difference times size less fees is the P&L, at the prices that are reported.
        const gross = (executor.closePrice - executor.fillPrice) * executor.amount! * (executor.isLong ? 1 : -1);
        near(executor.netPnlQuote, gross - executor.feesQuote, 'price difference');
        near(executor.feesQuote, cost * executor.filledQuote, 'fees');
      }
      for (const executor of found.executors) {
        expect(executor.closeBar).toBeGreaterThanOrEqual(executor.createdBar);
        if (executor.fillBar >= 0) expect(executor.fillBar).toBeLessThanOrEqual(executor.closeBar);
        if (executor.fillBar < 0) expect(executor.netPnlQuote).toBe(0);
      }
    });
  });

  test('corrected: the last value of the P&L is what was booked and what is held', () => {
    forSeeds((prng, seed) => {
      const candles = randomCandles(seed);
      const config = randomConfig(prng, candles);
      const found = run(candles, config, 'hummingbot-corrected', 0.0005);
      const last = found.pnl.length - 1;
      const held = (found.hold?.realizedPnlQuote ?? 0) + (found.hold?.unrealizedPnlQuote ?? 0);
      const booked = found.executors.reduce((sum, executor) => sum + executor.netPnlQuote, 0);
      near(found.pnl[last]!, booked + held, 'P&L at the end');
    });
  });
});

/** Executors that ended before bar `cut`. */
const endedBefore = (found: ControllerRun, cut: number) =>
  found.executors.filter((executor) => executor.closeBar < cut).map(({ closeMs, ...rest }) => ({ ...rest, closeMs }));

describe('no look-ahead', () => {
  test('corrected: what ended before a bar is the same without the bars from it on', () => {
    forSeeds((prng, seed) => {
      const candles = randomCandles(seed);
      const config = randomConfig(prng, candles);
      const cut = 300 + prng.nextBelow(500);
      const whole = run(candles, config, 'hummingbot-corrected', 0.0002);
      const past = run(sliceCandles(candles, 0, cut), config, 'hummingbot-corrected', 0.0002);
      // In its last bar the shorter run ends what the longer one goes on with.
      expect(endedBefore(past, cut - 1)).toEqual(endedBefore(whole, cut - 1));
      expect(past.pnl.subarray(0, cut - 1)).toEqual(whole.pnl.subarray(0, cut - 1));
    });
  });

  test('exact: Hummingbot does read the future, so that this test can fail', () => {
    let differing = 0;
    forSeeds((prng, seed) => {
      const candles = randomCandles(seed);
      const config = randomConfig(prng, candles);
      const cut = 301 + prng.nextBelow(500);
      const ended = (found: ControllerRun) => JSON.stringify(endedBefore(found, cut - 1));
      const whole = run(candles, config, 'hummingbot', 0.0002);
      if (ended(run(sliceCandles(candles, 0, cut), config, 'hummingbot', 0.0002)) !== ended(whole)) differing++;
    });
    if (only === undefined) expect(differing).toBeGreaterThan(0);
  });
});
