// The layout of a program: what each operation is called, and which of its cells means what.
// Both compilers read this file, tsc and asc: it holds number constants and nothing else.

/** Bars of one tile at most: 256 bytes of each bitmap, 16 KB of each column. */
export const TILE_BARS = 2048;
/** Bytes of a bitmap over one tile. */
export const TILE_BITMAP_BYTES = 256;

/** 32-bit cells of one operation: its code, then its arguments. Addresses are byte offsets into the one memory. */
export const OP_CELLS = 8;
export const OP_BYTES = 32;
/** Byte offset within an operation of a number that it compares with. */
export const OP_NUMBER_BYTES = 16;

/*
 * A column address is that of the value at bar 0 of the window; it may lie before the column's first value, as addresses
 * wrap. A bitmap address is that of the tile's first word.
 */

/** out, a, b: a > b. */
export const OP_ABOVE = 0;
/** out, a, b: a >= b. */
export const OP_AT_OR_ABOVE = 1;
/** greater, a, b: a > b into `greater`, a < b into the bitmap behind it. */
export const OP_BOTH_WAYS = 2;
/** out, a, and a number: a > number, >=, <, <=. */
export const OP_ABOVE_NUMBER = 3;
export const OP_AT_OR_ABOVE_NUMBER = 4;
export const OP_BELOW_NUMBER = 5;
export const OP_AT_OR_BELOW_NUMBER = 6;
/** out, after, before, valid, valid, state: crossing events; both columns must be valid. */
export const OP_CROSSING = 7;
/** out, a, b. */
export const OP_AND = 8;
export const OP_OR = 9;
export const OP_AND_NOT = 10;
/** out, 0 or 1: every bar of the tile. */
export const OP_FILL = 11;
/** out, pair, valid, valid, state: crossings of `pair` upwards into `out`, downwards into the bitmap behind it. */
export const OP_CROSSINGS = 12;
/** Operations from here on are left out on bars before the window. */
export const OP_FIRST_OF_WINDOW = 13;
/** events, up, down, state: the four event bitmaps, one behind the other, of a target that is long on `up` bars. */
export const OP_TARGET = 13;
/** The same from bitmaps over the whole window. */
export const OP_WINDOW_TARGET = 14;
/** events, enterLong, exitLong, enterShort, exitShort: conflicts cancel; both directions. May work in place. */
export const OP_SETTLE_BOTH = 15;
/** enter, exit, rawEnter, rawExit, otherEnter, otherExit, rule book: one direction only. */
export const OP_SETTLE_ONE = 16;
/** enterLong, exitLong, enterShort, exitShort, settings, sums: acts on the events of the tile. */
export const OP_WALK = 17;

/** enterLong, exitLong, enterShort, exitShort, header of a risk grid, sums, scratch: the same under many barriers. */
export const OP_RISK_WALK = 18;

/** Cells of a crossing's state: was the bar before in `after`, is it armed. */
export const STATE_BYTES = 16;
