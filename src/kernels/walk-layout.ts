// The memory layout of one walk: which setting, which sum and which working cell lies at which index.
// Both compilers read this file, tsc and asc: it holds number constants and nothing else.

/** Indices of `WalkInput.settings`. A barrier that is off is NaN. */
export const RULE_BOOK = 0;
/** 0: the signal of a bar fills at its close. 1: at the next open. */
export const FILL_AT = 1;
export const INITIAL_CASH = 2;
export const FEE_RATE = 3;
export const FIXED_FEE = 4;
export const SLIPPAGE = 5;
/** One of SIZING_*. */
export const SIZING_KIND = 6;
export const SIZING_VALUE = 7;
export const SIZE_STEP = 8;
export const MIN_SIZE = 9;
export const MIN_NOTIONAL = 10;
export const STOP_LOSS = 11;
export const TAKE_PROFIT = 12;
export const TRAILING_STOP = 13;
export const TIME_LIMIT = 14;
/** 1 to close what is left at the last close. */
export const CLOSE_AT_END = 15;
/** How much of the results is kept: one of FULL, MONEY and TRADES. walk-detail.ts lists the results of each. */
export const DETAIL = 16;
/** 1 when the variant has no short events at all: it may be walked by a shorter way. 0 when it may have some. */
export const LONG_ONLY = 17;
export const WALK_SETTINGS = 24;

/** Values of DETAIL: every result; what money and counts need; that and the sums over trades. */
export const FULL = 0;
export const MONEY = 1;
export const TRADES = 2;

/** Values of RULE_BOOK. */
export const GRIDMILL = 0;
export const VECTORBT = 1;
/** Values of FILL_AT. */
export const AT_CLOSE = 0;
export const AT_NEXT_OPEN = 1;
/** Values of SIZING_KIND. */
export const SIZING_FRACTION = 0;
export const SIZING_NOTIONAL = 1;
export const SIZING_UNITS = 2;

/** Under vectorbt rules: which side of the book an order may touch. */
export const SCOPE_LONG = 1;
export const SCOPE_SHORT = -1;
export const SCOPE_BOTH = 0;
/** Under vectorbt rules: what became of an order. */
export const FILLED = 0;
export const IGNORED = 1;
export const REJECTED = 2;

/** Indices of `WalkInput.sums` that are results. Money in quote currency, returns as fractions. */
export const FINAL_EQUITY = 0;
export const TOTAL_RETURN = 1;
export const EXPOSED_BARS = 2;
export const AMBIGUOUS_BARS = 3;
export const SKIPPED_ORDERS = 4;
/** 1 when the account was ruined. */
export const RUINED = 5;
/** Sums over the bar returns of equity: r, r squared, min(r, 0) squared, max(r, 0), max(-r, 0). */
export const RETURNS = 6;
export const SQUARES = 7;
export const DOWNSIDE_SQUARES = 8;
export const GAINS = 9;
export const LOSSES = 10;
/** How many differences of prefix sums went into the five: a bound of their rounding error. */
export const SPANS = 11;
export const MAX_DRAWDOWN = 12;
export const MAX_DRAWDOWN_BARS = 13;
export const CLOSED_TRADES = 14;
export const OPEN_TRADES = 15;
export const WINS = 16;
export const PNL = 17;
export const WON = 18;
export const LOST = 19;
export const PNL_SQUARED_DEVIATIONS = 20;
export const TRADE_RETURNS = 21;
/** -Infinity and Infinity without closed trades. */
export const BEST_RETURN = 22;
export const WORST_RETURN = 23;
export const HOLDING_BARS = 24;
export const FEES = 25;
export const WALK_RESULTS = 26;

