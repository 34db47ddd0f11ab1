// Runs of controllers: capacity, cooldown, refresh, look-ahead of longer candles, and what is refused.
import { describe, expect, test } from 'vitest';
import { CORRECTED, EXACT, exactWith, minuteCandles, type Row } from '../../test/fixtures/executor-market.ts';
import { resampleCandles } from '../market/resample.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { barrierOf } from './controller.ts';
import { readControllerConfig } from './controller-config.ts';
import { createControllerMarket } from './controller-market.ts';
import { openPosition, signalController } from './directional.ts';
import { runController, runLoop } from './run-controller.ts';

const FLAT: Row = [100, 100, 100, 100];
const candles = syntheticCandles({
  seed: 11,
  timeframe: parseTimeframe('1m'),
  barCount: 3000,
  startTime: Date.UTC(2025, 0, 1),
  startPrice: 50_000,
  dailyVolatility: 0.05,
});
const options = { tradeCost: 0.0002, fixes: EXACT };

function runSignals(signal: readonly number[], fixes = EXACT, changes: Record<string, unknown> = {}) {
  const config = readControllerConfig({
    controller_name: 'bollinger_v1',
    stop_loss: null,
    take_profit: null,
    time_limit: 600,
    cooldown_time: 60,
    total_amount_quote: 1000,
    ...changes,
  });
  if (config.controller_name !== 'bollinger_v1') throw new Error('bollinger_v1');
  const market = createControllerMarket(minuteCandles(signal.map(() => FLAT)));
  const signals = { signal: Int8Array.from(signal), firstBar: 0 };
  const controller = signalController(signals, config, openPosition(barrierOf(config)), fixes);
  return runLoop(market, controller, 1000, { tradeCost: 0, fixes });
}

const created = (run: ReturnType<typeof runSignals>): string[] =>
  run.executors.map((executor) => `${executor.createdBar} ${executor.isLong ? 'long' : 'short'}`).sort();

describe('directional controllers', () => {
  test('a side holds its capacity, one executor per cooldown', () => {
    expect(created(runSignals([1, 1, 1, 1, 1, 1, 0, 0]))).toEqual(['0 long', '2 long']);
  });

  test('a cooldown counts from executors that are still active', () => {
    expect(created(runSignals([1, 0, 1, 0, 0], EXACT, { time_limit: 60, cooldown_time: 100_000 }))).toEqual([
      '0 long',
      '2 long',
    ]);
  });

  test('exact: longs use up the capacity of shorts, which the fix shortCapacity ends', () => {
    const signal = [1, 0, 1, 0, -1, 0, -1, 0, 0];
    expect(created(runSignals(signal))).toEqual(['0 long', '2 long']);
    expect(created(runSignals(signal, exactWith('shortCapacity')))).toEqual(['0 long', '2 long', '4 short', '6 short']);
  });

  test('an executor of the last bar never comes to be', () => {
    expect(created(runSignals([0, 0, 1]))).toEqual([]);
  });
});

describe('longer candles', () => {
  const config = readControllerConfig({
    controller_name: 'bollinger_v1',
    interval: '5m',
    bb_length: 10,
    bb_long_threshold: 0.2,
  });
  const market = createControllerMarket(candles);
  const fiveMinutes = 300_000;

  test('exact: a signal is acted on from the open of its candle, before it closed', () => {
    const { executors } = runController(market, config, options);
    expect(executors.some((executor) => executor.createdMs % fiveMinutes === 0)).toBe(true);
  });

  test('closedCandles: never before the last minute of the candle', () => {
    const { executors } = runController(market, config, { ...options, fixes: exactWith('closedCandles') });
    const market5m = resampleCandles(candles, parseTimeframe('5m'));
    expect(market5m.barCount).toBe(600);
    const first = executors.reduce((low, executor) => Math.min(low, executor.createdMs), Number.POSITIVE_INFINITY);
    expect(first % fiveMinutes).toBe(fiveMinutes - 60_000);
  });

  test('given candles of the interval are used instead of built ones', () => {
    const own = resampleCandles(candles, parseTimeframe('5m'));
    const built = runController(market, config, options);
    const given = runController(createControllerMarket(candles, { intervals: [own] }), config, options);
    expect(given.summary).toEqual(built.summary);
  });

  test('warmUp: history before the run makes its first bars tradable', () => {
    const late = createControllerMarket(candles, { from: 1000 });
    expect(runController(late, config, options).firstBar).toBe(1045);
    expect(runController(late, config, { ...options, fixes: CORRECTED }).firstBar).toBe(1000);
  });
});

