// Random search without lists: a keyed permutation of the grid's indices in constant memory.
import { createPrng } from '../core/prng.ts';

const ROUNDS = 6;

/**
 * The i-th draw, for i in [0, size), of a pseudo-random permutation of [0, size): every index comes once. A balanced
 * Feistel network over the next even power of two, walking cycles until it lands inside (Black and Rogaway, 2002).
 */
export function createPermutation(size: number, seed: number): (i: number) => number {
  let halfBits = 1;
  while (4 ** halfBits < size) halfBits++;
  const half = 2 ** halfBits;
  const prng = createPrng(seed);
  const keys = Array.from({ length: ROUNDS }, () => prng.nextUint32());
  const round = (value: number, key: number): number => {
    let x = (Math.imul(value ^ key, 0x9e3779b1) ^ (key >>> 7)) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x85ebca6b) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
    return (x ^ (x >>> 16)) >>> 0;
  };
  const permute = (index: number): number => {
    let left = Math.floor(index / half);
    let right = index % half;
    for (const key of keys) {
      const next = (left ^ (round(right, key) % half)) >>> 0;
      left = right;
      right = next;
    }
    return left * half + right;
  };
  return (i) => {
    let index = permute(i);
    while (index >= size) index = permute(index);
    return index;
  };
}
