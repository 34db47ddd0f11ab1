// Seeded pseudo-random numbers: xoshiro128** seeded through splitmix32 (Blackman and Vigna, 2018).

export interface Prng {
  /** A uniform integer in [0, 2^32). */
  nextUint32(): number;
  /** A uniform double in [0, 1), with 53 random bits. */
  next(): number;
  /** A uniform integer in [0, bound); `bound` must be an integer in [1, 2^53). */
  nextBelow(bound: number): number;
  /** A standard normal deviate (Marsaglia polar method). */
  nextNormal(): number;
}

/** The same seed gives the same stream on every machine and Node version. */
export function createPrng(seed: number): Prng {
  let mix = seed >>> 0;
  // A seed beyond 32 bits still counts: its high word is folded in.
  mix ^= Math.imul(Math.floor(Math.abs(seed) / 4294967296) >>> 0, 0x9e3779b9);
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix() | 1;
  let spare = Number.NaN;

  const nextUint32 = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const next = (): number => ((nextUint32() >>> 5) * 67108864 + (nextUint32() >>> 6)) / 9007199254740992;
  const nextBelow = (bound: number): number => Math.floor(next() * bound);
  const nextNormal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const x = 2 * next() - 1;
      const y = 2 * next() - 1;
      const r = x * x + y * y;
      if (r > 0 && r < 1) {
        const scale = Math.sqrt((-2 * Math.log(r)) / r);
        spare = y * scale;
        return x * scale;
      }
    }
  };
  return { nextUint32, next, nextBelow, nextNormal };
}
