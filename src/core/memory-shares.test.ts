// Shares of memory: what a service may fill never exceeds what there is, and large machines keep their fixed budgets.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkWithinMemory, memoryShares } from './memory-shares.ts';

const MIB = 2 ** 20;

describe('memory shares', () => {
  test('a service of 512 MiB gets 256 for computations, 64 for candles, 16 for answers and a heap of 128', () => {
    expect(memoryShares(512 * MIB)).toEqual({
      heapBytes: 128 * MIB,
      commandBytes: 384 * MIB,
      computeBytes: 256 * MIB,
      mirrorBytes: 64 * MIB,
      answerBytes: 16 * MIB,
    });
  });

  test('of any memory, what a service fills leaves a third free', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 20, max: 2 ** 45 }), (bytes) => {
        const { computeBytes, mirrorBytes, answerBytes } = memoryShares(bytes);
        expect(computeBytes + mirrorBytes + answerBytes).toBeLessThanOrEqual((bytes * 2) / 3);
      }),
    );
  });

  test('a machine of 64 GiB has 4 GiB, 1 GiB and 128 MiB', () => {
    const { computeBytes, mirrorBytes, answerBytes } = memoryShares(2 ** 36);
    expect([computeBytes, mirrorBytes, answerBytes]).toEqual([2 ** 32, 2 ** 30, 2 ** 27]);
  });
});

describe('budgets that somebody gave', () => {
  test('all of the memory is allowed, one byte more is refused', () => {
    expect(() => checkWithinMemory([{ name: '--memory', bytes: 100 * MIB }], 100 * MIB)).not.toThrow();
    expect(() => checkWithinMemory([{ name: '--memory', bytes: 100 * MIB + 1 }], 100 * MIB)).toThrow(
      /--memory 101 MiB; there are 100 MiB/,
    );
  });

  test('a sum is refused with its parts and what there is', () => {
    const wanted = [
      { name: 'backtest.max_bytes_all', bytes: 400 * MIB },
      { name: 'mirror.bytes', bytes: 200 * MIB },
    ];
    expect(() => checkWithinMemory(wanted, 512 * MIB)).toThrow(
      /backtest.max_bytes_all 400 MiB \+ mirror.bytes 200 MiB = 600 MiB; there are 512 MiB/,
    );
  });
});
