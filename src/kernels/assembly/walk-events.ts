// Finding the bar that decides next: the lowest set bit of two bitmaps from a bar on.
import { barCount, words } from './walk-input';

/** The first bar in [from, barCount) whose bit is set in either bitmap, or -1. */
export function nextEvent(a: usize, b: usize, from: i32): i32 {
  if (from >= barCount) return -1;
  let word = from >>> 5;
  let bits = (wordOf(a, word) | wordOf(b, word)) & (-1 << (from & 31));
  while (bits === 0) {
    word += 1;
    if (word === words) return -1;
    bits = wordOf(a, word) | wordOf(b, word);
  }
  return (word << 5) + ctz(bits);
}

/** Whether the bit of `bar` is set. */
@inline
export function isSet(bitmap: usize, bar: i32): bool {
  return ((wordOf(bitmap, bar >>> 5) >>> (bar & 31)) & 1) === 1;
}

@inline
function wordOf(bitmap: usize, word: i32): u32 {
  return load<u32>(bitmap + (<usize>word << 2));
}
