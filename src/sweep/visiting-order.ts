// An order of base variants in which neighbours share columns, whatever number of columns fits the memory.
import type { OperandColumn } from './column-catalog.ts';
import { type Grid, meetsConstraint } from './grid.ts';

type Operands = readonly Pick<OperandColumn, 'strides'>[];

/** Axes have at most LIMITS.gridPointsMax points together: so many halvings and single values at most. */
const DEPTH_MAX = 96;

/**
 * Base indices in [from, to) that satisfy the constraint, by halving the grid again and again along the axis whose
 * halves need the fewest columns. Any number of consecutive variants then needs few columns, so that the order suits
 * every number of slots without knowing it. Of two halves the second is visited in mirrored order: blocks that follow
 * each other share all but one axis. Axes that no column depends on vary fastest. Takes constant memory.
 */
export function* nearbyVariants(grid: Grid, operands: Operands, from: number, to: number): Generator<number> {
  for (const box of boxesOf(grid, from, to)) {
    for (const index of nearbyInBox(grid, operands, box)) if (meetsConstraint(grid, index)) yield index;
  }
}

/** Digits of a part of the grid, per axis: from `low` to before `high`. */
interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** The index range [from, to) as boxes, in order; at most two for each axis. */
function* boxesOf({ axes }: Grid, from: number, to: number): Generator<Box> {
  const radices = axes.map(({ values }) => values.length);
  const strides = stridesOf(radices);
  let at = from;
  while (at < to) {
    // The most significant axis on which a whole digit, or several, begin here and end before `to`.
    const axis = strides.findIndex((stride) => at % stride === 0 && at + stride <= to);
    const digits = radices.map((radix, a) => Math.floor(at / strides[a]!) % radix);
    const count = Math.min(radices[axis]! - digits[axis]!, Math.floor((to - at) / strides[axis]!));
    yield {
      low: digits.map((digit, a) => (a > axis ? 0 : digit)),
      high: digits.map((digit, a) => (a < axis ? digit + 1 : a === axis ? digit + count : radices[a]!)),
    };
    at += count * strides[axis]!;
  }
}

/** How far a step on each axis moves the base index. */
function stridesOf(radices: readonly number[]): number[] {
  const strides = radices.map(() => 1);
  for (let a = radices.length - 2; a >= 0; a--) strides[a] = strides[a + 1]! * radices[a + 1]!;
  return strides;
}

/** The same order over some base indices of the grid, ascending: a list of its own. */
export function nearbyFirst(grid: Grid, operands: Operands, baseIndices: readonly number[]): number[] {
  const { axes } = grid;
  const count = axes.length;
  const radices = axes.map(({ values }) => values.length);
  const strides = stridesOf(radices);
  const columnAxes = axesOf(grid, operands);
  const found: number[] = [];
  const visit = (indices: readonly number[], box: Int32Array, mirrored: boolean): void => {
    const axis = indices.length < 2 ? -1 : axisToHalve(box, 0, count, columnAxes);
    if (axis < 0) {
      found.push(...indices);
      return;
    }
    const middle = (box[axis]! + box[count + axis]!) >> 1;
    const isLow = (index: number): boolean => Math.floor(index / strides[axis]!) % radices[axis]! < middle;
    const low = Int32Array.from(box);
    low[count + axis] = middle;
    const high = Int32Array.from(box);
    high[axis] = middle;
    const parts = [
      { indices: indices.filter(isLow), box: low },
      { indices: indices.filter((index) => !isLow(index)), box: high },
    ];
    const [first, second] = mirrored ? parts.reverse() : parts;
    visit(first!.indices, first!.box, false);
    visit(second!.indices, second!.box, true);
  };
  visit(baseIndices, Int32Array.from([...radices.map(() => 0), ...radices]), false);
  return found;
}

/** Per operand: the axes its column depends on. */
const axesOf = ({ axes }: Grid, operands: Operands): number[][] =>
  operands.map((operand) => axes.map((_, a) => a).filter((a) => operand.strides[a]! > 0));

function* nearbyInBox(grid: Grid, operands: Operands, box: Box): Generator<number> {
  const { axes } = grid;
  const count = axes.length;
  const strides = stridesOf(axes.map(({ values }) => values.length));
  const columnAxes = axesOf(grid, operands);
  const isFree = axes.map((_, a) => !columnAxes.some((used) => used.includes(a)));
  const free = axes.map((_, a) => a).filter((a) => isFree[a]);
  /** Frames of lows, highs and whether the box is visited in mirrored order. */
  const frame = 2 * count + 1;
  const stack = new Int32Array(frame * DEPTH_MAX);
  let depth = 1;
  stack.set(box.low, 0);
  stack.set(box.high, count);
  while (depth > 0) {
    const at = --depth * frame;
    const axis = axisToHalve(stack, at, count, columnAxes);
    if (axis < 0) {
      let base = 0;
      for (let a = 0; a < count; a++) base += stack[at + a]! * strides[a]!;
      if (free.length === 0) yield base;
      else yield* freePoints(stack.slice(at, at + frame), count, free, strides, base);
      continue;
    }
    const low = stack[at + axis]!;
    const high = stack[at + count + axis]!;
    const middle = (low + high) >> 1;
    const mirrored = stack[at + 2 * count] === 1;
    // What lies on top is visited next: first the near half straight, then the far one mirrored.
    stack.copyWithin(at + frame, at, at + frame);
    const [next, later] = [at + frame, at];
    stack[next + (mirrored ? 0 : count) + axis] = middle;
    stack[later + (mirrored ? count : 0) + axis] = middle;
    stack[next + 2 * count] = 0;
    stack[later + 2 * count] = 1;
    depth += 2;
  }
}

/** The axis whose halving leaves out most columns, the first of equals; -1 when no column depends on what is left. */
function axisToHalve(stack: Int32Array, at: number, count: number, columnAxes: readonly (readonly number[])[]): number {
  let best = -1;
  let most = 0;
  for (let a = 0; a < count; a++) {
    if (stack[at + count + a]! - stack[at + a]! < 2) continue;
    let columns = 0;
    for (const used of columnAxes) {
      if (!used.includes(a)) continue;
      let instances = 1;
      for (const b of used) instances *= stack[at + count + b]! - stack[at + b]!;
      columns += instances;
    }
    if (columns > most) {
      most = columns;
      best = a;
    }
  }
  return best;
}

/** Every point of a box that is one value wide on all axes but the free ones; `base` is its first. */
function* freePoints(
  box: Int32Array,
  count: number,
  free: readonly number[],
  strides: readonly number[],
  base: number,
): Generator<number> {
  const digits = free.map(() => 0);
  let index = base;
  for (;;) {
    yield index;
    let f = free.length - 1;
    for (; f >= 0; f--) {
      const a = free[f]!;
      const width = box[count + a]! - box[a]!;
      index += strides[a]!;
      if (++digits[f]! < width) break;
      index -= width * strides[a]!;
      digits[f] = 0;
    }
    if (f < 0) return;
  }
}
