// What a sweep will cost in memory, priced before anything is computed, and how much of it goes to finished columns.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import { modelBytes } from '../models/model-file.ts';
import type { Column } from '../strategy/expression.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { type FastMemoryPlan, kernelColumn, planFastMemory } from './fast-memory.ts';
import { collectGraph, instanceCount, isShared } from './graph.ts';
import type { GraphNode } from './graph-node.ts';
import type { Grid } from './grid.ts';
import type { EngineName } from './request.ts';
import type { Window } from './window.ts';

const MIB = 2 ** 20;
/** Resident bytes of a process that has loaded everything and holds no candles, where nobody has measured it. */
const RUNTIME_BYTES = 78 * MIB;
/** What compiled code, the printed result and the modules that write it add to a process that is about to score. */
const LATER_BYTES = 4 * MIB;
/** How much more another run may have taken at its peak of reading candles. How much of it stays resident is chance. */
const PEAK_SPREAD = 1.15;
/** … of each scoring thread beside the calling one. */
const THREAD_BYTES = 30 * MIB;
const COLUMNS_PER_CANDLE = 6;
/** What the bounded heap of a thread grows to while it handles variants, and how soon. */
const HEAP_BYTES = 34 * MIB;
const LEAST_HEAP_BYTES = 8 * MIB;
const HEAP_BYTES_PER_VARIANT = 2048;
/** … of a further thread, which holds little besides what it is at. */
const THREAD_HEAP_BYTES = 8 * MIB;
/** Columns that one computation of indicators has in hand. */
const WORKING_COLUMNS = 4;
/** Columns that were computed and not yet collected, per thread: the collector lags behind. */
const UNCOLLECTED_BYTES = 56 * MIB;
/** How often such a column is computed again, at a guess, where not all have room. */
const TIMES_COMPUTED = 4;
/** Of one ranked row with its key, in the heap that keeps it and in the result. */
const KEPT_ROW_BYTES = 1200;
/** Rows of the normative engine's batches; those of the fast engine have their own bound. */
const NORMATIVE_VARIANTS = 1024;
/** Batches whose rows are in hand for each thread, and copies of each while it is handed over. */
const BATCHES_IN_HAND = 4;
const ROW_COPIES = 2;
/** Cost of scoring, roughly: it only decides how many threads are worth starting. */
const NS_PER_BAR: Readonly<Record<EngineName, number>> = { fast: 1, normative: 15 };
/** Seconds that one core takes for so many variants, by numbers alone: the same on every machine. */
export const predictedSeconds = (variants: number, bars: number, engine: EngineName): number =>
  (variants * bars * NS_PER_BAR[engine]) / 1e9;

/** Work that outweighs starting a thread. */
const THREAD_WORK_MS = 250;
/** A further thread is worth having when this many columns more have room than the threads read at a time. */
const USEFUL_COLUMNS = 24;

export interface SweepPlan {
  /** Different indicator columns over the whole grid. */
  readonly distinctColumns: number;
  /** Different conditions over the whole grid. */
  readonly distinctConditions: number;
  /** Of the whole process at its peak, by what they are for. They add up to `bytesPredicted`. */
  readonly bytes: {
    readonly runtime: number;
    /** As loaded, once more in shared memory when there are several threads, what kernels read of them, and what reading
     * them took beyond all that the sweep takes. */
    readonly candles: number;
    /** Finished columns: one copy for all threads on the fast engine, one for each on the normative one. */
    readonly columns: number;
    /** What threads work in: tables, programs, columns in the making and not yet collected, their own runtime. */
    readonly threads: number;
    /** Models as threads share them, and what reading them takes in passing. */
    readonly models: number;
    /** Rows in hand and kept, and whatever the host holds. */
    readonly rows: number;
  };
  /** All distinct columns, and on the normative engine the conditions that variants share. */
  readonly columnBytes: number;
  /** Scoring threads: as many as asked for, or as the budget has room for. */
  readonly workers: number;
  /** Most bytes of columns that each thread keeps for itself. */
  readonly cacheBytes: number;
  /** The memory of the fast engine, which all threads share. */
  readonly fast: FastMemoryPlan | undefined;
  /** Most rows of one batch. */
  readonly variantsPerBatch: number;
  /** Most bytes of JavaScript heap of one thread: far more than scoring takes, and no more than the budget has room for. */
  readonly heapBytes: number;
  /** Whole process, at peak. */
  readonly bytesPredicted: number;
  /** A budget that does, also in a run in which somewhat more is resident than in this one. */
  readonly bytesMinimum: number;
}

