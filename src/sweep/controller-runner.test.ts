// Controllers behind the runner of variants: trades, equity and exposure against their executors, and the summary.
import { describe, expect, test } from 'vitest';
import { readControllerConfig } from '../controllers/controller-config.ts';
import { createControllerMarket } from '../controllers/controller-market.ts';
import { controllerStrategy } from '../controllers/controller-strategy.ts';
import { type ControllerRun, runController } from '../controllers/run-controller.ts';
import { executorProfile } from '../executors/fixes.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { PROFILES, type ProfileName } from '../simulate/profiles.ts';
import type { ExecutionRequest } from './request.ts';
import { runVariant } from './run-variant.ts';
import { createVariantRunner } from './variant-runner.ts';
import { createWindow } from './window.ts';

const candles = syntheticCandles({
  seed: 11,
  timeframe: parseTimeframe('1m'),
  barCount: 6_000,
  startTime: Date.UTC(2024, 0, 1),
  startPrice: 40_000,
});
/** A window with history before it. */
const window = createWindow(candles, { fromMs: candles.time[1_000]! });

const execution = (name: ProfileName, cash = 1_000): ExecutionRequest => ({
  profile: PROFILES[name],
  ...PROFILES[name].defaults,
  initialCash: cash,
  costs: { feeRate: 0.0002, fixedFee: 0, slippage: 0 },
  calendar: 'continuous',
});

const barriers = { stop_loss: 0.004, take_profit: 0.003, time_limit: 1800, total_amount_quote: 1_000 };
const CONTROLLERS = [
  { controller_name: 'bollinger_v1', interval: '3m', bb_length: 30, ...barriers },
  { controller_name: 'dman_v3', interval: '1m', bb_length: 30, dca_spreads: '0.001,0.003', stop_loss: 0.01 },
  { controller_name: 'pmm_simple', buy_spreads: '0.001,0.002', sell_spreads: '0.001', ...barriers },
  {
    controller_name: 'pmm_simple',
    connector_name: 'binance',
    buy_spreads: '0.001',
    sell_spreads: '0.001',
    ...barriers,
  },
  {
    controller_name: 'dman_maker_v2',
    buy_spreads: '0.001',
    sell_spreads: '0.001',
    dca_spreads: '0.001,0.002',
    dca_amounts: '1,2',
    ...barriers,
  },
  {
    controller_name: 'grid_strike',
    start_price: 30_000,
    end_price: 60_000,
    limit_price: 20_000,
    keep_position: true,
    triple_barrier_config: { take_profit: 0.002 },
  },
] as const;
const PROFILE_NAMES = ['hummingbot', 'hummingbot-corrected'] as const;
const CASES = CONTROLLERS.flatMap((given) =>
  PROFILE_NAMES.map((profile) => [given.controller_name, profile, given] as const),
);

function direct(given: object, profile: (typeof PROFILE_NAMES)[number]): ControllerRun {
  const market = createControllerMarket(window.history, { from: window.from });
  const config = readControllerConfig(given as never);
  return runController(market, config, { tradeCost: 0.0002, fixes: executorProfile(profile).fixes });
}

const variant = (given: object, profile: ProfileName, cash?: number) => {
  const strategy = controllerStrategy(given as never);
  const parameters = Object.fromEntries(
    Object.entries(strategy.parameters).map(([name, axis]) => [name, axis.values[0]!]),
  );
  return runVariant({ ...execution(profile, cash), strategy }, window, parameters, {});
};

