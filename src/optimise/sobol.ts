// Sobol points: low-discrepancy sequences in up to 40 dimensions, plain or with Owen's scrambling by a seed.
import { assert } from '../core/assert.ts';
import { createPrng } from '../core/prng.ts';
import { SOBOL_DIRECTIONS } from './sobol-directions.ts';

export const SOBOL_DIMENSIONS_MAX = SOBOL_DIRECTIONS.length + 1;

const BITS = 32;

/** Point `n` of the sequence in [0, 1)^dimensions; n in [0, 2^32). Any point can be asked for, in any order. */
export type SobolSequence = (n: number) => Float64Array;

/**
 * With a seed each dimension is scrambled by nested uniform permutations of its binary digits (Owen, 1995), which a hash
 * stands in for (Laine and Karras, 2011; Burley, 2020): every dyadic interval keeps its number of points.
 */
export function createSobol(dimensions: number, seed?: number): SobolSequence {
  assert(dimensions >= 1 && dimensions <= SOBOL_DIMENSIONS_MAX, 'a Sobol sequence has 1 to 40 dimensions');
  const directions = Array.from({ length: dimensions }, (_, d) => directionNumbers(d));
  const prng = seed === undefined ? undefined : createPrng(seed);
  const keys = Array.from({ length: dimensions }, () => prng?.nextUint32());
  return (n) => {
    assert(Number.isInteger(n) && n >= 0 && n < 2 ** BITS, 'the number of a Sobol point has 32 bits');
    // Gray code order: neighbours differ in one direction number, and blocks of 2^k hold the same points.
    const gray = (n ^ (n >>> 1)) >>> 0;
    const point = new Float64Array(dimensions);
    for (let d = 0; d < dimensions; d++) {
      const columns = directions[d]!;
      let bits = 0;
      for (let rest = gray, k = 0; rest !== 0; rest >>>= 1, k++) if ((rest & 1) === 1) bits ^= columns[k]!;
      const key = keys[d];
      point[d] = (key === undefined ? bits >>> 0 : scrambled(bits, key)) / 2 ** BITS;
    }
    return point;
  };
}

/** Direction numbers of a dimension, the first bit of the fraction being the highest of 32. */
function directionNumbers(dimension: number): Uint32Array {
  const columns = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let k = 0; k < BITS; k++) columns[k] = 2 ** (BITS - 1 - k);
    return columns;
  }
  const [coefficients, ...initial] = SOBOL_DIRECTIONS[dimension - 1]!;
  const degree = initial.length;
  for (let k = 0; k < BITS; k++) {
    if (k < degree) {
      columns[k] = initial[k]! * 2 ** (BITS - 1 - k);
      continue;
    }
    let value = columns[k - degree]! ^ (columns[k - degree]! >>> degree);
    for (let j = 1; j < degree; j++) {
      if (((coefficients! >>> (degree - 1 - j)) & 1) === 1) value ^= columns[k - j]!;
    }
    columns[k] = value >>> 0;
  }
  return columns;
}

/** A bit of the hash depends on the bits below it only; of the reversed number these are the higher digits. */
function scrambled(bits: number, key: number): number {
  let x = reversed(bits);
  x = (x + key) >>> 0;
  x = (x ^ Math.imul(x, 0x6c50b47c)) >>> 0;
  x = (x ^ Math.imul(x, 0xb82f1e52)) >>> 0;
  x = (x ^ Math.imul(x, 0xc7afe638)) >>> 0;
  x = (x ^ Math.imul(x, 0x8d22f6e6)) >>> 0;
  return reversed(x);
}

function reversed(bits: number): number {
  let x = bits;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
