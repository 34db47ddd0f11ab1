// Which parts of the market tables a walk reads, and how their sums are cut: numbers that both twins share.
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

/**
 * Bars of one stretch of prefix sums, a multiple of the bars of a block: at every multiple of it they begin anew, so that
 * what is left of a difference is compared with a stretch and never with the whole window.
 */
export const SUM_BARS = 2048;

/** Cells of `MarketTables.carry`: the four prefix sums where the next tile goes on. */
export const CARRY_SUMS = 0;
/** The largest totals that any stretch came to so far, and any block: of losses, squares, downside squares and gains. */
export const CARRY_STRETCH = 4;
export const CARRY_BLOCK = 8;
/** The close before the first bar of the arrays; the close of bar 0 where there is none before it. */
export const CARRY_CLOSE = 12;
export const CARRY_CELLS = 13;
