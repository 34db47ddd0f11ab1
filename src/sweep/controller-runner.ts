// Variants of a Hummingbot controller: its executors as trades, its P&L as equity, its summary beside the standard metrics.
import type { ControllerConfig } from '../controllers/controller-config.ts';
import { type ControllerMarket, createControllerMarket } from '../controllers/controller-market.ts';
import { configurator } from '../controllers/controller-strategy.ts';
import { controllerTotal, type ExecutedRun, executeController, summarized } from '../controllers/run-controller.ts';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { createBookScratch } from '../executors/executor-book.ts';
import { executorProfile, type Fixes } from '../executors/fixes.ts';
import { parseTradingRules, type TradingRules } from '../executors/grid-levels.ts';
import type { ExecutorSummary } from '../executors/summary.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ControllerProgram } from '../strategy/program.ts';
import type { ColumnStats } from './columns.ts';
import { executorTrades } from './executor-trades.ts';
import { exposureCounter } from './exposure.ts';
import type { ProfileMetrics } from './profile-metrics.ts';
import type { VariantRunner, VariantRunnerOptions } from './runner-port.ts';
import { checkProfile } from './sweep-checks.ts';

/** Errors: REQUEST_INVALID under a profile that is not for controllers. */
export function createControllerRunner(options: VariantRunnerOptions, program: ControllerProgram): VariantRunner {
  const { execution, window } = options;
  checkProfile({ ...execution, strategy: options.strategy });
  const { fixes } = executorProfile(execution.profile.name);
  const market = createControllerMarket(window.history, { from: window.from, columnBytes: options.cacheBytes });
  const configOf = configurator(program.given);
  const tradingRules = tradingRulesOf(execution.instrument);
  const scratch = createBookScratch(market.executors);
  const exposedBars = exposureCounter(window.candles.barCount);
  let config: ControllerConfig | undefined;
  let last: ExecutedRun | undefined;
  return {
    select(parameters) {
      config = configOf(parameters);
    },
    run(barriers) {
      refuseBarriers(barriers);
      assert(config !== undefined, 'parameters are selected before a run');
      last = executeController(market, config, {
        tradeCost: execution.costs.feeRate,
        fixes,
        tradingRules,
        keepUnfilled: false,
        scratch,
      });
      return simulationOf(last, market, config, fixes, options, exposedBars);
    },
    profileMetrics() {
      assert(config !== undefined && last !== undefined, 'a run comes before its metrics');
      return flatSummary(summarized(market, last, controllerTotal(config), fixes).summary);
    },
    signals: undefined,
    get stats(): ColumnStats {
      const { computed, hits } = market.columns;
      return { columnsComputed: computed, hits, misses: computed };
    },
  };
}

/** An instrument as grids read it; null where nothing is known. */
export const tradingRulesOf = (instrument: Instrument | undefined): TradingRules | null =>
  instrument === undefined
    ? null
    : parseTradingRules({
        min_notional_size: instrument.minNotional,
        min_base_amount_increment: instrument.stepSize,
        min_price_increment: instrument.tickSize,
      });

function refuseBarriers(barriers: Barriers): void {
  const [first] = Object.keys(barriers);
  if (first === undefined) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A Hummingbot controller has barriers of its own.',
    found: `the barrier ${first}.`,
    todo: 'Set stop_loss, take_profit, trailing_stop and time_limit of the configuration instead.',
  });
}

function simulationOf(
  run: ExecutedRun,
  market: ControllerMarket,
  config: ControllerConfig,
  fixes: Fixes,
  { execution, window, equity: buffer }: VariantRunnerOptions,
  exposedBars: ReturnType<typeof exposureCounter>,
): Simulation {
  const { barCount } = window.candles;
  const { initialCash } = execution;
  const equity = buffer ?? new Float64Array(barCount);
  const before = run.firstBar - window.from;
  equity.fill(initialCash, 0, before);
  const { pnl } = run;
  let lowest = initialCash;
  for (let row = 0; row < pnl.length; row++) {
    const value = initialCash + pnl[row]!;
    equity[before + row] = value;
    if (value < lowest) lowest = value;
  }
  const finalEquity = equity[barCount - 1]!;
  const { trades, ambiguousBars } = executorTrades(run, market.executors, config, window.from, fixes);
  return {
    fills: [],
    trades,
    equity,
    finalEquity,
    totalReturn: (finalEquity - initialCash) / initialCash,
    exposedBars: exposedBars(run, window.from),
    ambiguousBars,
    skippedOrders: 0,
    ruined: lowest <= 0,
  };
}

/** The summary with its close types as members of their own. */
function flatSummary(summary: ExecutorSummary): ProfileMetrics {
  const flat: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(summary) as [string, number | Readonly<Record<string, number>>][]) {
    if (typeof value === 'number') flat[name] = Number.isFinite(value) ? value : null;
    else for (const [type, count] of Object.entries(value)) flat[`${name}.${type}`] = count;
  }
  return flat;
}
