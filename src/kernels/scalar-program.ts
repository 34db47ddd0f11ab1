// Runs a program over one tile of bars after the other, scalar: what the WebAssembly interpreter must equal bit for bit.
import type { TileProgram } from './kernels.ts';
import {
  OP_ABOVE,
  OP_ABOVE_NUMBER,
  OP_AND,
  OP_AND_NOT,
  OP_AT_OR_ABOVE,
  OP_AT_OR_BELOW_NUMBER,
  OP_BOTH_WAYS,
  OP_CELLS,
  OP_CROSSING,
  OP_CROSSINGS,
  OP_FILL,
  OP_FIRST_OF_WINDOW,
  OP_NUMBER_BYTES,
  OP_OR,
  OP_SETTLE_BOTH,
  OP_SETTLE_ONE,
  OP_TARGET,
  OP_WINDOW_TARGET,
  STATE_BYTES,
  TILE_BITMAP_BYTES,
} from './program-layout.ts';
import {
  type ComparisonCode,
  compareBoth,
  compareColumns,
  compareNumber,
  crossing,
  fillBits,
  type MemoryViews,
} from './scalar-conditions.ts';
import { eventsOfTarget, settleBoth, settleOne } from './scalar-events.ts';
import { type ProgramWalk, programWalk } from './scalar-program-walks.ts';

import { VECTORBT } from './walk-layout.ts';

const TILE_WORDS = TILE_BITMAP_BYTES / 4;

interface Prepared {
  readonly views: MemoryViews;
  /** By operation; undefined where it is no walk. */
  readonly walks: readonly (ProgramWalk | undefined)[];
}

const prepared = new WeakMap<TileProgram, Prepared>();

/** Sets up the sums of every walk of a program. The memory of its states must be 0. */
export function beginProgram(program: TileProgram): void {
  const { ops, opCount } = program;
  const { buffer } = ops;
  const walks = Array.from({ length: opCount }, (_, n) => programWalk(program, n));
  const views = { f64: new Float64Array(buffer), u32: new Uint32Array(buffer) };
  prepared.set(program, { views, walks });
  for (const walk of walks) walk?.begin();
}

/** Finishes the sums of every walk. */
export function endProgram(program: TileProgram): void {
  for (const walk of prepared.get(program)!.walks) walk?.end();
  prepared.delete(program);
}

/**
 * Runs every operation over the bars [from, from + bars) of the window: at most a tile; `from` is a multiple of 64. Bars
 * before the window have negative numbers, any of them; on them only conditions are evaluated, so that crossings know
 * their past.
 * Causal:   an operation reads bars up to its own, and its state.
 * Warm-up:  that of its conditions.
 * Bad data: NaN compares false.
 * Numerics: those of the operations.
 * Cost:     that of the operations.
 * Oracle:   src/simulate with src/sweep/signals.ts (test/differential).
 */
export function runTile(program: TileProgram, from: number, bars: number): void {
  const { ops, opCount } = program;
  const { views, walks } = prepared.get(program)!;
  for (let n = 0; n < opCount; n++) {
    const code = ops[n * OP_CELLS]!;
    if (code < OP_FIRST_OF_WINDOW) evaluate(views, ops, n * OP_CELLS, from, bars);
    else if (from < 0) continue;
    else {
      const walk = walks[n];
      if (walk === undefined) act(views, ops, n * OP_CELLS, from, bars);
      else walk.tile(from, from + bars);
    }
  }
}

/** Word index of argument `index`, an address. */
const word = (ops: Int32Array, op: number, index: number): number => ops[op + index]! >>> 2;
/** Index of the value that a column has on bar `from`; its address is that of bar 0, and addresses wrap. */
const value = (ops: Int32Array, op: number, index: number, from: number): number => (ops[op + index]! + from * 8) >>> 3;

function evaluate(views: MemoryViews, ops: Int32Array, op: number, from: number, bars: number): void {
  const code = ops[op]!;
  const out = word(ops, op, 1);
  if (code <= OP_AT_OR_ABOVE) {
    const orEqual = code === OP_ABOVE ? 0 : 1;
    compareColumns(views, out, orEqual, value(ops, op, 2, from), value(ops, op, 3, from), bars);
  } else if (code === OP_BOTH_WAYS) {
    compareBoth(views, out, out + TILE_WORDS, value(ops, op, 2, from), value(ops, op, 3, from), bars);
  } else if (code <= OP_AT_OR_BELOW_NUMBER) {
    const number = views.f64[(ops.byteOffset + op * 4 + OP_NUMBER_BYTES) / 8]!;
    compareNumber(views, out, (code - OP_ABOVE_NUMBER) as ComparisonCode, value(ops, op, 2, from), number, bars);
  } else if (code === OP_CROSSING) {
    const [after, before, valid, alsoValid] = [word(ops, op, 2), word(ops, op, 3), word(ops, op, 4), word(ops, op, 5)];
    crossing(views, { out, after, before, valid, alsoValid, state: word(ops, op, 6) }, bars);
  } else if (code === OP_CROSSINGS) {
    const [above, valid, alsoValid, state] = [word(ops, op, 2), word(ops, op, 3), word(ops, op, 4), word(ops, op, 5)];
    const below = above + TILE_WORDS;
    crossing(views, { out, after: above, before: below, valid, alsoValid, state }, bars);
    const down = { after: below, before: above, valid, alsoValid, state: state + STATE_BYTES / 4 };
    crossing(views, { ...down, out: out + TILE_WORDS }, bars);
  } else if (code === OP_FILL) fillBits(views, out, ops[op + 2] !== 0, bars);
  else combine(views.u32, code, out, word(ops, op, 2), word(ops, op, 3), Math.ceil(bars / 32));
}

function combine(u32: Uint32Array, code: number, out: number, a: number, b: number, words: number): void {
  if (code === OP_AND) for (let i = 0; i < words; i++) u32[out + i] = u32[a + i] & u32[b + i];
  else if (code === OP_OR) for (let i = 0; i < words; i++) u32[out + i] = u32[a + i] | u32[b + i];
  else if (code === OP_AND_NOT) for (let i = 0; i < words; i++) u32[out + i] = u32[a + i] & ~u32[b + i];
}

function act(views: MemoryViews, ops: Int32Array, op: number, from: number, bars: number): void {
  const code = ops[op]!;
  const words = Math.ceil(bars / 32);
  const at = (index: number): number => word(ops, op, index);
  if (code === OP_TARGET) eventsOfTarget(views, at(1), at(2), at(3), at(4), bars);
  else if (code === OP_WINDOW_TARGET) {
    eventsOfTarget(views, at(1), at(2) + from / 32, at(3) + from / 32, at(4), bars);
  } else if (code === OP_SETTLE_BOTH) {
    settleBoth(views, at(1), { enterLong: at(2), exitLong: at(3), enterShort: at(4), exitShort: at(5) }, words);
  } else if (code === OP_SETTLE_ONE) {
    const cells = { enter: at(1), exit: at(2), rawEnter: at(3), rawExit: at(4), otherEnter: at(5), otherExit: at(6) };
    settleOne(views, cells, ops[op + 7] === VECTORBT, words);
  }
}
