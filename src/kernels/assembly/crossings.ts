// Crossings as bitmaps: the armed state of 64 bars at a time, by the carries of one addition.

/*
 * A crossing is armed by a bar before it, disarmed by a bar without a value, and keeps its state on any other bar:
 *   armed[i] = before[i] | (valid[i] & armed[i - 1])
 * With `before` inside `valid` that is the majority of before[i], valid[i] and armed[i - 1], which is the carry out of
 * bit i when before and valid are added. So one addition carries the state across a word; the carries into the bits are
 * the sum without them, and the carry out of the word is the state for the next.
 */

/**
 * Crossing events out of three bitmaps: armed by a bar of `before`, kept on a bar of neither, cleared where `valid` is 0;
 * an event on the first bar of each run of `after` that finds it armed. `before` must lie inside `valid`.
 * Causal:   bit i reads bits 0..i.
 * Warm-up:  no event before the first bar of `before`.
 * Bad data: a bar outside `valid` disarms.
 * Numerics: integers.
 * Cost:     no allocation; about 0.03 ns per bar.
 * Oracle:   src/indicators/crossing.ts, bit for bit.
 */
export function crossing(out: usize, after: usize, before: usize, valid: usize, words: i32): void {
  let wasAfter: u64 = 0;
  let armed: u64 = 0;
  let left = words;
  for (; left >= 2; left -= 2) {
    const now = load<u64>(after);
    const from = load<u64>(before);
    const kept = load<u64>(valid);
    const sum = from + kept + armed;
    store<u64>(out, firstOfRuns(now, wasAfter) & (sum ^ from ^ kept));
    wasAfter = now >>> 63;
    armed = ((from & kept) | ((from | kept) & ~sum)) >>> 63;
    out += 8;
    after += 8;
    before += 8;
    valid += 8;
  }
  if (left === 0) return;
  const now = <u64>load<u32>(after);
  const from = <u64>load<u32>(before);
  const kept = <u64>load<u32>(valid);
  store<u32>(out, <u32>(firstOfRuns(now, wasAfter) & ((from + kept + armed) ^ from ^ kept)));
}

/** Bits that follow a bit that is not set; `carry` is the bit before the word. */
@inline
function firstOfRuns(bits: u64, carry: u64): u64 {
  return bits & ~((bits << 1) | carry);
}
