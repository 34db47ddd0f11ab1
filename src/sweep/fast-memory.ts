// How the fast engine divides its memory: tables, slots for columns and bitmaps, and the walks of one group.

import { LIMITS } from '../core/limits.ts';
import { alignedBytes } from '../kernels/arena.ts';
import { marketBytes } from '../kernels/market-tables.ts';
import { WALK_CELLS, WALK_SETTINGS } from '../kernels/walk-layout.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { scratchBitmaps } from './fast-conditions.ts';
import { crossingPairs } from './fast-crossings.ts';
import { collectGraph, type GraphNode, inputsOf, instanceCount, isShared } from './graph.ts';
import type { Grid } from './grid.ts';
import type { Window } from './window.ts';

/** Bars walked at a stretch by all variants of a group: their tables and events fit a core's own cache. */
export const TILE_BARS = 2048;
/** Walks of one group, and the most bytes of their events. */
export const GROUP_WALKS = 128;
const GROUP_EVENT_BYTES = 16 * 2 ** 20;
export const EVENT_BITMAPS = 4;
/** Slots without which a comparison cannot be made, whatever the budget. */
const COLUMN_SLOTS_MIN = 2;
const BITMAP_SLOTS_MIN = 2;
/** What the WebAssembly twin keeps for itself at the start of its memory. */
export const RESERVED_BYTES = 4096;

export interface FastMemoryPlan {
  readonly columnSlots: number;
  readonly bitmapSlots: number;
  readonly scratchBitmaps: number;
  /** Pairs of columns that are compared ahead for every variant of a group. */
  readonly aheadPairs: number;
  /** Variants whose events one group holds. */
  readonly eventSlots: number;
  /** Bytes that stay in JavaScript memory: columns that other columns are made of. */
  readonly storeBytes: number;
  /** Of the one buffer. */
  readonly arenaBytes: number;
}

/** Plans the memory of one scorer that may keep `cacheBytes` of finished columns and conditions. */
export function planFastMemory(strategy: Strategy, grid: Grid, window: Window, cacheBytes: number): FastMemoryPlan {
  const graph = collectGraph(strategy);
  const nodes = [...graph.values()];
  const columnBytes = alignedBytes(window.history.barCount * 8);
  const bitmapBytes = alignedBytes(Math.ceil(window.history.barCount / 32) * 4);
  const eventBytes = EVENT_BITMAPS * alignedBytes(Math.ceil(window.candles.barCount / 32) * 4);
  const instances = (list: readonly GraphNode[]): number =>
    list.reduce((sum, entry) => sum + instanceCount(entry, grid), 0);

  const conditions = nodes.filter((entry) => entry.isCondition);
  const compared = new Set(conditions.flatMap(({ node }) => inputsOf(node).map((input) => input.key)));
  const columns = nodes.filter(({ isCondition, node }) => !isCondition && node.kind !== 'constant');
  const operands = columns.filter(({ node }) => compared.has(node.key));
  const inner = columns.filter(({ node }) => !compared.has(node.key) && node.kind !== 'source');
  // Inner columns first: they are computed from, not only read. What is left is for columns that are compared.
  const innerBytes = Math.min(cacheBytes / 2, instances(inner) * columnBytes);
  const entries = LIMITS.columnEntriesMax;
  const bitmapSlots = bounded(
    cacheBytes / 16 / bitmapBytes,
    BITMAP_SLOTS_MIN,
    entries,
    instances(conditions) + instances(operands),
  );
  const columnBudget = cacheBytes - innerBytes - bitmapSlots * bitmapBytes;
  const columnSlots = bounded(columnBudget / columnBytes, COLUMN_SLOTS_MIN, entries, instances(operands));
  const eventSlots = bounded(GROUP_EVENT_BYTES / eventBytes, 1, GROUP_WALKS, grid.basePoints);
  const aheadPairs = crossingPairs(graph, (key) => isShared(graph.get(key)!, grid)).length;
  const scratch = Math.max(2, scratchBitmaps(conditions.length));
  const walkBytes = alignedBytes(WALK_SETTINGS * 8) + alignedBytes(WALK_CELLS * 8);
  return {
    columnSlots,
    bitmapSlots,
    scratchBitmaps: scratch,
    aheadPairs,
    eventSlots,
    storeBytes: innerBytes,
    arenaBytes:
      alignedBytes(RESERVED_BYTES) +
      marketBytes(window.candles.barCount) +
      columnSlots * columnBytes +
      (bitmapSlots + scratch) * bitmapBytes +
      eventSlots * (eventBytes + aheadPairs * 2 * bitmapBytes) +
      GROUP_WALKS * walkBytes,
  };
}

/** `wanted` whole slots, at least `least`, and no more than `most` or than could ever be used. */
function bounded(wanted: number, least: number, most: number, useful: number): number {
  return Math.max(least, Math.floor(Math.min(wanted, most, useful)));
}

export type FastMemory = undefined;