describe.each(CASES)('%s under %s', (_, profile, given) => {
  const wanted = direct(given, profile);
  const run = variant(given, profile);
  const { simulation, metrics } = run;

  test('equity is the capital and the P&L at each close', () => {
    expect(simulation.equity.length).toBe(window.candles.barCount);
    const before = wanted.firstBar - window.from;
    for (let bar = 0; bar < simulation.equity.length; bar++) {
      const pnl = bar < before ? 0 : wanted.pnl[bar - before]!;
      expect(simulation.equity[bar]).toBe(1_000 + pnl);
    }
  });

  test('there is a trade for each executor that filled, and what is held besides', () => {
    const filled = wanted.executors.filter(({ fillBar }) => fillBar >= 0);
    const closed = simulation.trades.filter(({ exitReason }) => exitReason !== 'open');
    expect(filled.length).toBeGreaterThan(0);
    expect(closed.map(({ entryBar, exitBar, pnl, fees }) => [entryBar, exitBar, pnl, fees])).toEqual(
      filled.map(({ fillBar, closeBar, netPnlQuote, feesQuote }) => [
        fillBar - window.from,
        closeBar - window.from,
        netPnlQuote,
        feesQuote,
      ]),
    );
    // Hummingbot drops the P&L of a position that is flat, and that of a held grid.
    const sum = simulation.trades.reduce((total, { pnl }) => total + pnl, 0);
    if (profile === 'hummingbot-corrected') expect(sum).toBeCloseTo(simulation.finalEquity - 1_000, 8);
  });

  test('exposure counts bars with something held once, however many executors hold it', () => {
    const held = new Set<number>();
    for (const { fillBar, closeBar } of wanted.executors) {
      for (let bar = fillBar; fillBar >= 0 && bar < closeBar; bar++) held.add(bar);
    }
    if (wanted.hold === null) expect(metrics.exposure).toBe(held.size / window.candles.barCount);
    else expect(metrics.exposure!).toBeGreaterThanOrEqual(held.size / window.candles.barCount);
    expect(metrics.exposure!).toBeLessThanOrEqual(1);
    const closed = wanted.executors.filter(({ fillBar }) => fillBar >= 0);
    const bars = closed.reduce((total, { fillBar, closeBar }) => total + closeBar - fillBar, 0);
    expect(metrics.averageHoldingBars).toBeCloseTo(bars / closed.length, 10);
  });

  test("its own figures are those of Hummingbot's summary", () => {
    const { close_types: types, ...figures } = wanted.summary;
    for (const [name, value] of Object.entries(figures)) {
      expect(run.profileMetrics![name], name).toBe(Number.isFinite(value) ? value : null);
    }
    for (const [type, count] of Object.entries(types)) expect(run.profileMetrics![`close_types.${type}`]).toBe(count);
  });
});

test('executors overlap in these runs, or exposure proves nothing', () => {
  const { trades } = variant(CONTROLLERS[2], 'hummingbot-corrected').simulation;
  expect(
    trades.some((trade, i) =>
      trades.some((other, k) => k !== i && other.entryBar < trade.exitBar && trade.entryBar < other.exitBar),
    ),
  ).toBe(true);
});

test('a variant after another one is what it is alone', () => {
  const strategy = controllerStrategy(CONTROLLERS[0]);
  const setup = execution('hummingbot-corrected');
  const equity = new Float64Array(window.candles.barCount);
  // So small a bound keeps one column at a time.
  const runner = createVariantRunner({ strategy, execution: setup, window, cacheBytes: 1, equity });
  const score = (bb_length: number): readonly number[] => {
    runner.select({ bb_length });
    return [...runner.run({}).equity];
  };
  const [first, other, again] = [score(20), score(50), score(20)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  expect(runner.stats.columnsComputed).toBeGreaterThan(0);
});

test('an account that falls below zero has no ratios of returns, and the rest of its metrics', () => {
  const { metrics, simulation } = variant(
    { ...CONTROLLERS[2], total_amount_quote: 1_000_000 },
    'hummingbot-corrected',
    1,
  );
  expect(simulation.ruined).toBe(true);
  expect(metrics).toMatchObject({ sharpe: null, sortino: null, omega: null, volatility: null });
  expect(metrics.totalReturn).not.toBeNull();
  expect(variant(CONTROLLERS[0], 'hummingbot-corrected').metrics.sharpe).not.toBeNull();
});

describe('refusals', () => {
  test('a controller under the profile of signals', () => {
    expect(() => variant(CONTROLLERS[0], 'close')).toThrow(/hummingbot or hummingbot-corrected/);
  });

  test('barriers of signal strategies', () => {
    const strategy = controllerStrategy({ controller_name: 'pmm_simple' });
    const request = { ...execution('hummingbot'), strategy };
    expect(() => runVariant(request, window, {}, { stopLoss: 0.01 })).toThrow(/barriers of its own/);
  });
});
