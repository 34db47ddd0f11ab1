// The kernel interface: what the fast engine asks of its two twins, WebAssembly SIMD and scalar TypeScript.

/**
 * Bitmaps hold one bit per bar, bit `i & 31` of word `i >>> 5`; bits beyond the last bar are 0. All arrays handed to a
 * kernel are views on the arena's one buffer, so that the WebAssembly twin can reach them by offset. Kernels never
 * throw, allocate, or read anything ambient; the caller has checked lengths.
 */
export interface Kernels {
  readonly name: 'wasm-simd' | 'scalar';
  /** out = a > b (or a >= b) per bar; a NaN on either side gives 0. */
  compareColumns(out: Uint32Array, orEqual: boolean, a: Float64Array, b: Float64Array): void;
  /** out = a > number, >=, < or <= by `operator` 0..3; NaN gives 0. */
  compareNumber(out: Uint32Array, operator: 0 | 1 | 2 | 3, a: Float64Array, number: number): void;
  /**
   * Crossing of a column over another: armed by a bar of `before`, kept on a bar of neither, cleared where `valid` is 0;
   * an event on each bar of `after` that finds it armed. For crossAbove(a, b): after = a > b, before = a < b.
   */
  crossing(out: Uint32Array, after: Uint32Array, before: Uint32Array, valid: Uint32Array): void;
  and(out: Uint32Array, a: Uint32Array, b: Uint32Array): void;
  or(out: Uint32Array, a: Uint32Array, b: Uint32Array): void;
  andNot(out: Uint32Array, a: Uint32Array, b: Uint32Array): void;
  /** Scores one variant: walks its events from fill to fill and writes sums that become one row of metrics. */
  walk(input: WalkInput): void;
}

/** Arena views that do not change between variants; made once per window by `prepareMarket`. */
export interface MarketTables {
  readonly barCount: number;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Prefix sums over bars of r = (close[i] - close[i-1]) / close[i-1], r[0] = 0: entry i sums bars 0..i. */
  readonly sumReturns: Float64Array;
  readonly sumSquares: Float64Array;
  readonly sumDownsideSquares: Float64Array;
  readonly sumGains: Float64Array;
  /** Per block of BLOCK_BARS bars: highest and lowest close, deepest fall (peak - later trough) / peak inside the block. */
  readonly blockCloseMax: Float64Array;
  readonly blockCloseMin: Float64Array;
  readonly blockFall: Float64Array;
  /** Per block: highest high, lowest low. */
  readonly blockHigh: Float64Array;
  readonly blockLow: Float64Array;
}

export const BLOCK_BARS = 64;

export interface WalkInput {
  readonly market: MarketTables;
  /** Settled events (conflicts cancelled, direction applied): bits at the bar that decided them. */
  readonly enterLong: Uint32Array;
  readonly exitLong: Uint32Array;
  readonly enterShort: Uint32Array;
  readonly exitShort: Uint32Array;
  /** Settings, laid out by WALK_SETTINGS. */
  readonly settings: Float64Array;
  /** Sums, laid out by WALK_SUMS. Written. */
  readonly sums: Float64Array;
  /** Profit of each closed trade, for the second pass of SQN: room for barCount values. Written. */
  readonly profits: Float64Array;
}
