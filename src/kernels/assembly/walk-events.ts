// Finding the bar that decides next: the lowest set bit of two bitmaps from a bar on, 64 bars at a time.

/** The first bar in [from, to) whose bit is set in either bitmap, or -1. */
export function nextEvent(a: usize, b: usize, from: i32, to: i32): i32 {
  if (from >= to) return -1;
  const words = (to + 31) >>> 5;
  let word = from >>> 5;
  let bits = eitherOf(a, b, word, words) & (<u64>-1 << (from & 31));
  while (bits === 0) {
    word += 2;
    if (word >= words) return -1;
    bits = eitherOf(a, b, word, words);
  }
  const bar = (word << 5) + <i32>ctz(bits);
  return bar < to ? bar : -1;
}

/** Two words of both bitmaps, or one where `words` ends. */
@inline
function eitherOf(a: usize, b: usize, word: i32, words: i32): u64 {
  const offset = <usize>word << 2;
  if (word + 1 < words) return load<u64>(a + offset) | load<u64>(b + offset);
  return <u64>(load<u32>(a + offset) | load<u32>(b + offset));
}

/** Whether the bit of `bar` is set. */
@inline
export function isSet(bitmap: usize, bar: i32): bool {
  return ((load<u32>(bitmap + (<usize>(bar >>> 5) << 2)) >>> (bar & 31)) & 1) === 1;
}

/** The 64 bits of word `word` of a bitmap that begins at a multiple of eight bytes. */
@inline
export function wordAt(bitmap: usize, word: i32): u64 {
  return load<u64>(bitmap + (<usize>word << 3));
}

/**
 * Whether a position is held before each of 64 bars, when only longs are held, every order fills and entries and exits
 * never meet in one bar; `carry` is 1 when one is held before the first. These are the carries of one addition: an
 * entry generates one, a bar without exit hands it on.
 */
@inline
export function heldBefore(enters: u64, exits: u64, carry: u64): u64 {
  const stays = ~exits;
  return enters ^ stays ^ (enters + stays + carry);
}
