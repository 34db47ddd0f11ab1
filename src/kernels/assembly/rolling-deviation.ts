// The standard rolling deviation: two blocks and the tails of the next two, side by side.
import { clearBars } from './missing';
import { bothOf, storeBoth } from './pairs';

/** Doubles of working room per bar of length that the side-by-side method takes. */
const PAIR_ROOM = 14;

/**
 * Population standard deviation of `column` over the last `length` bars. The method is that of the oracle: a window is
 * the tail of one block of `length` bars and the head of the next. Every head and every tail is a chain of its own, so
 * four of them run at once: the heads of two neighbouring blocks in the lanes of one register, the tails that their bars
 * are for the blocks after them in another. `work` is a column of `bars` values to work in.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: Welford within a block on differences to its first bar, Chan's formula across; no drift, 0 in a flat market.
 * Cost:     no allocation; about 2.2 ns per bar, most of it divisions and square roots; 7 where a length is more than a
 *           fourteenth of the column.
 * Oracle:   src/indicators/rolling-deviation.ts, bit for bit.
 */
export function rollingDeviation(out: usize, column: usize, bars: i32, length: i32, work: usize): void {
  if (bars < length) {
    clearBars(out, 0, bars);
    return;
  }
  let start = 0;
  if (length <= bars / PAIR_ROOM) {
    // Weights by the number of bars in the head; heads and tails as pairs of doubles, for two blocks each.
    const size = (<usize>length) << 4;
    const joint = work + (size >> 1);
    const heads = work + size;
    let tails = heads + 2 * size;
    let earlier = tails + 2 * size;
    fillWeights(work, joint, length);
    for (; start + 2 * length <= bars; start += 2 * length) {
      chainPair(column, bars, length, start, work, heads, tails);
      settlePair(out, length, start, joint, heads, tails, earlier, size);
      const swap = earlier;
      earlier = tails;
      tails = swap;
    }
    clearBars(out, 0, length - 1);
  }
  for (; start < bars; start += length) settleBlock(out, column, bars, length, start, work);
}

/** For each head from 1: 1 / head, and Chan's weight. */
function fillWeights(share: usize, joint: usize, length: i32): void {
  for (let head = 1; head <= length; head++) {
    const at = (<usize>(head - 1)) << 3;
    store<f64>(share + at, 1 / <f64>head);
    store<f64>(joint + at, chanWeight(head, length));
  }
}

@inline
function chanWeight(head: i32, length: i32): f64 {
  return (<f64>head * <f64>(length - head)) / <f64>length;
}

/**
 * Mean and squared deviations of every head of the blocks at `start` and `start + length` (lanes 0 and 1), and of every
 * tail that they are for the block after each. `heads` and `tails` hold two doubles per bar count: means first, then,
 * `length` pairs later, squares.
 */
@inline
function chainPair(column: usize, bars: i32, length: i32, start: i32, share: usize, heads: usize, tails: usize): void {
  const block = (<usize>length) << 3;
  const size = block << 1;
  const first = column + ((<usize>start) << 3);
  const after = first + size;
  const base = bothOf(first, first + block);
  // The block after the pair may lie beyond the last bar: then its tail is never read.
  const baseAfter = start + 2 * length < bars ? load<f64>(after) : 0;
  const baseNext = f64x2.replace_lane(f64x2.splat(load<f64>(first + block)), 1, baseAfter);
  let mean = f64x2.splat(0);
  let squares = f64x2.splat(0);
  let tailMean = f64x2.splat(0);
  let tailSquares = f64x2.splat(0);
  let forward = first;
  let backward = first + block - 8;
  let head = heads;
  // The tail of `count` bars belongs to the head of length − count bars.
  let tail = tails + size - 32;
  let weight = share;
  for (let count = 1; count < length; count++) {
    const part = v128.load64_splat(weight);
    const value = f64x2.sub(bothOf(forward, forward + block), base);
    const distance = f64x2.sub(value, mean);
    mean = f64x2.add(mean, f64x2.mul(distance, part));
    squares = f64x2.add(squares, f64x2.mul(distance, f64x2.sub(value, mean)));
    v128.store(head, mean);
    v128.store(head + size, squares);
    const old = f64x2.sub(bothOf(backward, backward + block), baseNext);
    const apart = f64x2.sub(old, tailMean);
    tailMean = f64x2.add(tailMean, f64x2.mul(apart, part));
    tailSquares = f64x2.add(tailSquares, f64x2.mul(apart, f64x2.sub(old, tailMean)));
    v128.store(tail, tailMean);
    v128.store(tail + size, tailSquares);
    forward += 8;
    backward -= 8;
    head += 16;
    tail -= 16;
    weight += 8;
  }
  const value = f64x2.sub(bothOf(forward, forward + block), base);
  const distance = f64x2.sub(value, mean);
  mean = f64x2.add(mean, f64x2.mul(distance, v128.load64_splat(weight)));
  squares = f64x2.add(squares, f64x2.mul(distance, f64x2.sub(value, mean)));
  v128.store(head + size, squares);
}

