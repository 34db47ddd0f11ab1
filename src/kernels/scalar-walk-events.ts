// Finding the bar that decides next: the lowest set bit of two bitmaps from a bar on.

/** The first bar in [from, to) whose bit is set in either bitmap, or -1. */
export function nextEvent(a: Uint32Array, b: Uint32Array, from: number, to: number): number {
  if (from >= to) return -1;
  const words = (to + 31) >>> 5;
  let word = from >>> 5;
  let bits = (a[word] | b[word]) & (-1 << (from & 31));
  while (bits === 0) {
    word += 1;
    if (word === words) return -1;
    bits = a[word] | b[word];
  }
  const bar = (word << 5) + (31 - Math.clz32(bits & -bits));
  return bar < to ? bar : -1;
}

/** Whether the bit of `bar` is set. */
export function isSet(bitmap: Uint32Array, bar: number): boolean {
  return ((bitmap[bar >>> 5] >>> (bar & 31)) & 1) === 1;
}
