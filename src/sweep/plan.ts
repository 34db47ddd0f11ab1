// What a sweep will cost in memory, priced before anything is computed, and the bytes it may keep as finished columns.
import { AppError } from '../core/errors.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { planFastMemory } from './fast-memory.ts';
import { collectGraph, type GraphNode, instanceCount, isShared } from './graph.ts';
import type { Grid } from './grid.ts';
import type { EngineName } from './request.ts';
import type { Window } from './window.ts';

/** Bytes of everything in a process that does not grow with the candles: the runtime and its code. */
const RUNTIME_BYTES = 90 * 2 ** 20;
const COLUMNS_PER_CANDLE = 6;

export interface SweepPlan {
  /** Different indicator columns over the whole grid. */
  readonly distinctColumns: number;
  /** Different conditions over the whole grid. */
  readonly distinctConditions: number;
  readonly candleBytes: number;
  /** Bytes of all distinct columns and shared conditions, kept as far as the budget allows. */
  readonly columnBytes: number;
  /** Bytes that one variant needs at once: its own columns, conditions, flags and equity. */
  readonly variantBytes: number;
  /** Most bytes of finished columns to keep. */
  readonly cacheBytes: number;
  /** Whole process, at peak. */
  readonly bytesPredicted: number;
  readonly bytesMinimum: number;
}

/** Plans a sweep inside `budgetBytes` (no limit when left out). Errors: BUDGET_BYTES with the smallest budget that fits. */
export function planSweep(
  strategy: Strategy,
  grid: Grid,
  window: Window,
  budgetBytes?: number,
  engine: EngineName = 'normative',
): SweepPlan {
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
    ? planFastMemory(strategy, grid, window, 0).arenaBytes + columns.length * bars * 8 + functionBytes
    : columns.length * bars * 8 + conditions.length * bars + functionBytes + window.candles.barCount * 9;
  const bytesMinimum = RUNTIME_BYTES + candleBytes + variantBytes;
  if (budgetBytes !== undefined && budgetBytes < bytesMinimum) {
    const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
    throw new AppError('BUDGET_BYTES', {
      found: `a budget of ${mb(budgetBytes)}; needed are ${mb(RUNTIME_BYTES)} for the runtime, ${mb(candleBytes)} for ${bars} candles and ${mb(variantBytes)} for one variant.`,
      todo: `Give at least --memory ${mb(bytesMinimum).replace(' ', '')}, or fewer candles.`,
    });
  }
  const cacheBytes = Math.min(columnBytes, (budgetBytes ?? Number.POSITIVE_INFINITY) - bytesMinimum);
  return {
    distinctColumns: count(columns),
    distinctConditions: count(conditions),
    candleBytes,
    columnBytes,
    variantBytes,
    cacheBytes,
    bytesPredicted: bytesMinimum + cacheBytes,
    bytesMinimum,
  };
}
