// Runs a program over one tile of bars after the other: conditions, events and walks of a group of variants.
import {
  OP_ABOVE,
  OP_ABOVE_NUMBER,
  OP_AND,
  OP_AND_NOT,
  OP_AT_OR_ABOVE,
  OP_AT_OR_ABOVE_NUMBER,
  OP_AT_OR_BELOW_NUMBER,
  OP_BELOW_NUMBER,
  OP_BOTH_WAYS,
  OP_BYTES,
  OP_CROSSING,
  OP_CROSSINGS,
  OP_FILL,
  OP_FIRST_OF_WINDOW,
  OP_NUMBER_BYTES,
  OP_OR,
  OP_RISK_WALK,
  OP_SETTLE_BOTH,
  OP_SETTLE_ONE,
  OP_TARGET,
  OP_WALK,
  OP_WINDOW_TARGET,
  TILE_BITMAP_BYTES,
} from '../program-layout';
import { andBits, andNotBits, orBits } from './bit-logic';
import {
  columnAbove,
  columnAtOrAbove,
  columnAtOrBelow,
  columnBelow,
  columnsAbove,
  columnsAtOrAbove,
  columnsBothWays,
} from './comparisons';
import { crossing, crossingsBothWays } from './crossings';
import { eventsOfTarget, fillBits, settleBoth, settleOne } from './events';
import { setRiskWalk } from './risk-input';
import { beginRiskWalk, endRiskWalk, riskWalkTo } from './risk-walk';
import { beginWalk, endWalk, walkTo } from './walk';
import { setVariant } from './walk-input';

@inline
function arg(op: usize, index: i32): usize {
  return <usize>load<u32>(op + (<usize>index << 2));
}

/** Sets up the sums of every walk of a program of `count` operations. The memory of its states must be 0. */
export function beginProgram(ops: usize, count: i32): void {
  for (let op = ops, end = ops + <usize>count * OP_BYTES; op < end; op += OP_BYTES) {
    const code = load<i32>(op);
    if (code === OP_WALK) {
      setWalk(op, 0);
      beginWalk();
    } else if (code === OP_RISK_WALK) {
      setRisk(op, 0);
      beginRiskWalk();
    }
  }
}

/**
 * Runs every operation over the bars [from, from + bars) of the window: at most a tile; `from` is a multiple of 64. Bars
 * before the window have negative numbers, any of them; on them only conditions are evaluated, so that crossings know
 * their past.
 * Causal:   an operation reads bars up to its own, and its state.
 * Warm-up:  that of its conditions.
 * Bad data: NaN compares false.
 * Numerics: those of the operations.
 * Cost:     no allocation; that of the operations, and a few ns for each of them.
 * Oracle:   src/kernels/scalar-program.ts, bit for bit (test/twins).
 */
export function runTile(ops: usize, count: i32, from: i32, bars: i32): void {
  const end = ops + <usize>count * OP_BYTES;
  for (let op = ops; op < end; op += OP_BYTES) {
    const code = load<i32>(op);
    if (code < OP_FIRST_OF_WINDOW) evaluate(op, code, from, bars);
    else if (from >= 0) act(op, code, from, bars);
  }
}

/** Finishes the sums of every walk. */
export function endProgram(ops: usize, count: i32): void {
  for (let op = ops, end = ops + <usize>count * OP_BYTES; op < end; op += OP_BYTES) {
    const code = load<i32>(op);
    if (code === OP_WALK) {
      setWalk(op, 0);
      endWalk();
    } else if (code === OP_RISK_WALK) {
      setRisk(op, 0);
      endRiskWalk();
    }
  }
}

function evaluate(op: usize, code: i32, from: i32, bars: i32): void {
  const words = (bars + 31) >>> 5;
  const out = arg(op, 1);
  const a = arg(op, 2);
  const b = arg(op, 3);
  const tile = <usize>from << 3;
  switch (code) {
    case OP_ABOVE:
      columnsAbove(out, a + tile, b + tile, bars);
      break;
    case OP_AT_OR_ABOVE:
      columnsAtOrAbove(out, a + tile, b + tile, bars);
      break;
    case OP_BOTH_WAYS:
      columnsBothWays(out, out + TILE_BITMAP_BYTES, a + tile, b + tile, bars);
      break;
    case OP_ABOVE_NUMBER:
      columnAbove(out, a + tile, load<f64>(op + OP_NUMBER_BYTES), bars);
      break;
    case OP_AT_OR_ABOVE_NUMBER:
      columnAtOrAbove(out, a + tile, load<f64>(op + OP_NUMBER_BYTES), bars);
      break;
    case OP_BELOW_NUMBER:
      columnBelow(out, a + tile, load<f64>(op + OP_NUMBER_BYTES), bars);
      break;
    case OP_AT_OR_BELOW_NUMBER:
      columnAtOrBelow(out, a + tile, load<f64>(op + OP_NUMBER_BYTES), bars);
      break;
    case OP_CROSSING:
      crossing(out, a, b, arg(op, 4), arg(op, 5), arg(op, 6), bars);
      break;
    case OP_CROSSINGS:
      crossingsBothWays(out, a, b, arg(op, 4), arg(op, 5), bars);
      break;
    case OP_AND:
      andBits(out, a, b, words);
      break;
    case OP_OR:
      orBits(out, a, b, words);
      break;
    case OP_AND_NOT:
      andNotBits(out, a, b, words);
      break;
    case OP_FILL:
      fillBits(out, a !== 0, bars);
      break;
  }
}

function act(op: usize, code: i32, from: i32, bars: i32): void {
  const words = (bars + 31) >>> 5;
  switch (code) {
    case OP_TARGET:
      eventsOfTarget(arg(op, 1), arg(op, 2), arg(op, 3), arg(op, 4), bars);
      break;
    case OP_WINDOW_TARGET: {
      const tile = <usize>(from >>> 3);
      eventsOfTarget(arg(op, 1), arg(op, 2) + tile, arg(op, 3) + tile, arg(op, 4), bars);
      break;
    }
    case OP_SETTLE_BOTH:
      settleBoth(arg(op, 1), arg(op, 2), arg(op, 3), arg(op, 4), arg(op, 5), words);
      break;
    case OP_SETTLE_ONE:
      settleOne(arg(op, 1), arg(op, 2), arg(op, 3), arg(op, 4), arg(op, 5), arg(op, 6), <i32>arg(op, 7), words);
      break;
    case OP_WALK:
      setWalk(op, from);
      walkTo(from + bars);
      break;
    case OP_RISK_WALK:
      setRisk(op, from);
      riskWalkTo(from + bars);
      break;
  }
}

/** Names the variant of a walk; the bitmaps of a tile begin at its first bar. */
function setWalk(op: usize, from: i32): void {
  setVariant(arg(op, 1), arg(op, 2), arg(op, 3), arg(op, 4), arg(op, 5), arg(op, 6), from);
}

/** Names the variant of a walk under a grid of barriers, which knows its settings and sums itself. */
function setRisk(op: usize, from: i32): void {
  setVariant(arg(op, 1), arg(op, 2), arg(op, 3), arg(op, 4), 0, 0, from);
  setRiskWalk(arg(op, 5), arg(op, 6), arg(op, 7));
}
