// Bar strategies behind the runner of variants: their columns come from the store that variants share.
import type { BarColumns, ColumnValues } from '../bars/bar-columns.ts';
import { runBars } from '../bars/bar-run.ts';
import type { Journal } from '../bars/journal.ts';
import { NO_BAR } from '../bars/series.ts';
import { createExecutorMarket, type ExecutorMarket } from '../executors/executor-market.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ExpressionTimeframe } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { type ColumnStats, ColumnStore } from './columns.ts';
import { simulationSettings } from './execution-settings.ts';
import { variantKey } from './grid.ts';
import { type ProfileMetrics, profileMetrics } from './profile-metrics.ts';
import type { ExecutionRequest } from './request.ts';
import type { Window } from './window.ts';

/** What an audit looks at besides. */
export interface BarAudit {
  readonly journal: Journal;
  /** Bars to run. */
  readonly bars: number;
}

export interface BarRunnerOptions {
  readonly strategy: Strategy;
  readonly execution: ExecutionRequest;
  readonly window: Window;
  /** Most bytes of finished columns that are kept. */
  readonly cacheBytes: number;
  /** A buffer of one value per bar for the equity of each run; every run has its own when left out. */
  readonly equity?: Float64Array;
}

/** As a VariantRunner: what it gives back is reused by the next call. */
export interface BarRunner {
  select(parameters: ParameterValues): void;
  /** Errors: STRATEGY_FAILED, REQUEST_INVALID. */
  run(barriers: Barriers): Simulation;
  profileMetrics(simulation: Simulation): ProfileMetrics | undefined;
  readonly signals: undefined;
  readonly stats: ColumnStats;
}

export function barRunner(options: BarRunnerOptions, program: BarProgram, audit?: BarAudit): BarRunner {
  const { strategy, execution, window, cacheBytes, equity } = options;
  const { arithmetic } = execution.profile;
  const { history, candles, from } = window;
  // A condition of numbers is the same condition in every variant that builds it: all of them are worth keeping.
  const store = new ColumnStore({ history, arithmetic, cacheBytes, isShared: () => true });
  const columns = columnsOf(store, history.barCount);
  const cursor = { bar: NO_BAR };
  let market: ExecutorMarket | undefined;
  const executorMarket = (): ExecutorMarket => {
    market ??= createExecutorMarket(candles);
    return market;
  };
  let parameters: ParameterValues = {};
  return {
    select(selected) {
      parameters = selected;
      store.begin({});
    },
    run(barriers) {
      const names = { strategyName: strategy.name, arithmetic };
      return runBars({
        strategyName: strategy.name,
        program,
        parameters,
        settings: simulationSettings(execution, barriers),
        candles,
        from,
        columns,
        cursor,
        executorMarket,
        variantKey: variantKey(names, parameters, barriers),
        equity,
        ...audit,
      });
    },
    profileMetrics: (simulation) => profileMetrics(simulation, execution, window, 0),
    signals: undefined,
    get stats() {
      return store.stats;
    },
  };
}

/** The store as bar strategies read it: columns stay on the candles of their own timeframe. */
export function columnsOf(store: ColumnStore, barCount: number): BarColumns {
  const closedAt = (timeframe: ExpressionTimeframe): Int32Array | undefined => store.timeframe(timeframe).closedAt;
  return {
    column(column): ColumnValues {
      const values = store.column(column);
      if (typeof values === 'number') return { values: new Float64Array(barCount).fill(values), closedAt: undefined };
      return { values, closedAt: closedAt(column.timeframe) };
    },
    condition: (condition) => store.condition(condition),
    times(text): ColumnValues {
      const timeframe = text === 'base' ? text : parseTimeframe(text);
      return { values: store.timeframe(timeframe).candles.time, closedAt: closedAt(timeframe) };
    },
  };
}
