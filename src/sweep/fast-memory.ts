// The one memory of the fast engine: slots for columns that all threads read, and a region of its own for each thread.
import { assert } from '../core/assert.ts';
import { LIMITS } from '../core/limits.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { INDICATORS } from '../indicators/registry.ts';
import { alignedBytes } from '../kernels/arena.ts';
import { indicatorScratch } from '../kernels/indicator-kernels.ts';
import type { KernelProvider, Kernels } from '../kernels/kernels.ts';
import { marketTileBytes } from '../kernels/market-tables.ts';
import { OP_BYTES, STATE_BYTES, TILE_BARS, TILE_BITMAP_BYTES } from '../kernels/program-layout.ts';
import { riskGridBytes, riskWalkCellsMax } from '../kernels/risk-grid.ts';
import { SCALAR_KERNELS } from '../kernels/scalar-kernels.ts';
import { WALK_CELLS, WALK_SETTINGS } from '../kernels/walk-layout.ts';
import { attachKernels, loadKernels, type SharedKernels } from '../kernels/wasm-loader.ts';
import type { Candles } from '../market/candles.ts';
import type { Column, SourceColumn } from '../strategy/expression.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { collectGraph } from './graph.ts';
import type { Grid } from './grid.ts';
import type { Window } from './window.ts';

/** What the WebAssembly twin keeps for itself at the start of its memory. */
export const RESERVED_BYTES = 4096;
/** Rows of one program: enough that tables moved for all of them cost each next to nothing. */
const GROUP_VARIANTS = 2048;
/** Most bytes of the targets that a strategy's function wrote for the variants of one program. */
const TARGET_BYTES = 16 * 2 ** 20;

type SourceField = SourceColumn['field'];

export interface FastMemoryPlan {
  /** Columns that lie in memory at the same time. */
  readonly slots: number;
  /** Of one slot: a value per bar of the history. */
  readonly columnBytes: number;
  /** Columns of the candles that indicators read: they lie behind the slots, for all threads. */
  readonly sources: readonly SourceField[];
  /** Columns that one thread needs while it computes an indicator. */
  readonly workColumns: number;
  /** Rows of one batch at most; a base variant with more risk points than that is cut. */
  readonly groupVariants: number;
  readonly threads: number;
  /** Of one thread: market tables, and programs with all they write. */
  readonly scratchBytes: number;
  /** Of the one memory. */
  readonly arenaBytes: number;
}

export interface FastMemoryOptions {
  readonly threads: number;
  /** Bytes for columns. Fewer than one variant compares are raised to that. */
  readonly columnBudget: number;
  /** Different columns that may be asked for; those of the grid when left out. */
  readonly columns?: number;
}

/** Plans the memory of a sweep. Nothing in it depends on how many variants the grid has but where they are few. */
export function planFastMemory(
  strategy: Strategy,
  grid: Grid,
  window: Window,
  { threads, columnBudget, columns }: FastMemoryOptions,
): FastMemoryPlan {
  const catalog = new ColumnCatalog(strategy, grid);
  const columnBytes = alignedBytes(window.history.barCount * 8);
  const wanted = Math.min(columnBudget / columnBytes, LIMITS.columnEntriesMax, columns ?? catalog.count);
  const slots = Math.max(catalog.operands.length, Math.floor(wanted));
  const groupVariants = Math.min(GROUP_VARIANTS, Math.max(1, grid.basePoints * grid.riskPoints));
  const { sources, workColumns } = planIndicators(strategy, grid.arithmetic);
  const scratchBytes =
    workColumns * columnBytes +
    marketTileBytes(TILE_BARS) +
    fixedBytes(strategy) +
    heapBytes(strategy, grid, window, groupVariants);
  return {
    slots,
    columnBytes,
    sources,
    workColumns,
    groupVariants,
    threads,
    scratchBytes,
    arenaBytes: RESERVED_BYTES + (slots + sources.length) * columnBytes + threads * scratchBytes,
  };
}

/** An indicator on base candles whose kernel writes into a slot; its inputs are columns of the candles, or copied. */
export type KernelColumn = Extract<Column, { kind: 'indicator' }>;

/** The column as one that a kernel computes, or undefined: those of higher timeframes are not as long as a slot. */
export function kernelColumn(column: Column): KernelColumn | undefined {
  return column.kind === 'indicator' && column.timeframe === 'base' ? column : undefined;
}

/** Scratch columns of the kernel of a column. */
export function kernelScratch({ indicator, output }: KernelColumn, arithmetic: Arithmetic): number {
  const wanted = INDICATORS[indicator].outputs.map((_, index) => index === output);
  return indicatorScratch(indicator, wanted, arithmetic);
}

/** What the indicators that are compared read in place, and the columns that computing one of them takes at most. */
function planIndicators(strategy: Strategy, arithmetic: Arithmetic): Pick<FastMemoryPlan, 'sources' | 'workColumns'> {
  const sources = new Set<SourceField>();
  let workColumns = 0;
  for (const { column } of new ColumnCatalog(strategy, { axes: [] }).operands) {
    const kernel = kernelColumn(column);
    if (kernel === undefined) continue;
    let copied = 0;
    for (const input of kernel.inputs) {
      if (input.kind === 'source') sources.add(input.field);
      else copied++;
    }
    workColumns = Math.max(workColumns, copied + kernelScratch(kernel, arithmetic));
  }
  return { sources: [...sources], workColumns };
}

