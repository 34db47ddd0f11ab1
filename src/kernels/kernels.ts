// The kernel interface: what the fast engine asks of its two twins, WebAssembly SIMD and scalar TypeScript.
import type { IndicatorCall } from './indicator-kernels.ts';

/**
 * Bitmaps hold one bit per bar, bit `i & 31` of word `i >>> 5`; bits beyond the last bar are 0. All arrays handed to a
 * kernel are views on the arena's one buffer, so that the WebAssembly twin can reach them by offset. Kernels never
 * throw, allocate, or read anything ambient; the caller has checked lengths. An output never overlaps an input.
 */
export interface Kernels {
  readonly name: 'wasm-simd' | 'scalar';
  /** Computes the wanted outputs of one indicator into columns of the caller. */
  computeIndicator(call: IndicatorCall): void;
  /**
   * Fills the tables of `market` that `needs` names, a sum of NEEDS_* in market-layout.ts, for the first `bars` bars of
   * its arrays, whose prices are in place. `carry` holds where the prefix sums stand before them, and afterwards where
   * they stand before bar `keepAt` of the arrays, if a block of theirs begins with it.
   */
  fillTables(market: MarketTables, bars: number, keepAt: number, needs: number): void;
  /**
   * Scores one variant in three steps: sets up the sums; walks the events of bars before `to` (exclusive, ascending
   * over the calls, barCount in the last one) from fill to fill; and finishes the sums that become one row of metrics.
   * Where the steps are cut does not change a bit of the outcome, so that several variants can be walked side by side
   * through one stretch of bars while its tables lie in the cache. A step from bar `from` reads prices and tables of the
   * bars from - BLOCK_BARS (inclusive) to to + BLOCK_BARS (exclusive) alone; the last one and `endWalk` belong together.
   */
  beginWalk(input: WalkInput): void;
  walkTo(input: WalkInput, to: number): void;
  endWalk(input: WalkInput): void;
  /** The same three steps for one base variant under a whole grid of barriers: every result equals that of its own walk. */
  beginRiskWalk(input: RiskWalkInput): void;
  riskWalkTo(input: RiskWalkInput, to: number): void;
  endRiskWalk(input: RiskWalkInput): void;
  /**
   * The same three steps for every walk of a program: a group of variants, from columns over conditions and events to
   * sums. `runTile` takes the bars [from, from + bars) of the window, at most TILE_BARS of them, in ascending order;
   * `from` is a multiple of 64. Bars before the window have negative numbers; on them only conditions are evaluated.
   */
  beginProgram(program: TileProgram): void;
  runTile(program: TileProgram, from: number, bars: number): void;
  endProgram(program: TileProgram): void;
}

/** Makes the kernels and the memory they work in: one buffer of at least `bytes`, its content 0. */
export interface KernelProvider {
  readonly name: Kernels['name'];
  create(bytes: number): { readonly buffer: ArrayBufferLike; readonly kernels: Kernels };
}

/** Bars of one block of the market tables. */
export const BLOCK_BARS = 16;

/** Values per bar in `barSums` and in `barExtremes`. */
export const BAR_SUMS = 4;

/**
 * Arena views that do not change between variants: of the bars around one tile of a window (`moveMarket`). All prices are finite and above 0, and low <= open, close <= high.
 */
