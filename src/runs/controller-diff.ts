// A controller under two profiles: loads it and its candles, runs both and every fix alone, and says what differs.

import { createControllerMarket } from '../controllers/controller-market.ts';
import { configurator, withControllerFields } from '../controllers/controller-strategy.ts';
import { type ComparedRuns, diffProfiles, type ExecutorDiff } from '../controllers/diff-runs.ts';
import { AppError } from '../core/errors.ts';
import type { ExecutorRecord } from '../executors/executor-book.ts';
import { executorProfile } from '../executors/fixes.ts';
import type { RowRecord } from '../feeds/encode-rows.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import { tradingRulesOf } from '../sweep/controller-runner.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { ExecutionSelection } from './execution-selection.ts';
import { checkParameters } from './parameter-names.ts';
import { singleParameters } from './single-run.ts';
import { strategyExecution } from './strategy-execution.ts';
import { dataJson, executionJson, loadNamedStrategy, type RunContext } from './sweep-run.ts';
import { type LoadedWindow, loadWindow, type WindowSelection } from './window-selection.ts';

export interface DiffSelection {
  readonly strategy: string;
  readonly window: WindowSelection;
  readonly execution: Omit<ExecutionSelection, 'profile'>;
  /** Axes of one value each. */
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly profileA: string;
  readonly profileB: string;
}

export interface FinishedDiff {
  readonly loadedStrategy: LoadedStrategy;
  readonly loadedWindow: LoadedWindow;
  readonly execution: ExecutionRequest;
  readonly parameters: ParameterValues;
  readonly profileA: string;
  readonly profileB: string;
  readonly compared: ComparedRuns;
  readonly elapsedMs: number;
}

/** Errors: those of loading, PROFILE_UNKNOWN, REQUEST_INVALID where Hummingbot's back-test cannot run the configuration. */
export async function diffController(
  selection: DiffSelection,
  context: RunContext,
  onRun?: (done: number, all: number) => void,
): Promise<FinishedDiff> {
  const { profileA, profileB } = selection;
  const [a, b] = [executorProfile(profileA).fixes, executorProfile(profileB).fixes];
  const loaded = await loadNamedStrategy(selection.strategy, context);
  const strategy = withControllerFields(loaded.strategy, Object.keys(selection.parameters));
  const { program } = strategy;
  if (program?.kind !== 'controller') throw notAController(strategy.name);
  const loadedStrategy = { ...loaded, strategy };
  checkParameters(strategy, selection.parameters);
  const parameters = singleParameters(loadedStrategy, selection.parameters);
  const axes = { parameters: selection.parameters, risk: {} };
  const execution = await strategyExecution(selection.execution, strategy, axes, context);
  const loadedWindow = await loadWindow(selection.window, context);
  const { window } = loadedWindow;
  const startedMs = context.clock.monotonicMs();
  const compared = diffProfiles(
    createControllerMarket(window.history, { from: window.from }),
    configurator(program.given)(parameters),
    { tradeCost: execution.costs.feeRate, tradingRules: tradingRulesOf(execution.instrument) },
    { a, b },
    onRun,
  );
  const elapsedMs = context.clock.monotonicMs() - startedMs;
  return { loadedStrategy, loadedWindow, execution, parameters, profileA, profileB, compared, elapsedMs };
}

const notAController = (name: string): AppError =>
  new AppError('STRATEGY_INVALID', {
    rule: "gridmill diff compares a Hummingbot controller under Hummingbot's rules and under the corrected ones.",
    found: `${name}, which is no controller.`,
    todo: 'Name a controller file, such as bollinger.yml.',
  });

/** Differing executors, the largest change of P&L first, or in order of time. */
export function orderedExecutors(executors: readonly ExecutorDiff[], sort: 'change' | 'time'): readonly ExecutorDiff[] {
  if (sort === 'time') return executors;
  return [...executors].sort((a, b) => Math.abs(b.netPnlQuoteChange) - Math.abs(a.netPnlQuoteChange));
}

const executorJson = (executor: ExecutorRecord | null): object | null =>
  executor && {
    ...executor,
    fillPrice: executor.fillBar < 0 ? null : executor.fillPrice,
    created: new Date(executor.createdMs).toISOString(),
    closed: new Date(executor.closeMs).toISOString(),
  };

/** What `diff --json` prints. */
export function diffJson(
  finished: FinishedDiff,
  context: RunContext,
  wanted: { readonly limit: number; readonly sort: 'change' | 'time' },
): object {
  const { compared, execution, loadedWindow, loadedStrategy, profileA, profileB, elapsedMs } = finished;
  const { profile: _, ...json } = executionJson({ ...execution, profile: execution.profile.name });
  return {
    kind: 'gridmill-diff',
    engineVersion: context.engineVersion,
    strategy: loadedStrategy.strategy.name,
    strategyHash: loadedStrategy.strategyHash,
    parameters: finished.parameters,
    profiles: { a: profileA, b: profileB },
    dataHash: loadedWindow.window.dataHash,
    data: dataJson(loadedWindow, {}),
    execution: json,
    elapsedMs: Math.round(elapsedMs),
    netPnlQuoteChange: compared.netPnlQuoteChange,
    summary: { a: compared.a.summary, b: compared.b.summary },
    effects: compared.effects,
    executorsSame: compared.executorsSame,
    executorsDiffering: compared.executors.length,
    executors: orderedExecutors(compared.executors, wanted.sort)
      .slice(0, wanted.limit)
      .map((one) => ({
        ...one,
        created: new Date(one.createdMs).toISOString(),
        a: executorJson(one.a),
        b: executorJson(one.b),
      })),
  };
}

/** Differing executors as flat records, for a file. */
export function diffRecords({ compared }: FinishedDiff): RowRecord[] {
  return compared.executors.map((one) => {
    const { kind, createdMs, isLong, levelId, a, b, netPnlQuoteChange, causes } = one;
    return {
      created: new Date(createdMs).toISOString(),
      side: isLong ? 'long' : 'short',
      level: levelId,
      kind,
      ...flatExecutor('a', a),
      ...flatExecutor('b', b),
      netPnlQuoteChange,
      causes: causes.join(' '),
    };
  });
}

const flatExecutor = (prefix: string, executor: ExecutorRecord | null): RowRecord => ({
  [`${prefix}CloseType`]: executor?.closeType ?? null,
  [`${prefix}Closed`]: executor === null ? null : new Date(executor.closeMs).toISOString(),
  [`${prefix}FillPrice`]: executor === null || executor.fillBar < 0 ? null : executor.fillPrice,
  [`${prefix}ClosePrice`]: executor?.closePrice ?? null,
  [`${prefix}FilledQuote`]: executor?.filledQuote ?? null,
  [`${prefix}FeesQuote`]: executor?.feesQuote ?? null,
  [`${prefix}NetPnlQuote`]: executor?.netPnlQuote ?? null,
});