export interface PlanOptions {
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  /** Default `normative`. */
  readonly engine?: EngineName;
  /** Scoring threads wanted; default 1. */
  readonly workers?: number;
  /** Scores beside the calling thread also where one thread is enough. */
  readonly apart?: boolean;
  /** Variants to be scored, where known: a short sweep is done before further threads have started. */
  readonly variants?: number;
  /** Most bytes of finished columns, however much room there is. */
  readonly columnBytesMax?: number;
  /** Rows that rankings keep. */
  readonly keptRows?: number;
  /** Bytes that the host holds besides. */
  readonly hostBytes?: number;
  /** Resident bytes of the process before the sweep, its candles among them; an average when left out. */
  readonly residentBytes?: number;
  /** Most bytes that were resident so far: reading candles may have taken more than the sweep will. */
  readonly peakBytes?: number;
}

/** What does not change with threads and budget. */
interface Costs {
  readonly columnBytes: number;
  /** Of one variant and thread, without any finished column beyond it. */
  readonly threadBytes: (workers: number) => number;
  /** Columns of which other columns are made, siblings of computed ones: what each thread keeps beside the slots. */
  readonly cacheBytes: number;
  readonly candleBytes: (workers: number) => number;
  readonly rowBytes: (workers: number) => number;
  /** Finished columns without which nothing can be scored. */
  readonly leastColumns: number;
  /** Bytes by which a further thread has room worth having. */
  readonly usefulBytes: (workers: number) => number;
  readonly variantsPerBatch: number;
}

