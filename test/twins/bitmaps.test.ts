// The two twins of every bitmap kernel, and the crossing rule of the indicators, give the same bits.
import { describe, expect, test } from 'vitest';
import { crossAbove } from '../../src/indicators/crossing.ts';
import * as scalar from '../../src/kernels/scalar-bitmaps.ts';
import { COLUMN_KINDS, createWasm, fillColumn, forRounds, guardedBits, LENGTHS, wordsOf } from './twins.ts';

const ROUNDS = 300;
const { wasm, arena } = createWasm(1 << 20);
const start = arena.mark();

/** A pair of columns of a random length and kind, at offsets that are not multiples of 16 half of the time. */
function columnPair(prng: Parameters<Parameters<typeof forRounds>[1]>[0], round: number) {
  arena.release(start);
  const bars = LENGTHS[round % LENGTHS.length]!;
  const kind = COLUMN_KINDS[prng.nextBelow(COLUMN_KINDS.length)]!;
  const shift = prng.nextBelow(2);
  const a = arena.float64('a', bars + 1).subarray(shift, shift + bars);
  const b = arena.float64('b', bars + 1).subarray(shift, shift + bars);
  fillColumn(a, kind, prng);
  fillColumn(b, kind, prng);
  for (let i = 0; i < bars; i++) if (prng.nextBelow(8) === 0) b[i] = a[i];
  return { bars, a, b };
}

/** Runs one kernel of each twin into guarded bitmaps and expects the same words. */
function expectSame(words: number, run: (twin: typeof scalar, ...out: Uint32Array[]) => void, outputs = 1): void {
  const mine = Array.from({ length: outputs }, () => guardedBits(arena, words));
  const theirs = Array.from({ length: outputs }, () => guardedBits(arena, words));
  run(scalar, ...mine.map(({ bits }) => bits));
  run(wasm, ...theirs.map(({ bits }) => bits));
  for (let k = 0; k < outputs; k++) {
    theirs[k]!.check();
    expect(theirs[k]!.bits).toEqual(mine[k]!.bits);
  }
}

describe('comparisons', () => {
  test.each([
    ['greater', false],
    ['greater or equal', true],
  ])('of two columns, %s, are bit-equal', (_, orEqual) => {
    forRounds(ROUNDS, (prng, round) => {
      const { bars, a, b } = columnPair(prng, round);
      expectSame(wordsOf(bars), (twin, out) => twin.compareColumns(out, orEqual, a, b));
    });
  });

  test('of two columns both ways at once are bit-equal', () => {
    forRounds(ROUNDS, (prng, round) => {
      const { bars, a, b } = columnPair(prng, round);
      expectSame(wordsOf(bars), (twin, greater, less) => twin.compareBoth(greater, less, a, b), 2);
    });
  });

  test.each([0, 1, 2, 3] as const)('with a number by operator %i are bit-equal', (operator) => {
    forRounds(ROUNDS, (prng, round) => {
      const { bars, a, b } = columnPair(prng, round);
      const number = bars === 0 ? Number.NaN : b[prng.nextBelow(bars)]!;
      expectSame(wordsOf(bars), (twin, out) => twin.compareNumber(out, operator, a, number));
    });
  });
});

describe('crossings', () => {
  test('of bitmaps are bit-equal and are those of the indicators', () => {
    let events = 0;
    const all = forRounds(2 * ROUNDS, (prng, round) => {
      const { bars, a, b } = columnPair(prng, round);
      const words = wordsOf(bars);
      const after = arena.uint32('after', words);
      const before = arena.uint32('before', words);
      const valid = arena.uint32('valid', words).fill(0);
      wasm.compareBoth(after, before, a, b);
      for (let i = 0; i < bars; i++) {
        if (!Number.isNaN(a[i]) && !Number.isNaN(b[i])) valid[i >>> 5] |= 1 << (i & 31);
      }
      expectSame(words, (twin, out) => twin.crossing(out, after, before, valid));
      const out = arena.uint32('out', words);
      wasm.crossing(out, after, before, valid);
      const expected = crossAbove(a, b);
      for (let i = 0; i < bars; i++) expect((out[i >>> 5]! >>> (i & 31)) & 1, `bar ${i}`).toBe(expected[i]);
      for (const bit of expected) events += bit;
    });
    if (all) expect(events, 'the inputs cross often enough to prove something').toBeGreaterThan(1000);
  });

  test('of any disjoint bitmaps are bit-equal', () => {
    forRounds(ROUNDS, (prng, round) => {
      arena.release(start);
      const words = round % 40;
      const [after, before, valid] = ['after', 'before', 'valid'].map((name) => arena.uint32(name, words));
      const dense = prng.nextBelow(3);
      for (let i = 0; i < words; i++) {
        after![i] = dense === 0 ? prng.nextUint32() & prng.nextUint32() & prng.nextUint32() : prng.nextUint32();
        before![i] = prng.nextBelow(3) === 0 ? prng.nextUint32() & ~after![i]! : 0;
        valid![i] = after![i]! | before![i]! | (dense === 2 ? 0xffffffff : prng.nextUint32());
      }
      expectSame(words, (twin, out) => twin.crossing(out, after!, before!, valid!));
    });
  });
});

describe('logic', () => {
  test.each(['and', 'or', 'andNot'] as const)('%s is bit-equal', (name) => {
    forRounds(ROUNDS, (prng, round) => {
      arena.release(start);
      const words = round % 40;
      const a = arena.uint32('a', words + 1).subarray(round & 1, words + (round & 1));
      const b = arena.uint32('b', words);
      for (let i = 0; i < words; i++) {
        a[i] = prng.nextUint32();
        b[i] = prng.nextUint32();
      }
      expectSame(words, (twin, out) => twin[name](out, a, b));
    });
  });
});

test('a planted difference of one bit is found', () => {
  forRounds(LENGTHS.length * 2, (prng, round) => {
    const { bars, a, b } = columnPair(prng, round);
    if (bars === 0) return;
    const broken: typeof scalar = {
      ...scalar,
      compareColumns(out, orEqual, left, right) {
        scalar.compareColumns(out, orEqual, left, right);
        const bar = prng.nextBelow(bars);
        out[bar >>> 5]! ^= 1 << (bar & 31);
      },
    };
    const mine = guardedBits(arena, wordsOf(bars));
    const theirs = guardedBits(arena, wordsOf(bars));
    broken.compareColumns(mine.bits, false, a, b);
    wasm.compareColumns(theirs.bits, false, a, b);
    expect(theirs.bits).not.toEqual(mine.bits);
  });
});
