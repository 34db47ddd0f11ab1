// Finding the bar that decides next: the lowest set bit of two bitmaps from a bar on.

/** The first bar in [from, to) whose bit is set in either bitmap, or -1. Bit 0 of both stands for bar `base`. */
export function nextEvent(a: Uint32Array, b: Uint32Array, from: number, to: number, base: number): number {
  if (from >= to) return -1;
  const words = (to - base + 31) >>> 5;
  let word = (from - base) >>> 5;
  let bits = (a[word] | b[word]) & (-1 << (from & 31));
  while (bits === 0) {
    word += 1;
    if (word === words) return -1;
    bits = a[word] | b[word];
  }
  const bar = base + (word << 5) + (31 - Math.clz32(bits & -bits));
  return bar < to ? bar : -1;
}

/** Whether the bit of bar `bit`, counted from the bitmap's first, is set. */
export function isSet(bitmap: Uint32Array, bit: number): boolean {
  return ((bitmap[bit >>> 5] >>> (bit & 31)) & 1) === 1;
}