describe('market making', () => {
  const config = readControllerConfig({
    controller_name: 'pmm_simple',
    buy_spreads: '0.5',
    sell_spreads: '0.5',
    executor_refresh_time: 120,
    total_amount_quote: 1000,
  });

  test('orders that do not trade are replaced after the refresh time', () => {
    const { executors } = runController(createControllerMarket(minuteCandles(Array(9).fill(FLAT))), config, options);
    const buys = executors.filter((executor) => executor.isLong);
    expect(buys.map((executor) => [executor.createdBar, executor.closeBar, executor.closeType])).toEqual([
      [0, 3, 'EARLY_STOP'],
      [4, 7, 'EARLY_STOP'],
    ]);
    expect(executors.map((executor) => executor.levelId)).toEqual(['buy_0', 'sell_0', 'buy_0', 'sell_0']);
  });

  test('prices lie around the close by their spreads, sizes share the money', () => {
    const { executors } = runController(createControllerMarket(minuteCandles(Array(9).fill(FLAT))), config, options);
    expect(executors[0]).toMatchObject({ entryPrice: 50, amount: 10 });
    expect(executors[1]).toMatchObject({ entryPrice: 150 });
    expect(executors[1]!.amount).toBeCloseTo(500 / 150, 12);
  });

  test('on spot markets the base currency of the sell levels is bought, twice in the exact profile', () => {
    const spot = readControllerConfig({
      controller_name: 'pmm_simple',
      connector_name: 'binance',
      total_amount_quote: 1000,
    });
    const run = runController(createControllerMarket(minuteCandles(Array(5).fill(FLAT))), spot, options);
    const orders = run.executors.filter((executor) => executor.kind === 'order_executor');
    expect(orders.map((executor) => [executor.createdBar, executor.isLong])).toEqual([
      [0, true],
      [1, true],
      [3, false],
    ]);
    expect(run.hold).toMatchObject({ sources: 3, amountBase: 5 });
    const once = runController(createControllerMarket(minuteCandles(Array(5).fill(FLAT))), spot, {
      ...options,
      fixes: exactWith('holdTiming'),
    });
    expect(once.executors.filter((executor) => executor.kind === 'order_executor').length).toBe(1);
  });

  test('every shipped controller runs under both profiles', () => {
    const market = createControllerMarket(candles, { from: 500 });
    const near = { buy_spreads: '0.001', sell_spreads: '0.001' };
    const given = [
      { controller_name: 'pmm_dynamic' },
      { controller_name: 'dman_maker_v2', ...near, dca_spreads: '0.001,0.002', dca_amounts: '1,1' },
      { controller_name: 'dman_v3', bb_length: 20, dca_spreads: '0.001,0.002', dynamic_order_spread: true },
      { controller_name: 'macd_bb_v1', interval: '1m', bb_length: 20, bb_long_threshold: 0.4, bb_short_threshold: 0.6 },
      { controller_name: 'supertrend_v1' },
    ];
    for (const one of given) {
      const made = readControllerConfig(one);
      const corrected = runController(market, made, { ...options, fixes: CORRECTED });
      expect(corrected.executors.length, one.controller_name).toBeGreaterThan(0);
      const exact = () => runController(market, made, options);
      if (one.controller_name === 'supertrend_v1') expect(exact).toThrow(/no bar is left/);
      else expect(exact().executors.length, one.controller_name).toBeGreaterThan(0);
    }
  });
});

describe('dman_v3', () => {
  const config = readControllerConfig({
    controller_name: 'dman_v3',
    interval: '1m',
    bb_length: 20,
    dca_spreads: '0.001,0.3',
    time_limit: 600,
  });

  test('exact: the clock is ahead of the candles, so no time limit acts and no second executor opens', () => {
    const run = runController(createControllerMarket(candles), config, options);
    expect(run.executors.some((executor) => executor.closeBar - executor.createdBar > 100)).toBe(true);
  });

  test('wallClock and dcaTiming: the time limit acts', () => {
    const fixes = exactWith('wallClock', 'dcaTiming');
    const run = runController(createControllerMarket(candles), config, { ...options, fixes });
    expect(run.executors.every((executor) => executor.closeBar - executor.createdBar <= 10)).toBe(true);
  });
});

describe('refusals', () => {
  const market = createControllerMarket(candles);
  test('costs, windows and intervals out of range', () => {
    const config = readControllerConfig({ controller_name: 'pmm_simple' });
    expect(() => runController(market, config, { tradeCost: 1, fixes: EXACT })).toThrow(/trade cost/);
    expect(() => createControllerMarket(candles, { from: 3000 })).toThrow(/first bar/);
    const long = readControllerConfig({ controller_name: 'bollinger_v1', bb_length: 5000 });
    expect(() => runController(market, long, options)).toThrow(/needs one that is left/);
    const short = readControllerConfig({ controller_name: 'bollinger_v1', interval: '1s' });
    expect(() => runController(market, short, options)).toThrow(/interval 1s on candles of 1m/);
  });
});