/** Deviations of the pair of blocks at `start`. The tail of its first block is lane 1 of the pair before. */
@inline
function settlePair(
  out: usize,
  length: i32,
  start: i32,
  joint: usize,
  heads: usize,
  tails: usize,
  earlier: usize,
  size: usize,
): void {
  const block = size >> 1;
  const divisor = f64x2.splat(<f64>length);
  let at = out + ((<usize>start) << 3);
  let offset: usize = 0;
  for (let head = 1; head < length; head++) {
    const tailMean = v128.shuffle<f64>(v128.load(earlier + offset), v128.load(tails + offset), 1, 2);
    const tailSquares = v128.shuffle<f64>(v128.load(earlier + offset + size), v128.load(tails + offset + size), 1, 2);
    const apart = f64x2.sub(v128.load(heads + offset), tailMean);
    const between = f64x2.mul(f64x2.mul(apart, apart), v128.load64_splat(joint + (offset >> 1)));
    const all = f64x2.add(f64x2.add(v128.load(heads + offset + size), tailSquares), between);
    const deviation = f64x2.sqrt(f64x2.div(all, divisor));
    storeBoth(at, at + block, deviation);
    at += 8;
    offset += 16;
  }
  const deviation = f64x2.sqrt(f64x2.div(v128.load(heads + offset + size), divisor));
  storeBoth(at, at + block, deviation);
}

/** Deviations of one block, which may end early: the oracle's own loop. Until a bar is settled, `out` holds its tail's mean. */
function settleBlock(out: usize, column: usize, bars: i32, length: i32, start: i32, tailSquares: usize): void {
  const first = column + ((<usize>start) << 3);
  const target = out + ((<usize>start) << 3);
  const base = load<f64>(first);
  const end = min(length, bars - start);
  let mean: f64 = 0;
  let squares: f64 = 0;
  for (let count = 1; count < length && start > 0; count++) {
    const value = load<f64>(first - ((<usize>count) << 3)) - base;
    const distance = value - mean;
    mean += distance * (1 / <f64>count);
    squares += distance * (value - mean);
    const head = length - count;
    if (head > end) continue;
    store<f64>(target + ((<usize>(head - 1)) << 3), mean);
    store<f64>(tailSquares + ((<usize>(head - 1)) << 3), squares);
  }
  mean = 0;
  squares = 0;
  for (let head = 1; head <= end; head++) {
    const at = (<usize>(head - 1)) << 3;
    const value = load<f64>(first + at) - base;
    const distance = value - mean;
    mean += distance * (1 / <f64>head);
    squares += distance * (value - mean);
    if (head === length) {
      store<f64>(target + at, sqrt<f64>(squares / <f64>length));
    } else if (start > 0) {
      const apart = mean - load<f64>(target + at);
      const between = apart * apart * chanWeight(head, length);
      store<f64>(target + at, sqrt<f64>((squares + load<f64>(tailSquares + at) + between) / <f64>length));
    } else {
      store<f64>(target + at, NaN);
    }
  }
}