/** Plans a sweep inside its budget. Errors: BUDGET_BYTES with the smallest budget that fits. */
export function planSweep(strategy: Strategy, grid: Grid, window: Window, options: PlanOptions = {}): SweepPlan {
  const { budgetBytes = Number.POSITIVE_INFINITY, engine = 'normative', workers: wanted = 1 } = options;
  const costs = (engine === 'fast' ? fastCosts : normativeCosts)(strategy, grid, window, options);
  const { columnBytes, leastColumns } = costs;
  const { variants = Number.POSITIVE_INFINITY } = options;
  // The calling thread handles the rows of all.
  const heapBytes = (workers: number): number =>
    Math.min(HEAP_BYTES, LEAST_HEAP_BYTES + variants * HEAP_BYTES_PER_VARIANT) +
    (isBeside(workers, options) ? workers * THREAD_HEAP_BYTES : 0);
  const threadBytes = (workers: number): number => costs.threadBytes(workers) + heapBytes(workers);
  const runtimeBytes = runtimeBytesOf(window, options);
  const models = modelFilesOf(strategy);
  const fixedBytes = (workers: number): number =>
    runtimeBytes +
    costs.candleBytes(workers) +
    threadBytes(workers) +
    modelBytes(models, workers) +
    costs.rowBytes(workers);
  const { peakBytes = 0, residentBytes = peakBytes } = options;
  const least = fixedBytes(1) + leastColumns;
  const readingBytes = Math.max(0, peakBytes * PEAK_SPREAD - residentBytes);
  const bytesMinimum = Math.ceil(least + readingBytes);
  if (budgetBytes < Math.max(least, peakBytes)) {
    const rest = threadBytes(1) + costs.rowBytes(1) + leastColumns;
    const ofModels = models.length === 0 ? '' : `, ${mb(modelBytes(models, 1))} for models`;
    throw new AppError('BUDGET_BYTES', {
      found: `a budget of ${mb(budgetBytes)}; needed are ${mb(runtimeBytes)} for the runtime, ${mb(costs.candleBytes(1))} for ${window.history.barCount} candles, ${mb(readingBytes)} that reading them takes in passing${ofModels}, and ${mb(rest)} for one variant.`,
      todo: `Give at least --memory ${mb(bytesMinimum).replace(' ', '')}, or fewer candles; those of the store are read without a detour.`,
    });
  }
  const workMs = predictedSeconds(variants, window.candles.barCount, engine) * 1000;
  let workers = Math.max(1, Math.min(wanted, Math.floor(workMs / THREAD_WORK_MS)));
  while (workers > 1 && fixedBytes(workers) + costs.usefulBytes(workers) > budgetBytes) workers--;
  const keepers = engine === 'fast' ? 1 : workers;
  const room = (budgetBytes - fixedBytes(workers)) / keepers;
  const { columnBytesMax = LIMITS.columnBytesMax } = options;
  const columnBudget = Math.max(leastColumns, Math.min(columnBytes, columnBytesMax, room));
  const fast =
    engine === 'fast' ? planFastMemory(strategy, grid, window, { threads: workers, columnBudget }) : undefined;
  const kept = fast === undefined ? keepers * columnBudget : fast.slots * fast.columnBytes;
  const sweepBytes = fixedBytes(workers) + kept;
  const bytes = {
    runtime: runtimeBytes,
    candles: costs.candleBytes(workers) + Math.max(0, peakBytes - sweepBytes),
    columns: kept,
    threads: threadBytes(workers),
    models: modelBytes(models, workers),
    rows: costs.rowBytes(workers),
  };
  const bytesPredicted = Object.values(bytes).reduce((total, part) => total + part, 0);
  const nodes = [...collectGraph(strategy).values()];
  return {
    distinctColumns: countInstances(nodes.filter(isComputed), grid),
    distinctConditions: countInstances(
      nodes.filter(({ isCondition }) => isCondition),
      grid,
    ),
    bytes,
    columnBytes,
    workers,
    cacheBytes: fast === undefined ? columnBudget : costs.cacheBytes,
    fast,
    variantsPerBatch: costs.variantsPerBatch,
    heapBytes: HEAP_BYTES + Math.max(0, budgetBytes - bytesPredicted) / workers,
    bytesPredicted,
    bytesMinimum,
  };
}

const isComputed = ({ isCondition, node }: GraphNode): boolean =>
  !isCondition && node.kind !== 'source' && node.kind !== 'constant';

const countInstances = (list: readonly GraphNode[], grid: Grid): number =>
  list.reduce((sum, entry) => sum + instanceCount(entry, grid), 0);

const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

/** All that is resident and no candle, and what comes to it. */
function runtimeBytesOf({ history }: Window, { residentBytes }: PlanOptions): number {
  if (residentBytes === undefined) return RUNTIME_BYTES + LATER_BYTES;
  return Math.max(0, residentBytes - history.barCount * COLUMNS_PER_CANDLE * 8) + LATER_BYTES;
}

/** Whether other threads than the calling one score. */
const isBeside = (workers: number, { apart = false }: PlanOptions): boolean => workers > 1 || apart;

/** Threads read their own shared copy of the candles; a calling thread that scores reads those that were loaded. */
const candleBytesOf =
  (bars: number, options: PlanOptions) =>
  (workers: number): number =>
    bars * COLUMNS_PER_CANDLE * 8 * (isBeside(workers, options) ? 2 : 1);

function rowBytesOf(variantsPerBatch: number, options: PlanOptions) {
  const { keptRows = 0, hostBytes = 0 } = options;
  const batchBytes = variantsPerBatch * METRIC_NAMES.length * 8;
  const inHand = (workers: number): number => (isBeside(workers, options) ? workers * BATCHES_IN_HAND : 1) * ROW_COPIES;
  return (workers: number): number => inHand(workers) * batchBytes + keptRows * KEPT_ROW_BYTES + hostBytes;
}

