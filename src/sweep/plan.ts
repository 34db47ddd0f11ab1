// What a sweep will cost in memory, priced before anything is computed, and the bytes it may keep as finished columns.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { planFastMemory } from './fast-memory.ts';
import { collectGraph, type GraphNode, instanceCount, isShared } from './graph.ts';
import type { Grid } from './grid.ts';
import type { EngineName } from './request.ts';
import type { Window } from './window.ts';

/** Resident bytes of a process that has loaded everything and holds no candles, as measured on Node 20 and 24. */
const RUNTIME_BYTES = 92 * 2 ** 20;
/** … of each scoring thread besides the first. */
const THREAD_BYTES = 20 * 2 ** 20;
const COLUMNS_PER_CANDLE = 6;
/** Columns that a computation of indicators leaves behind before the collector takes them back. */
const GARBAGE_COLUMNS = 4;
/** Cost of scoring, roughly: it only decides how many threads are worth starting. */
const NS_PER_BAR: Readonly<Record<EngineName, number>> = { fast: 2.5, normative: 15 };
/** Work that outweighs starting a thread and computing its own columns. */
const THREAD_WORK_MS = 1000;
/** … and of columns that are computed again and again because they cannot all be kept: the collector lags behind. */
const RECOMPUTE_BYTES = 56 * 2 ** 20;
/** A further thread is worth having when it can keep this share of the columns it will need. */
const USEFUL_CACHE_SHARE = 0.5;

export interface SweepPlan {
  /** Different indicator columns over the whole grid. */
  readonly distinctColumns: number;
  /** Different conditions over the whole grid. */
  readonly distinctConditions: number;
  readonly candleBytes: number;
  /** Bytes of all distinct columns and shared conditions, kept as far as the budget allows. */
  readonly columnBytes: number;
  /** Bytes that a thread needs for one variant: its own columns, conditions, tables, flags and equity. */
  readonly variantBytes: number;
  /** Scoring threads: as many as asked for, or as the budget has room for. */
  readonly workers: number;
  /** Most bytes of finished columns that each thread keeps. */
  readonly cacheBytes: number;
  /** Whole process, at peak. */
  readonly bytesPredicted: number;
  readonly bytesMinimum: number;
}

export interface PlanOptions {
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  /** Default `normative`. */
  readonly engine?: EngineName;
  /** Scoring threads wanted; default 1. */
  readonly workers?: number;
  /** Variants to be scored, where known: a short sweep is done before further threads have started. */
  readonly variants?: number;
}

/** Plans a sweep inside its budget. Errors: BUDGET_BYTES with the smallest budget that fits. */
export function planSweep(strategy: Strategy, grid: Grid, window: Window, options: PlanOptions = {}): SweepPlan {
  const { budgetBytes = Number.POSITIVE_INFINITY, engine = 'normative', workers: wanted = 1 } = options;
  const nodes = [...collectGraph(strategy).values()];
  const bars = window.history.barCount;
  const columns = nodes.filter(
    ({ isCondition, node }) => !isCondition && node.kind !== 'source' && node.kind !== 'constant',
  );
  const conditions = nodes.filter(({ isCondition }) => isCondition);
  const count = (list: readonly GraphNode[]): number =>
    list.reduce((sum, entry) => sum + instanceCount(entry, grid), 0);

  const candleBytes = bars * COLUMNS_PER_CANDLE * 8;
  const shared = count(conditions.filter((entry) => isShared(entry, grid)));
  const isFast = engine === 'fast';
  const columnBytes = count(columns) * bars * 8 + (isFast ? Math.ceil((shared * bars) / 8) : shared * bars);
  const functionBytes = strategy.compute === undefined ? 0 : 4 * bars * 8;
  // The fast engine needs its tables and one group of variants; an indicator still takes a column of its own at work.
  const variantBytes = isFast
    ? planFastMemory(strategy, grid, window, { threads: 1, columnBudget: 0 }).arenaBytes +
      columns.length * bars * 8 +
      functionBytes
    : columns.length * bars * 8 + conditions.length * bars + functionBytes + window.candles.barCount * 9;
  const garbageBytes = GARBAGE_COLUMNS * bars * 8;
  // Threads read their own shared copy of the candles; a lone thread reads those that were loaded.
  const fixedBytes = (workers: number): number =>
    RUNTIME_BYTES +
    candleBytes * (workers > 1 ? 2 : 1) +
    workers * (variantBytes + garbageBytes + (workers > 1 ? THREAD_BYTES : 0));
  const usefulBytes = Math.min(columnBytes, LIMITS.columnBytesMax);
  const recomputeBytes = Math.min(columnBytes, RECOMPUTE_BYTES);
  const bytesMinimum = fixedBytes(1) + recomputeBytes;
  if (budgetBytes < bytesMinimum) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
    throw new AppError('BUDGET_BYTES', {
      found: `a budget of ${mb(budgetBytes)}; needed are ${mb(RUNTIME_BYTES)} for the runtime, ${mb(candleBytes)} for ${bars} candles and ${mb(variantBytes + garbageBytes + recomputeBytes)} for one variant.`,
      todo: `Give at least --memory ${mb(bytesMinimum).replace(' ', '')}, or fewer candles.`,
    });
  }
  const { variants = Number.POSITIVE_INFINITY } = options;
  const workMs = (variants * window.candles.barCount * NS_PER_BAR[engine]) / 1e6;
  let workers = Math.max(1, Math.min(wanted, Math.floor(workMs / THREAD_WORK_MS)));
  while (
    workers > 1 &&
    fixedBytes(workers) + workers * (recomputeBytes + usefulBytes * USEFUL_CACHE_SHARE) > budgetBytes
  )
    workers--;
  const room = (budgetBytes - fixedBytes(workers)) / workers;
  const cacheBytes = room >= usefulBytes ? usefulBytes : Math.max(0, Math.min(usefulBytes, room) - recomputeBytes);
  const lagBytes = cacheBytes < columnBytes ? recomputeBytes : 0;
  return {
    distinctColumns: count(columns),
    distinctConditions: count(conditions),
    candleBytes,
    columnBytes,
    variantBytes,
    workers,
    cacheBytes,
    bytesPredicted: fixedBytes(workers) + workers * (cacheBytes + lagBytes),
    bytesMinimum,
  };
}
