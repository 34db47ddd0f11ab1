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
 * an event on the first bar of each run of `after` that finds it armed. A bar is valid where both `valid` bitmaps say so;
 * `before` must lie inside that. `state` keeps two words of 64 bits between tiles.
 * Causal:   bit i reads bits 0..i.
 * Warm-up:  no event before the first bar of `before`.
 * Bad data: a bar outside `valid` disarms.
 * Numerics: integers.
 * Cost:     no allocation; about 0.03 ns per bar.
 * Oracle:   src/indicators/crossing.ts, bit for bit.
 */
export function crossing(
  out: usize,
  after: usize,
  before: usize,
  valid: usize,
  alsoValid: usize,
  state: usize,
  bars: i32,
): void {
  let wasAfter = load<u64>(state);
  let armed = load<u64>(state, 8);
  let left = bars;
  for (; left >= 64; left -= 64) {
    const now = load<u64>(after);
    const from = load<u64>(before);
    const kept = load<u64>(valid) & load<u64>(alsoValid);
    const sum = from + kept + armed;
    store<u64>(out, firstOfRuns(now, wasAfter) & (sum ^ from ^ kept));
    wasAfter = now >>> 63;
    armed = ((from & kept) | ((from | kept) & ~sum)) >>> 63;
    out += 8;
    after += 8;
    before += 8;
    valid += 8;
    alsoValid += 8;
  }
  if (left > 0) {
    const isLong = left > 32;
    const now = isLong ? load<u64>(after) : <u64>load<u32>(after);
    const from = isLong ? load<u64>(before) : <u64>load<u32>(before);
    const kept = isLong ? load<u64>(valid) & load<u64>(alsoValid) : <u64>(load<u32>(valid) & load<u32>(alsoValid));
    const carries = (from + kept + armed) ^ from ^ kept;
    const events = firstOfRuns(now, wasAfter) & carries;
    if (isLong) store<u64>(out, events);
    else store<u32>(out, <u32>events);
    wasAfter = (now >>> (left - 1)) & 1;
    armed = (carries >>> left) & 1;
  }
  store<u64>(state, wasAfter);
  store<u64>(state, armed, 8);
}

/** Bits that follow a bit that is not set; `carry` is the bit before the word. */
@inline
function firstOfRuns(bits: u64, carry: u64): u64 {
  return bits & ~((bits << 1) | carry);
}
