// One sweep from names to a result record: load, plan, score, collect.
import { withControllerFields } from '../controllers/controller-strategy.ts';
import { type LoadedStrategy, loadStrategy } from '../loader/load-strategy.ts';
import type { MetricName } from '../metrics/metrics.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { createGrid, type Grid } from '../sweep/grid.ts';
import type { MetricCondition } from '../sweep/metric-condition.ts';
import type { SweepOutcome, SweepRequest } from '../sweep/request.ts';
import { resultHash } from '../sweep/result-hash.ts';
import { runSweep } from '../sweep/run-sweep.ts';
import { withCost } from '../sweep/shard-merge.ts';
import { warmUpNote, withCalendarNote } from './assumption-notes.ts';
import type { CandleContext } from './candle-source.ts';
import { controllerNotes } from './controller-notes.ts';
import type { ExecutionSelection } from './execution-selection.ts';
import type { GivenRules } from './instrument-rules.ts';
import type { Isolation } from './module-ref.ts';
import { checkParameters } from './parameter-names.ts';
import { type DataJson, type ExecutionJson, type ResultRecord, rankedRowJson } from './result-record.ts';
import type { RowColumns } from './row-columns.ts';
import { strategyExecution } from './strategy-execution.ts';
import { rowColumns, type SweepLimits, sweepHost } from './sweep-host.ts';
import {
  cutWindow,
  type LoadedWindow,
  loadWindow,
  type WindowBounds,
  type WindowSelection,
} from './window-selection.ts';

/** What every run needs from its surroundings. */
export interface RunContext extends CandleContext {
  readonly engineVersion: string;
  /** What `import … from 'gridmill'` means in a strategy. */
  readonly entry: () => Promise<Readonly<Record<string, unknown>>>;
  /** Most resident bytes of this process so far; nobody knows when left out. */
  readonly peakBytes?: () => number;
  /** Hears, one sentence per place, where a strategy asked for chance or time when it was loaded or run here. */
  readonly onFlag?: (sentence: string) => void;
  /** `process` runs strategy files in fenced processes, and none of their code in this one; for sweeps and studies. Default `thread`. */
  readonly isolate?: Isolation;
  /** What is known of the exchange's rules for a controller, where that is not for this machine to look up. */
  readonly rules?: GivenRules;
  /** Most bytes of models in memory at once; LIMITS.modelMemoryBytes when left out. */
  readonly modelBytesMax?: number | undefined;
}

export interface GridSelection {
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly risk: RiskAxes;
  readonly rank: MetricName;
  readonly alsoRank?: readonly MetricName[];
  readonly top: number;
  readonly preselect: number;
  readonly sample?: number;
  readonly seed: number;
  readonly offset?: number;
  readonly limit?: number;
  readonly where?: readonly MetricCondition[];
}

export interface SweepSelection {
  /** A built-in name or a file. */
  readonly strategy: string;
  readonly window: WindowSelection;
  readonly execution: ExecutionSelection;
  readonly grid: GridSelection;
}

export interface PreparedSweep {
  readonly loadedStrategy: LoadedStrategy;
  readonly loadedWindow: LoadedWindow;
  readonly policies: DataJson['policies'];
  readonly request: SweepRequest;
  readonly grid: Grid;
}

export interface FinishedSweep {
  readonly record: ResultRecord;
  readonly outcome: SweepOutcome;
  readonly rows: RowColumns;
}

export const strategyCache = (storeRoot: string): string => `${storeRoot}/cache/strategies`;

export function loadNamedStrategy(reference: string, context: RunContext): Promise<LoadedStrategy> {
  const { folder, storeRoot, entry, onFlag, modelBytesMax, confined } = context;
  return loadStrategy(reference, {
    ...{ folder, cacheFolder: strategyCache(storeRoot), entry, onFlag, modelBytesMax, confined },
  });
}

/** A controller has parameters for the numbers it is asked to vary. Errors: GRID_INVALID. */
export function withParameters(loaded: LoadedStrategy, names: readonly string[]): LoadedStrategy {
  return { ...loaded, strategy: withControllerFields(loaded.strategy, names) };
}

/**
 * Loads strategy and candles, and checks the grid, so that every mistake is known before anything is scored.
 * Errors: those of loadStrategy, loadWindow, executionRequest and createGrid.
 */
export async function prepareSweep(selection: SweepSelection, context: RunContext): Promise<PreparedSweep> {
  const prepared = await prepareStrategy(selection, context);
  const loadedWindow = withCalendarNote(await loadWindow(selection.window, context), prepared.request.calendar);
  return { ...prepared, loadedWindow };
}

/** As prepareSweep, over candles that are loaded already: all of them, or those within `bounds`. */
export async function prepareSweepOn(
  loaded: LoadedWindow['loaded'],
  selection: Omit<SweepSelection, 'window'> & { readonly window?: Pick<WindowSelection, 'policies'> },
  context: RunContext,
  bounds: WindowBounds = { coldStart: false },
): Promise<PreparedSweep> {
  const prepared = await prepareStrategy({ window: {}, ...selection }, context);
  const loadedWindow = withCalendarNote(cutWindow(loaded, bounds), prepared.request.calendar);
  return { ...prepared, loadedWindow };
}

