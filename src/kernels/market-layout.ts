// Which parts of the market tables a walk reads: numbers that the kernels of both twins share.
// Both compilers read this file, tsc and asc: it holds number constants and nothing else.

/** Closes are always there. Opens: to fill at the next open, and for barriers. */
export const NEEDS_OPEN = 1;
/** High and low of bars and blocks: for barriers. */
export const NEEDS_RANGES = 2;
/** Extremes and falls of the closes of a block: for drawdown, and for the ruin of short positions. */
export const NEEDS_CLOSES = 4;
/** Prefix sums and running extremes by bar: for returns and drawdown. */
export const NEEDS_SUMS = 8;
export const NEEDS_ALL = 15;