/** Indices of `WalkInput.sums` that are working cells: the account. */
export const CASH = 26;
/** Signed units at the close of a bar. */
export const UNITS = 27;
/** Bars before this one have been added to the sums. */
export const MARKED = 28;
/** Equity at the bar before MARKED. */
export const PREVIOUS = 29;
export const PEAK = 30;
/** Lowest equity since the peak. */
export const TROUGH = 31;
/** Bars under water since the peak. */
export const UNDER_WATER = 32;
/** The open position. Under vectorbt rules the sums over its entry orders. */
export const ENTRY_BAR = 33;
export const ENTRY_PRICE = 34;
export const ENTRY_VALUE = 35;
export const ENTRY_FEE = 36;
export const ENTRY_SIZE = 37;
/** 1 or -1; 0 when there is none. */
export const ENTRY_SIDE = 38;
/** Barriers of the open position. */
export const LOWER = 39;
export const UPPER = 40;
export const BEST_PRICE = 41;
export const STOP_LEVEL = 42;
export const STOP_REASON = 43;
export const TIME_LIMIT_BAR = 44;
export const HIT_PRICE = 45;
export const HIT_REASON = 46;
export const HIT_AMBIGUOUS = 47;
/** The account of the vectorbt rule book, beside the book of its order records. */
export const ACCOUNT_CASH = 48;
export const FREE_CASH = 49;
export const POSITION = 50;
export const DEBT = 51;
export const FLOW = 52;
export const FILL_SIZE = 53;
export const FILL_PRICE = 54;
export const FILL_FEE = 55;
export const FILL_COUNT = 56;
export const STOP_DISTANCE = 57;
export const TARGET_DISTANCE = 58;
export const TARGET_LEVEL = 59;
/**
 * Values handed from one function of the walk to the next. The scalar twin passes numbers through cells because a
 * JavaScript call that is not inlined would allocate for each of them.
 */
/** Reference price of the order, before slippage. */
export const REFERENCE = 60;
/** Fill price of an exit. */
export const EXIT_PRICE = 61;
/** Equity at the bar after PREVIOUS. */
export const VALUE = 62;
/** The trade that ends: price of its entry, size, what was paid for it, fees and profit. */
export const ENDED_ENTRY_PRICE = 63;
export const ENDED_SIZE = 64;
export const ENDED_VALUE = 65;
export const ENDED_FEES = 66;
export const ENDED_PNL = 67;
/** 1 when any barrier is set. */
export const HAS_BARRIERS = 68;
/** Under vectorbt rules: wanted size, share of cash (NaN: none) and slippage of the order. */
export const ORDER_SIZE = 69;
export const ORDER_SHARE = 70;
export const ORDER_SLIPPAGE = 71;
/** The first bar whose signal has not been looked at; -1 once nothing can happen any more. */
export const NEXT_BAR = 72;
/** Profit of the first closed trade, and sums over the closed trades of profit - that, and of its square. */
export const FIRST_PNL = 73;
export const SHIFTED_PNL = 74;
export const SHIFTED_SQUARES = 75;
/** 1 when the walk may take the short way of walk-plain.ts. */
export const IS_PLAIN = 76;
/** The stretch of bars held since MARKED: its bars before this one are in the drawdown, and in SPAN_* where those are sums. */
export const SUNK = 77;
/** Equity at the close of its first bar. */
export const SPAN_FIRST = 78;
/**
 * Of a position that holds all there is: the prefix sums of bar returns at its first bar, in their order. Of another:
 * RETURNS to GAINS of its bars before SUNK, added up by themselves.
 */
export const SPAN_RETURNS = 79;
export const SPAN_SQUARES = 80;
export const SPAN_DOWNSIDE_SQUARES = 81;
export const SPAN_GAINS = 82;
export const SPAN_LOSSES = 83;
export const WALK_CELLS = 88;

/** Values of one trade in `WalkRecord.trades`. */
export const TRADE_SIDE = 0;
export const TRADE_ENTRY_BAR = 1;
export const TRADE_ENTRY_PRICE = 2;
export const TRADE_EXIT_BAR = 3;
export const TRADE_EXIT_PRICE = 4;
export const TRADE_SIZE = 5;
export const TRADE_FEES = 6;
export const TRADE_PNL = 7;
export const TRADE_RETURN = 8;
/** Index into EXIT_REASONS. */
export const TRADE_REASON = 9;
export const TRADE_CELLS = 10;

/** Exit reasons as numbers, in the order of EXIT_REASONS in exit-reasons.ts. */
export const BY_SIGNAL = 0;
export const BY_REVERSE = 1;
export const BY_STOP_LOSS = 2;
export const BY_TAKE_PROFIT = 3;
export const BY_TRAILING_STOP = 4;
export const BY_TIME_LIMIT = 5;
export const BY_END = 6;
export const BY_RUIN = 7;
export const STILL_OPEN = 8;