/** The strategy and the grid, before any candles. Errors: those of loadStrategy, executionRequest and createGrid. */
export async function prepareStrategy(
  selection: Omit<SweepSelection, 'window'> & { readonly window: Pick<WindowSelection, 'policies'> },
  context: RunContext,
) {
  const { parameters, risk, ...ranking } = selection.grid;
  const loaded = await loadIsolated(selection.strategy, parameters, context);
  const loadedStrategy = withParameters(loaded, Object.keys(parameters));
  const { strategy, strategyHash } = loadedStrategy;
  const execution = await strategyExecution(selection.execution, strategy, { parameters, risk }, context);
  checkParameters(strategy, parameters);
  const request: SweepRequest = { ...execution, ...ranking, strategy, strategyHash, parameters, risk };
  const grid = createGrid({ strategy, arithmetic: execution.profile.arithmetic, parameters, risk });
  return { loadedStrategy, policies: selection.window.policies ?? {}, request, grid };
}

/** As the context asks for: here, or told of by a fenced process that is asked about a grid of these axes. */
export async function loadIsolated(
  reference: string,
  parameters: Readonly<Record<string, Axis>>,
  context: RunContext,
): Promise<LoadedStrategy> {
  if (context.isolate !== 'process') return loadNamedStrategy(reference, context);
  const { loadFencedStrategy } = await import('./fenced-strategy.ts');
  return loadFencedStrategy(reference, { ...context, cacheFolder: strategyCache(context.storeRoot), parameters });
}

/** Errors: those of runSweep. A sweep that is stopped early is no error: its record says so. */
export async function finishSweep(
  prepared: PreparedSweep,
  limits: SweepLimits,
  context: RunContext,
): Promise<FinishedSweep> {
  const { request, grid, loadedWindow } = prepared;
  for (const text of controllerNotes(request.strategy, request)) limits.onNote(text);
  const rows = rowColumns(grid, limits.keepAllRows);
  const { merged } = limits;
  const made = await runSweep(request, sweepHost(prepared, rows, limits, context));
  const outcome = merged === undefined ? made : withCost(made, merged.cost);
  // Who interrupts wants the prompt back: nothing is counted for them.
  const tooLong = outcome.stopped === undefined ? warmUpNote(request, grid, loadedWindow.window) : undefined;
  if (tooLong !== undefined) limits.onNote(tooLong);
  return { record: resultRecord(prepared, outcome, rows, context), outcome, rows };
}

function resultRecord(
  prepared: PreparedSweep,
  outcome: SweepOutcome,
  rows: RowColumns,
  context: RunContext,
): ResultRecord {
  const { request, grid, loadedStrategy, loadedWindow } = prepared;
  const { window, loaded } = loadedWindow;
  return {
    kind: 'gridmill-sweep',
    engineVersion: context.engineVersion,
    createdAt: new Date(context.clock.wallMs()).toISOString(),
    dataHash: window.dataHash,
    profile: request.profile.name,
    assumption: request.profile.assumption,
    strategy: strategyJson(loadedStrategy),
    data: dataJson(loadedWindow, prepared.policies),
    execution: executionJson(request),
    grid: gridJson(request, grid),
    rankedBy: request.rank,
    alsoRankedBy: request.alsoRank ?? [],
    bars: window.candles.barCount,
    variants: outcome.variants,
    scored: outcome.scored,
    preselect: outcome.preselect,
    partial: outcome.stopped ?? null,
    elapsedMs: Math.round(outcome.elapsedMs),
    loadMs: Math.round(loaded.loadMs),
    downloadMs: loaded.downloadMs === undefined ? null : Math.round(loaded.downloadMs),
    resultHash: resultHash(context.engineVersion, request, window, outcome),
    plan: outcome.plan,
    engine: outcome.engine,
    top: outcome.top.map(rankedRowJson),
    heatmap: rows.toGrid(
      request.rank,
      grid.riskAxes.map((axis) => axis.name),
      outcome.scored,
    ),
  };
}

export function strategyJson({ strategy, strategyHash, path, source }: LoadedStrategy): ResultRecord['strategy'] {
  return { name: strategy.name, description: strategy.description, hash: strategyHash, path, source };
}

/** The axes as they are scored, and which part of them. */
export function gridJson(request: Omit<SweepRequest, 'alsoRank'>, grid: Grid): ResultRecord['grid'] {
  const axes = (list: typeof grid.axes) => Object.fromEntries(list.map((axis) => [axis.name, axis.values]));
  return {
    parameterNames: grid.axes.map((axis) => axis.name),
    parameters: axes(grid.axes),
    risk: axes(grid.riskAxes),
    sample: request.sample ?? null,
    seed: request.seed,
    offset: request.offset ?? null,
    limit: request.limit ?? null,
    where: request.where ?? [],
  };
}

export function dataJson({ loaded, bounds, window }: LoadedWindow, policies: DataJson['policies']): DataJson {
  const { candles, from } = window;
  const iso = (bar: number): string => new Date(candles.time[bar]!).toISOString();
  return {
    origin: loaded.origin,
    label: loaded.label,
    timeframe: candles.timeframe,
    synthetic: loaded.synthetic,
    policies,
    quality: loaded.quality,
    ...bounds,
    barsBefore: from,
    firstBar: iso(0),
    lastBar: iso(candles.barCount - 1),
  };
}

export function executionJson(execution: SweepRequest | ExecutionJson): ExecutionJson {
  const { direction, initialCash, costs, sizing, closeAtEnd, calendar, profile, instrument } = execution;
  const name = typeof profile === 'string' ? profile : profile.name;
  return {
    profile: name,
    direction,
    initialCash,
    costs,
    sizing,
    closeAtEnd,
    calendar,
    ...(instrument === undefined ? {} : { instrument }),
  };
}