/** Bitmaps that one variant alone writes: some for each condition, and its events before and after they are settled. */
export const privateBitmaps = (conditions: number): number => 6 * conditions + 8;

const conditionsOf = (strategy: Strategy): number =>
  [...collectGraph(strategy).values()].filter(({ isCondition }) => isCondition).length;

/** Memory that every program of a strategy uses again: constant bitmaps, and those of one variant alone. */
function fixedBytes(strategy: Strategy): number {
  return (2 + privateBitmaps(conditionsOf(strategy))) * TILE_BITMAP_BYTES;
}

/** Most that one base variant adds to a program, by how many barriers it has. */
export function variantBytes(strategy: Strategy, barCount: number): (risks: number) => number {
  const conditions = conditionsOf(strategy);
  const shared = 6 * conditions * TILE_BITMAP_BYTES;
  const states = (conditions + 1) * STATE_BYTES;
  const target = strategy.compute === undefined ? 0 : 2 * alignedBytes(Math.ceil(barCount / 32) * 4);
  const fixed = (7 * conditions + 4) * OP_BYTES + shared + states + target + 64;
  return (risks) => {
    const riskWalk = risks === 1 ? 0 : riskGridBytes(risks) + riskWalkCellsMax(risks) * 8;
    return fixed + risks * (OP_BYTES + (WALK_CELLS + WALK_SETTINGS) * 8) + riskWalk;
  };
}

/** Most variants share most of their conditions: room for a full group of walks, and half of the rest. */
function heapBytes(strategy: Strategy, grid: Grid, window: Window, groupVariants: number): number {
  const { barCount } = window.candles;
  const risks = Math.min(grid.riskPoints, groupVariants);
  const walks = groupVariants * (WALK_CELLS * 8 + OP_BYTES);
  const bases = Math.ceil(groupVariants / risks);
  const conditions = conditionsOf(strategy);
  const operations = bases * (4 * conditions + 4) * OP_BYTES + bases * (conditions + 1) * STATE_BYTES;
  const bitmaps = Math.min(bases, 256) * conditions * TILE_BITMAP_BYTES;
  const target = 2 * alignedBytes(Math.ceil(barCount / 32) * 4);
  const targets = strategy.compute === undefined ? 0 : Math.min(bases * target, TARGET_BYTES);
  const settings = risks * WALK_SETTINGS * 8;
  const riskWalks = risks === 1 ? 0 : riskGridBytes(risks) + bases * riskWalkCellsMax(risks) * 8;
  const least = variantBytes(strategy, barCount)(risks);
  return alignedBytes(Math.max(least, walks + operations + bitmaps + targets + settings + riskWalks));
}

/** What is posted to another thread so that it works in the same memory. */
export type SharedFastMemory = SharedKernels | { readonly buffer: SharedArrayBuffer };

/** The memory as one thread holds it. */
export interface FastMemory {
  readonly plan: FastMemoryPlan;
  readonly kernels: Kernels;
  readonly buffer: ArrayBufferLike;
  /** Whose scratch region this is: 0 to threads - 1. */
  readonly thread: number;
  readonly shared: SharedFastMemory;
}

/** Makes the memory with the sources in their place, for the calling thread as thread 0. */
export function openFastMemory(plan: FastMemoryPlan, history: Candles, provider?: KernelProvider): FastMemory {
  const chosen = provider ?? loadKernels().provider;
  const made = chosen.create(plan.arenaBytes);
  const { buffer, kernels } = made;
  const shared = 'shared' in made ? (made.shared as SharedKernels) : { buffer: buffer as SharedArrayBuffer };
  const memory = { plan, kernels, buffer, thread: 0, shared };
  placeSources(memory, history);
  return memory;
}

/** Writes the columns of the candles that kernels read. */
export function placeSources({ plan, buffer }: FastMemory, history: Candles): void {
  for (const field of plan.sources) {
    new Float64Array(buffer, sourceOffset(plan, field), history.barCount).set(history[field]);
  }
}

/** The memory that another thread made, for thread `thread` of its plan. */
export function attachFastMemory(plan: FastMemoryPlan, shared: SharedFastMemory, thread: number): FastMemory {
  assert(thread >= 0 && thread < plan.threads, 'a thread has a region of the memory');
  if ('buffer' in shared) return { plan, kernels: SCALAR_KERNELS, buffer: shared.buffer, thread, shared };
  return { plan, kernels: attachKernels(shared), buffer: shared.memory.buffer, thread, shared };
}

/** Byte offset of a slot. */
export const slotOffset = (plan: FastMemoryPlan, slot: number): number => RESERVED_BYTES + slot * plan.columnBytes;

/** Byte offset of a column of the candles. */
export const sourceOffset = (plan: FastMemoryPlan, field: SourceField): number =>
  slotOffset(plan, plan.slots + plan.sources.indexOf(field));

/** Byte offset of a thread's region: first its work columns, then what programs are made of. */
export const threadOffset = (plan: FastMemoryPlan, thread: number): number =>
  slotOffset(plan, plan.slots + plan.sources.length) + thread * plan.scratchBytes;
export const scratchOffset = (plan: FastMemoryPlan, thread: number): number =>
  threadOffset(plan, thread) + plan.workColumns * plan.columnBytes;
