// Crossings as bitmaps: the armed state of 64 bars at a time, by the carries of one addition.
import { EQUAL, bothWaysSixteen, columnsSixteen } from './lanes';

/*
 * A crossing is armed by a bar before it, disarmed by a bar without a value, and keeps its state on any other bar:
 *   armed[i] = before[i] | (valid[i] & armed[i - 1])
 * With `before` inside `valid` that is the majority of before[i], valid[i] and armed[i - 1], which is the carry out of
 * bit i when before and valid are added. So one addition carries the state across a word; the carries into the bits are
 * the sum without them, and the carry out of the word is the state for the next.
 */

/** Bits whose bar found the crossing armed. */
@inline
function armedBefore(before: u64, valid: u64, sum: u64): u64 {
  return sum ^ before ^ valid;
}

/** 1 when the last bar of the word leaves the crossing armed. */
@inline
function armedAfter(before: u64, valid: u64, sum: u64): u64 {
  return ((before & valid) | ((before | valid) & ~sum)) >>> 63;
}

/** The first of each run of bars in `after`, when it finds the crossing armed. */
@inline
function eventBits(after: u64, wasAfter: u64, armed: u64): u64 {
  return after & ~((after << 1) | wasAfter) & armed;
}

export function crossingBits(out: usize, after: usize, before: usize, valid: usize, words: i32): void {
  let wasAfter: u64 = 0;
  let armed: u64 = 0;
  const end = out + (<usize>(words & ~1) << 2);
  while (out < end) {
    const now = load<u64>(after);
    const from = load<u64>(before);
    const kept = load<u64>(valid);
    const sum = from + kept + armed;
    store<u64>(out, eventBits(now, wasAfter, armedBefore(from, kept, sum)));
    wasAfter = now >>> 63;
    armed = armedAfter(from, kept, sum);
    out += 8;
    after += 8;
    before += 8;
    valid += 8;
  }
  if ((words & 1) === 0) return;
  const now = <u64>load<u32>(after);
  const from = <u64>load<u32>(before);
  const kept = <u64>load<u32>(valid);
  store<u32>(out, <u32>eventBits(now, wasAfter, armedBefore(from, kept, from + kept + armed)));
}

export function crossColumnsBits(above: usize, below: usize, a: usize, b: usize, bars: i32): void {
  compareBothWays(above, below, a, b, bars);
  let wasAbove: u64 = 0;
  let wasBelow: u64 = 0;
  let armedAbove: u64 = 0;
  let armedBelow: u64 = 0;
  let left = bars;
  for (; left >= 64; left -= 64) {
    const isAbove = load<u64>(above);
    const isBelow = load<u64>(below);
    let valid: u64 = ~0;
    // Bars that are neither are equal or without a value; most words have none.
    if ((isAbove | isBelow) !== ~0) valid = isAbove | isBelow | equalBits(a, b);
    const sumAbove = isBelow + valid + armedAbove;
    const sumBelow = isAbove + valid + armedBelow;
    store<u64>(above, eventBits(isAbove, wasAbove, armedBefore(isBelow, valid, sumAbove)));
    store<u64>(below, eventBits(isBelow, wasBelow, armedBefore(isAbove, valid, sumBelow)));
    wasAbove = isAbove >>> 63;
    wasBelow = isBelow >>> 63;
    armedAbove = armedAfter(isBelow, valid, sumAbove);
    armedBelow = armedAfter(isAbove, valid, sumBelow);
    above += 8;
    below += 8;
    a += 512;
    b += 512;
  }
}

/** Two bitmaps, a > b and a < b, with one reading of the columns. */
function compareBothWays(above: usize, below: usize, a: usize, b: usize, bars: i32): void {
  const full = bars & ~31;
  for (let bar = 0; bar < full; bar += 32) {
    const low = bothWaysSixteen(a, b);
    const high = bothWaysSixteen(a + 128, b + 128);
    store<u32>(above, (low & 0xffff) | (high << 16));
    store<u32>(below, (low >>> 16) | (high & 0xffff0000));
    above += 4;
    below += 4;
    a += 256;
    b += 256;
  }
}

function equalBits(a: usize, b: usize): u64 {
  const low = columnsSixteen(EQUAL, a, b) | (columnsSixteen(EQUAL, a + 128, b + 128) << 16);
  const high = columnsSixteen(EQUAL, a + 256, b + 256) | (columnsSixteen(EQUAL, a + 384, b + 384) << 16);
  return <u64>low | (<u64>high << 32);
}
