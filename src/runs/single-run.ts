// One backtest from names to a JSON-safe record: a variant of a strategy, or ready-made signals.
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import type { Candles } from '../market/candles.ts';
import type { ExitReason, Side, Trade } from '../metrics/trade.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { barriersOf, indicatorVariantKey, RISK_PARAMETERS, variantKey } from '../sweep/grid.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import { runVariant, type VariantRun } from '../sweep/run-variant.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { type ExecutionSelection, executionRequest } from './execution-selection.ts';
import { checkParameters } from './parameter-names.ts';
import { type RowJson, rowJson } from './result-record.ts';
import { dataJson, executionJson, loadNamedStrategy, type RunContext } from './sweep-run.ts';
import { type LoadedWindow, loadWindow, type WindowSelection } from './window-selection.ts';

/** A trade as JSON shows it. Bars count from 0 in the window; times are the open times of those bars, ISO 8601. */
export interface TradeJson {
  readonly side: Side;
  readonly entryBar: number;
  readonly entryTime: string;
  readonly entryPrice: number;
  readonly exitBar: number;
  readonly exitTime: string;
  readonly exitPrice: number;
  readonly size: number;
  readonly fees: number;
  readonly pnl: number;
  readonly return: number;
  readonly exitReason: ExitReason;
  /** Which of several positions it was, where the strategy names them. */
  readonly tag?: string;
}

export interface FinishedRun {
  readonly execution: ExecutionRequest;
  readonly loadedWindow: LoadedWindow;
  readonly loadedStrategy?: LoadedStrategy;
  readonly run: VariantRun;
  readonly row: RowJson;
  readonly elapsedMs: number;
}

export interface RunSelection {
  readonly strategy: string;
  readonly window: WindowSelection;
  readonly execution: ExecutionSelection;
  /** Axes of one value each. */
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly risk: RiskAxes;
}

/** Errors: those of loading, GRID_INVALID when a parameter has not exactly one value. */
export async function runStrategy(selection: RunSelection, context: RunContext): Promise<FinishedRun> {
  const execution = executionRequest(selection.execution);
  const loadedStrategy = await loadNamedStrategy(selection.strategy, context);
  checkParameters(loadedStrategy.strategy, selection.parameters);
  const parameters = singleParameters(loadedStrategy, selection.parameters);
  const barriers = singleBarriers({ ...loadedStrategy.strategy.risk, ...selection.risk });
  const loadedWindow = withCalendarNote(await loadWindow(selection.window, context), execution.calendar);
  return runOn(loadedStrategy, execution, loadedWindow, parameters, barriers, context);
}

/** Runs one variant over a window that is loaded already. */
export function runOn(
  loadedStrategy: LoadedStrategy,
  execution: ExecutionRequest,
  loadedWindow: LoadedWindow,
  parameters: ParameterValues,
  barriers: Barriers,
  context: Pick<RunContext, 'clock'>,
): FinishedRun {
  const { strategy } = loadedStrategy;
  const startedMs = context.clock.monotonicMs();
  const run = runVariant({ ...execution, strategy }, loadedWindow.window, parameters, barriers);
  const elapsedMs = context.clock.monotonicMs() - startedMs;
  const names = { strategyName: strategy.name, arithmetic: execution.profile.arithmetic };
  const row = rowJson({
    variantKey: variantKey(names, parameters, barriers),
    indicatorVariantKey: indicatorVariantKey(names, parameters),
    params: parameters,
    risk: barriers,
    metrics: run.metrics,
  });
  return { execution, loadedStrategy, loadedWindow, run, row, elapsedMs };
}

/** One value per parameter of the strategy; an axis the strategy declares with one value needs no --set. */
function singleParameters(loaded: LoadedStrategy, given: Readonly<Record<string, Axis>>): ParameterValues {
  const { strategy } = loaded;
  const names = Object.keys(strategy.parameters);
  const wrong = names.filter((name) => (given[name] ?? strategy.parameters[name]!).values.length !== 1);
  if (wrong.length > 0) {
    const example = wrong.map((name) => `--set ${name}=${strategy.parameters[name]!.values[0]}`).join(' ');
    throw new AppError('GRID_INVALID', {
      rule: 'One run needs exactly one value for each parameter.',
      found: `none or several for ${wrong.join(', ')}.`,
      todo: `Write for example ${example}, or use gridmill sweep for many.`,
    });
  }
  return Object.fromEntries(names.map((name) => [name, (given[name] ?? strategy.parameters[name]!).values[0]!]));
}

const BARRIER_FLAGS = {
  stopLoss: '--stop-loss',
  takeProfit: '--take-profit',
  trailingStop: '--trailing',
  timeLimit: '--time-limit',
} as const;

/** The barriers of one run, from the strategy file or the command line. Errors: GRID_INVALID for one of several values. */
export function singleBarriers(risk: RiskAxes): Barriers {
  const entries = RISK_PARAMETERS.flatMap((name) => (risk[name] === undefined ? [] : [[name, risk[name]] as const]));
  const several = entries.filter(([, axis]) => axis.values.length !== 1);
  if (several.length > 0) {
    const example = several.map(([name, axis]) => `${BARRIER_FLAGS[name]} ${axis.values.find((v) => v > 0) ?? 0}`);
    throw new AppError('GRID_INVALID', {
      rule: 'One run needs exactly one value for each barrier.',
      found: `${several.map(([name, axis]) => `${name} = ${axis.values.join(', ')}`).join('; ')}.`,
      todo: `Write for example ${example.join(' ')} (0 is off), or use gridmill sweep for many.`,
    });
  }
  return barriersOf(Object.fromEntries(entries.map(([name, axis]) => [name, axis.values[0]!])));
}

/** What `run --json` prints. */
export function runJson(finished: FinishedRun, context: RunContext, withEquity: boolean): object {
  const { execution, loadedWindow, loadedStrategy, run, row, elapsedMs } = finished;
  const { candles, dataHash } = loadedWindow.window;
  return {
    engineVersion: context.engineVersion,
    dataHash,
    profile: execution.profile.name,
    assumption: execution.profile.assumption,
    bars: candles.barCount,
    elapsedMs: Math.round(elapsedMs),
    strategy: loadedStrategy?.strategy.name ?? null,
    strategyHash: loadedStrategy?.strategyHash ?? null,
    execution: executionJson({ ...execution, profile: execution.profile.name }),
    data: dataJson(loadedWindow, {}),
    ...row,
    ...(run.profileMetrics === undefined ? {} : { profileMetrics: run.profileMetrics }),
    ruined: run.simulation.ruined,
    trades: run.simulation.trades.map((trade) => tradeJson(trade, candles)),
    ...(withEquity ? { equity: Array.from(run.simulation.equity) } : {}),
  };
}

export function tradeJson(trade: Trade, candles: Candles): TradeJson {
  const iso = (bar: number): string => new Date(candles.time[bar]!).toISOString();
  const { side, entryBar, entryPrice, exitBar, exitPrice, size, fees, pnl, exitReason, tag } = trade;
  return {
    side,
    entryBar,
    entryTime: iso(entryBar),
    entryPrice,
    exitBar,
    exitTime: iso(exitBar),
    exitPrice,
    size,
    fees,
    pnl,
    return: trade.return,
    exitReason,
    ...(tag === undefined ? {} : { tag }),
  };
}
