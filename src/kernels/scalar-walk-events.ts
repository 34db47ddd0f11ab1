// Finding the bar that decides next: the lowest set bit of two bitmaps from a bar on.

/** The first bar in [from, barCount) whose bit is set in either bitmap, or -1. */
export function nextEvent(a: Uint32Array, b: Uint32Array, from: number, barCount: number): number {
  if (from >= barCount) return -1;
  const words = a.length;
  let word = from >>> 5;
  let bits = (a[word] | b[word]) & (-1 << (from & 31));
  while (bits === 0) {
    word += 1;
    if (word === words) return -1;
    bits = a[word] | b[word];
  }
  return (word << 5) + (31 - Math.clz32(bits & -bits));
}

/** Whether the bit of `bar` is set. */
export function isSet(bitmap: Uint32Array, bar: number): boolean {
  return ((bitmap[bar >>> 5] >>> (bar & 31)) & 1) === 1;
}
