// What one walk works on: addresses of the market tables, of the events and of its cells.
// They are globals of the instance, and an instance belongs to one thread.

/** Must equal the constants of kernels.ts; the wrapper asserts it. */
export const BLOCK_BARS: i32 = 16;
export const BAR_SUMS: i32 = 4;

export let barCount: i32 = 0;
export let open: usize = 0;
export let high: usize = 0;
export let low: usize = 0;
export let close: usize = 0;
export let barSums: usize = 0;
export let blockCloseMax: usize = 0;
export let blockCloseMin: usize = 0;
export let blockFall: usize = 0;
export let blockBarsAfterMax: usize = 0;
export let blockHigh: usize = 0;
export let blockLow: usize = 0;

export let enterLong: usize = 0;
export let exitLong: usize = 0;
export let enterShort: usize = 0;
export let exitShort: usize = 0;
export let settings: usize = 0;
export let sums: usize = 0;

/** Tables of the window that the next walks read. */
export function setMarket(
  bars: i32,
  openAt: usize,
  highAt: usize,
  lowAt: usize,
  closeAt: usize,
  barSumsAt: usize,
  blockCloseMaxAt: usize,
  blockCloseMinAt: usize,
  blockFallAt: usize,
  blockBarsAfterMaxAt: usize,
  blockHighAt: usize,
  blockLowAt: usize,
): void {
  barCount = bars;
  open = openAt;
  high = highAt;
  low = lowAt;
  close = closeAt;
  barSums = barSumsAt;
  blockCloseMax = blockCloseMaxAt;
  blockCloseMin = blockCloseMinAt;
  blockFall = blockFallAt;
  blockBarsAfterMax = blockBarsAfterMaxAt;
  blockHigh = blockHighAt;
  blockLow = blockLowAt;
}

/** The variant that the next steps walk. */
export function setVariant(
  enterLongAt: usize,
  exitLongAt: usize,
  enterShortAt: usize,
  exitShortAt: usize,
  settingsAt: usize,
  sumsAt: usize,
): void {
  enterLong = enterLongAt;
  exitLong = exitLongAt;
  enterShort = enterShortAt;
  exitShort = exitShortAt;
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
