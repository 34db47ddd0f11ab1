// The memory layout of a risk walk: one base variant under a grid of barriers, walked together.
// Both compilers read this file, tsc and asc: it holds number constants and nothing else.

/**
 * A record is one way out of a position: a stop-loss level, a take-profit level, a trailing distance, a time limit, and
 * the signal that ends it. `RiskGrid.slots` names four records per point, in this order; the last record of a walk is
 * never reached and stands for a barrier that is off.
 */
export const STOP_SLOT = 0;
export const TARGET_SLOT = 1;
export const TRAIL_SLOT = 2;
export const LIMIT_SLOT = 3;
export const POINT_SLOTS = 4;
/** Records beside the levels: the signal or the end, and the one that is never reached. */
export const MORE_RECORDS = 2;

/** Where a barrier that was not hit is hit: behind every bar. */
export const NO_BAR = 0x7fffffff;
/** No cohort, no point: the end of a list. */
export const NOBODY = -1;
/** In place of the first point of a list: every point of the walk, in order. Lists of the SIMD twin only. */
export const EVERYBODY = -2;

/** Cells at the start of `RiskWalkInput.scratch`. Lists hold the number of their first cohort or point. */
/** Trades of positions whose way out was found for all of their cohort at once. */
export const SHARED_TRADES = 0;
/** Trades that the walk of one variant made. */
export const SINGLE_TRADES = 1;
/** Events before this bar have been acted on. */
export const WALKED_TO = 2;
/** Flat points that wait for the next stretch of bars. */
export const WAITING = 3;
/** Points in a position that only the walk of one variant can account for. */
export const SINGLE = 4;
/** Cohorts that enter at a coming event, in order of it. */
export const PENDING = 5;
/** Cohorts in a position. */
export const HOLDING = 6;
/** Cohorts that are not in use. */
export const UNUSED = 7;
/** The last bar that points were queued from, and the cohort they came to. */
export const QUEUED_FROM = 8;
export const QUEUED_COHORT = 9;
/** The farthest records of each kind that a point of the walk has. */
export const ALL_LAST_STOP = 10;
export const RISK_HEADER = 16;

/** Cells of one cohort: points that enter at one bar and price. */
/** Bar of the signal that enters. */
export const COHORT_EVENT = 0;
export const COHORT_NEXT = 1;
/** First point of its list. */
export const COHORT_FIRST = 2;
export const COHORT_SIZE = 3;
export const COHORT_ENTRY_BAR = 4;
/** Price of the entry before slippage. */
export const COHORT_REFERENCE = 5;
/** The next bar whose barriers are looked at, and the best price before it. */
export const COHORT_BAR = 6;
export const COHORT_BEST = 7;
/** The nearest records of each kind that were not reached yet. */
export const COHORT_STOP = 8;
export const COHORT_TARGET = 9;
export const COHORT_TRAIL = 10;
export const COHORT_LIMIT = 11;
/** The farthest records of each kind that a point of the cohort has. */
export const COHORT_LAST_STOP = 12;
export const COHORT_LAST_TARGET = 13;
export const COHORT_LAST_TRAIL = 14;
export const COHORT_LAST_LIMIT = 15;
/** Highest and lowest close from COHORT_DRAWN on: drawdowns before that bar have been added to the points. */
export const COHORT_HIGHEST = 16;
export const COHORT_LOWEST = 17;
export const COHORT_DRAWN = 18;
/**
 * Close of the entry bar, 0 until that bar has been seen, and BAR_SUMS prefix sums there, less what they had come to
 * wherever they began anew before COHORT_DRAWN.
 */
export const COHORT_FIRST_CLOSE = 19;
export const COHORT_SUMS = 20;
export const COHORT_CELLS = 24;

/** Cells of one record, written when it is reached. */
/** The level that was reached, and the price before slippage that a market or limit order gets there. */
export const RECORD_LEVEL = 0;
export const RECORD_REFERENCE = 1;
/** 1 where the bar opened beyond the level: the exit at its open is certain. */
export const RECORD_GAPPED = 2;
/** Price after slippage. This and what follows: what the SIMD twin adds to every point that leaves by the record. */
export const RECORD_PRICE = 3;
/** Bars held, bars since COHORT_DRAWN, and the highest and lowest close of those. */
export const RECORD_HELD = 4;
export const RECORD_DRAWN = 5;
export const RECORD_HIGHEST = 6;
export const RECORD_LOWEST = 7;
/** Differences of prefix sums over the span; gains minus returns; the subtractions these are made of. */
export const RECORD_SUMS = 8;
export const RECORD_LOSSES = 12;
export const RECORD_SPANS = 13;
/** Close of the last bar held, and the bar of the exit. */
export const RECORD_LAST_CLOSE = 14;
export const RECORD_BAR = 15;
export const RECORD_CELLS = 16;

/**
 * The account of a point in the SIMD twin: cells 0 to ENTRY_SIZE of walk-layout.ts under their own numbers, then these.
 * Two points lie side by side, so that a cell of both is one register.
 */
export const POINT_FIRST_PNL = 38;
export const POINT_SHIFTED_PNL = 39;
export const POINT_SHIFTED_SQUARES = 40;
/** Bars held that have not been added to EXPOSED_BARS and HOLDING_BARS. */
export const POINT_HELD = 41;
export const POINT_CELLS = 42;

/** 32-bit cells of `RiskGrid.header`: the grid as the SIMD twin reads it; addresses are byte offsets into the memory. */
export const GRID_POINTS = 0;
export const GRID_SHARES = 1;
export const GRID_TARGETS = 2;
export const GRID_TRAILS = 3;
export const GRID_LIMITS = 4;
export const GRID_LEVEL_COUNT = 5;
export const GRID_SETTINGS_AT = 6;
export const GRID_LEVELS_AT = 7;
export const GRID_SLOTS_AT = 8;
export const GRID_HEADER = 16;
