// Crossings as bitmaps: the armed state of 64 bars at a time, by the carries of one addition.
import { STATE_BYTES, TILE_BITMAP_BYTES } from '../program-layout';

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

/**
 * Crossings of one pair of columns in both directions: upwards into `out`, downwards into the bitmap behind it. `pair`
 * holds where the first column is above, and behind it where it is below. `state` keeps two states, one behind the other.
 * See `crossing`: the same bits, with each word read once.
 */
export function crossingsBothWays(
  out: usize,
  pair: usize,
  valid: usize,
  alsoValid: usize,
  state: usize,
  bars: i32,
): void {
  const whole = bars & ~63;
  let wasAbove = load<u64>(state);
  let armedUp = load<u64>(state, 8);
  let wasBelow = load<u64>(state, STATE_BYTES);
  let armedDown = load<u64>(state, STATE_BYTES + 8);
  const bytes = <usize>whole >>> 3;
  for (let at: usize = 0; at < bytes; at += 8) {
    const above = load<u64>(pair + at);
    const below = load<u64>(pair + at, TILE_BITMAP_BYTES);
    const kept = load<u64>(valid + at) & load<u64>(alsoValid + at);
    const up = below + kept + armedUp;
    const down = above + kept + armedDown;
    store<u64>(out + at, firstOfRuns(above, wasAbove) & (up ^ below ^ kept));
    store<u64>(out + at, firstOfRuns(below, wasBelow) & (down ^ above ^ kept), TILE_BITMAP_BYTES);
    wasAbove = above >>> 63;
    wasBelow = below >>> 63;
    armedUp = ((below & kept) | ((below | kept) & ~up)) >>> 63;
    armedDown = ((above & kept) | ((above | kept) & ~down)) >>> 63;
  }
  store<u64>(state, wasAbove);
  store<u64>(state, armedUp, 8);
  store<u64>(state, wasBelow, STATE_BYTES);
  store<u64>(state, armedDown, STATE_BYTES + 8);
  if (whole === bars) return;
  const above = pair + bytes;
  const below = above + TILE_BITMAP_BYTES;
  const left = bars - whole;
  crossing(out + bytes, above, below, valid + bytes, alsoValid + bytes, state, left);
  crossing(out + bytes + TILE_BITMAP_BYTES, below, above, valid + bytes, alsoValid + bytes, state + STATE_BYTES, left);
}

/** Bits that follow a bit that is not set; `carry` is the bit before the word. */
@inline
function firstOfRuns(bits: u64, carry: u64): u64 {
  return bits & ~((bits << 1) | carry);
}
