// What one walk works on: addresses of the market tables, of the events and of its cells.
// They are globals of the instance, and an instance belongs to one thread.

/** Must equal the constants of kernels.ts; the wrapper asserts it. */
export const BLOCK_BARS: i32 = 16;
export const BAR_SUMS: i32 = 4;

export let barCount: i32 = 0;
/** The bar that the arrays begin with. All addresses are those of bar 0 and block 0, whether these are in memory or not. */
export let firstBar: i32 = 0;
export let open: usize = 0;
export let high: usize = 0;
export let low: usize = 0;
export let close: usize = 0;
export let barSums: usize = 0;
export let barExtremes: usize = 0;
export let blockCloseMax: usize = 0;
export let blockCloseMin: usize = 0;
export let blockFall: usize = 0;
export let blockBarsAfterMax: usize = 0;
export let blockHigh: usize = 0;
export let blockLow: usize = 0;
export let carry: usize = 0;

export let enterLong: usize = 0;
export let exitLong: usize = 0;
export let enterShort: usize = 0;
export let exitShort: usize = 0;
export let settings: usize = 0;
export let sums: usize = 0;

/** Tables that the next walks read, of bars from `first` on. */
export function setMarket(
  bars: i32,
  first: i32,
  openAt: usize,
  highAt: usize,
  lowAt: usize,
  closeAt: usize,
  barSumsAt: usize,
  barExtremesAt: usize,
  blockCloseMaxAt: usize,
  blockCloseMinAt: usize,
  blockFallAt: usize,
  blockBarsAfterMaxAt: usize,
  blockHighAt: usize,
  blockLowAt: usize,
  carryAt: usize,
): void {
  const skipped = <usize>first;
  const skippedBlocks = <usize>(first / BLOCK_BARS);
  barCount = bars;
  firstBar = first;
  open = openAt - (skipped << 3);
  high = highAt - (skipped << 3);
  low = lowAt - (skipped << 3);
  close = closeAt - (skipped << 3);
  barSums = barSumsAt - (skipped << 5);
  barExtremes = barExtremesAt - (skipped << 5);
  blockCloseMax = blockCloseMaxAt - (skippedBlocks << 3);
  blockCloseMin = blockCloseMinAt - (skippedBlocks << 3);
  blockFall = blockFallAt - (skippedBlocks << 3);
  blockBarsAfterMax = blockBarsAfterMaxAt - skippedBlocks;
  blockHigh = blockHighAt - (skippedBlocks << 3);
  blockLow = blockLowAt - (skippedBlocks << 3);
  carry = carryAt;
}

/** The variant that the next steps walk; bit 0 of its bitmaps stands for bar `from`, a multiple of 64. */
export function setVariant(
  enterLongAt: usize,
  exitLongAt: usize,
  enterShortAt: usize,
  exitShortAt: usize,
  settingsAt: usize,
  sumsAt: usize,
  from: i32,
): void {
  enterLong = enterLongAt - <usize>(from >>> 3);
  exitLong = exitLongAt - <usize>(from >>> 3);
  enterShort = enterShortAt - <usize>(from >>> 3);
  exitShort = exitShortAt - <usize>(from >>> 3);
  settings = settingsAt;
  sums = sumsAt;
}

/** Value `index` of a column, of the cells, or of the settings. */
@inline
export function at(column: usize, index: i32): f64 {
  return load<f64>(column + (<usize>index << 3));
}

@inline
export function put(column: usize, index: i32, value: f64): void {
  store<f64>(column + (<usize>index << 3), value);
}

@inline
export function add(column: usize, index: i32, value: f64): void {
  put(column, index, at(column, index) + value);
}
