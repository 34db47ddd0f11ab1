// Logic of bitmaps: four words of 32 bars at a time, the words that are left one by one.

export function andBits(out: usize, a: usize, b: usize, words: i32): void {
  const end = out + (<usize>(words & ~3) << 2);
  while (out < end) {
    v128.store(out, v128.and(v128.load(a), v128.load(b)));
    out += 16;
    a += 16;
    b += 16;
  }
  for (let word = 0; word < (words & 3); word++) {
    store<u32>(out, load<u32>(a) & load<u32>(b));
    out += 4;
    a += 4;
    b += 4;
  }
}

export function orBits(out: usize, a: usize, b: usize, words: i32): void {
  const end = out + (<usize>(words & ~3) << 2);
  while (out < end) {
    v128.store(out, v128.or(v128.load(a), v128.load(b)));
    out += 16;
    a += 16;
    b += 16;
  }
  for (let word = 0; word < (words & 3); word++) {
    store<u32>(out, load<u32>(a) | load<u32>(b));
    out += 4;
    a += 4;
    b += 4;
  }
}

export function andNotBits(out: usize, a: usize, b: usize, words: i32): void {
  const end = out + (<usize>(words & ~3) << 2);
  while (out < end) {
    v128.store(out, v128.andnot(v128.load(a), v128.load(b)));
    out += 16;
    a += 16;
    b += 16;
  }
  for (let word = 0; word < (words & 3); word++) {
    store<u32>(out, load<u32>(a) & ~load<u32>(b));
    out += 4;
    a += 4;
    b += 4;
  }
}