export interface MarketTables {
  /** Bars of the window. */
  readonly barCount: number;
  /** The bar of the window that index 0 of every array stands for, a multiple of BLOCK_BARS; blocks begin with its block. */
  readonly firstBar: number;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /**
   * Prefix sums over the bar returns r = (close[i] - close[i-1]) / close[i-1] of the bars from the last multiple of
   * SUM_BARS to i (the return of bar 0 is 0), BAR_SUMS values per bar, side by side so that one bar is half a cache line:
   * at 4 i the sum of r, then of r squared, then of min(r, 0) squared, then of max(r, 0).
   */
  readonly barSums: Float64Array;
  /**
   * At 4 i the highest close from bar i to the end of its block, and minus the lowest one; then the highest from the
   * start of its block to bar i, and minus the lowest. Signs are such that both extremes of two stretches are maxima.
   */
  readonly barExtremes: Float64Array;
  /** Per block: highest and lowest close. */
  readonly blockCloseMax: Float64Array;
  readonly blockCloseMin: Float64Array;
  /**
   * Per block: the deepest fall (peak - later trough) / peak of its closes, a little too large rather than too small; 2
   * where a close after the last highest one equals it up to rounding, so that the block must be looked at bar by bar.
   */
  readonly blockFall: Float64Array;
  /** Per block: bars after its last highest close, 0 to BLOCK_BARS - 1. */
  readonly blockBarsAfterMax: Uint8Array;
  /** Per block: highest high, lowest low. */
  readonly blockHigh: Float64Array;
  readonly blockLow: Float64Array;
  /** What the sums of the next tile go on from, and how large any of them became: CARRY_CELLS values. */
  readonly carry: Float64Array;
}

export interface WalkInput {
  readonly market: MarketTables;
  /** The bar, a multiple of 64, that bit 0 of the four bitmaps stands for; 0 when left out. */
  readonly eventsFrom?: number;
  /** Settled events (conflicts cancelled, direction applied): bits at the bar that decided them. */
  readonly enterLong: Uint32Array;
  readonly exitLong: Uint32Array;
  readonly enterShort: Uint32Array;
  readonly exitShort: Uint32Array;
  /** Settings, laid out by WALK_SETTINGS in walk-layout.ts. */
  readonly settings: Float64Array;
  /** WALK_CELLS values, laid out by walk-layout.ts: results first, then cells the walk works in. Written by the walk alone. */
  readonly sums: Float64Array;
  /** Written by the scalar twin only: what its sums are made of, for audits and for exact scans of the equity. */
  readonly record?: WalkRecord;
}

/** Operations over tiles, laid out by program-layout.ts; their addresses are byte offsets into the buffer of `ops`. */
export interface TileProgram {
  readonly market: MarketTables;
  /** View on arena memory, OP_CELLS per operation. */
  readonly ops: Int32Array;
  readonly opCount: number;
  /** The risk grids that its operations name. */
  readonly riskGrids?: readonly RiskGrid[];
  /** Of a program with one walk; kept by the scalar twin only. */
  readonly record?: WalkRecord;
}

export interface WalkRecord {
  /** Equity at every close. */
  readonly equity: Float64Array;
  /** TRADE_CELLS values per trade, laid out by TRADE_* in walk-layout.ts, in order of exit; undefined for none. */
  readonly trades?: Float64Array;
}

/** Barriers of R risk points, made once per grid by `prepareRiskGrid`. */
export interface RiskGrid {
  readonly points: number;
  /** WALK_SETTINGS values per point, equal but for the barriers. */
  readonly settings: Float64Array;
  /** Distinct levels, ascending: stop-losses, take-profits, trailing distances, time limits, each from its `starts`. */
  readonly levels: Float64Array;
  readonly starts: readonly number[];
  readonly levelCount: number;
  /** POINT_SLOTS records per point: index of its level of each kind, or the record that is never reached. */
  readonly slots: Int32Array;
  /** Whether long positions are walked together; else every point is walked by itself. */
  readonly sharesExcursions: boolean;
  /** The same for the SIMD twin, laid out by GRID_* in risk-layout.ts. */
  readonly header: Int32Array;
}

export interface RiskWalkInput {
  readonly market: MarketTables;
  /** As in WalkInput; may change between the steps. */
  readonly eventsFrom?: number;
  /** Settled events, as in WalkInput. */
  readonly enterLong: Uint32Array;
  readonly exitLong: Uint32Array;
  readonly enterShort: Uint32Array;
  readonly exitShort: Uint32Array;
  readonly grid: RiskGrid;
  /** WALK_CELLS values per point, laid out like the sums of a walk; results after `endRiskWalk`. */
  readonly sums: Float64Array;
  /** `riskWalkCells(grid)` values; after `endRiskWalk` its cells SHARED_TRADES and SINGLE_TRADES are results. */
  readonly scratch: Float64Array;
}