function fastCosts(strategy: Strategy, grid: Grid, window: Window, options: PlanOptions): Costs {
  const bars = window.history.barCount;
  const { slots, columnBytes, sources, scratchBytes, groupVariants } = planFastMemory(strategy, grid, window, {
    threads: 1,
    columnBudget: 0,
  });
  const all = planFastMemory(strategy, grid, window, { threads: 1, columnBudget: Number.POSITIVE_INFINITY });
  const leastColumns = slots * columnBytes;
  // Columns that no kernel writes into a slot: what is made of what, and custom ones. They leave garbage behind.
  const operands = new Set(new ColumnCatalog(strategy, grid).operands.map(({ column }) => column.key));
  const outside = [...collectGraph(strategy).values()].filter(
    (entry) => isComputed(entry) && !(operands.has(entry.node.key) && kernelColumn(entry.node as Column) !== undefined),
  );
  const cacheBytes = outside.length * bars * 8;
  const garbage = Math.min(countInstances(outside, grid) * bars * 8 * TIMES_COMPUTED, UNCOLLECTED_BYTES);
  const working = outside.length === 0 ? 0 : WORKING_COLUMNS * bars * 8;
  const functionBytes = strategy.compute === undefined ? 0 : 4 * bars * 8 + UNCOLLECTED_BYTES;
  const equity = window.candles.barCount * 8;
  const perThread = scratchBytes + cacheBytes + working + garbage + functionBytes + equity;
  const sourceBytes = sources.length * columnBytes;
  return {
    columnBytes: all.slots * columnBytes,
    threadBytes: (workers) => workers * (perThread + (isBeside(workers, options) ? THREAD_BYTES : 0)),
    cacheBytes,
    candleBytes: (workers) => candleBytesOf(bars, options)(workers) + sourceBytes,
    rowBytes: rowBytesOf(groupVariants, options),
    leastColumns,
    usefulBytes: (workers) => Math.min(all.slots, workers * slots + USEFUL_COLUMNS) * columnBytes,
    variantsPerBatch: groupVariants,
  };
}

/** Columns of a controller: aligned candles, growth, and at a guess so many of each point of the axes that are lengths. */
const CONTROLLER_COLUMNS = 16;
const COLUMNS_PER_LENGTH = 4;

const controllerColumns = ({ axes }: Grid): number =>
  CONTROLLER_COLUMNS +
  COLUMNS_PER_LENGTH *
    axes
      .filter(({ name }) => LENGTH_NAMES.test(name))
      .reduce((product, { values }) => Math.min(1_024, product * values.length), 1);

/** Fields of controllers that indicators depend on. */
const LENGTH_NAMES = /^(interval_minutes|bb_|macd_|natr_|length$|multiplier$|percentage_)/;

function normativeCosts(strategy: Strategy, grid: Grid, window: Window, options: PlanOptions): Costs {
  const bars = window.history.barCount;
  const nodes = [...collectGraph(strategy).values()];
  const columns = nodes.filter(isComputed);
  const conditions = nodes.filter(({ isCondition }) => isCondition);
  const shared = conditions.filter((entry) => isShared(entry, grid));
  const programBytes = strategy.program?.kind === 'controller' ? controllerColumns(grid) * bars * 8 : 0;
  const columnBytes = countInstances(columns, grid) * bars * 8 + countInstances(shared, grid) * bars + programBytes;
  const functionBytes = strategy.compute === undefined ? 0 : 4 * bars * 8;
  const variantBytes =
    columns.length * bars * 8 + conditions.length * bars + functionBytes + window.candles.barCount * 9;
  const perThread = variantBytes + WORKING_COLUMNS * bars * 8 + Math.min(columnBytes, UNCOLLECTED_BYTES);
  const variantsPerBatch = Math.max(1, Math.min(NORMATIVE_VARIANTS, grid.basePoints * grid.riskPoints));
  return {
    columnBytes,
    threadBytes: (workers) => workers * (perThread + (isBeside(workers, options) ? THREAD_BYTES : 0)),
    cacheBytes: 0,
    candleBytes: candleBytesOf(bars, options),
    rowBytes: rowBytesOf(variantsPerBatch, options),
    leastColumns: 0,
    // A thread that keeps less than half of what it needs computes more than it scores.
    usefulBytes: (workers) => workers * Math.min(columnBytes, LIMITS.columnBytesMax) * 0.5,
    variantsPerBatch,
  };
}
