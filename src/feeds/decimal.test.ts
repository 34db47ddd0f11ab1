// The fast decimal path has the bits of Number().
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { parseDecimal, scanDecimal } from './decimal.ts';

const scan = (text: string): { value: number; next: number } => {
  const cursor = { next: -1 };
  return { value: scanDecimal(Buffer.from(`${text}\n`), 0, cursor), next: cursor.next };
};

describe('scanDecimal', () => {
  test('equals Number() bit for bit or declines, on 200,000 random decimals of up to 20 digits', () => {
    const seed = 20_240_101;
    const prng = createPrng(seed);
    let declined = 0;
    for (let round = 0; round < 200_000; round++) {
      const digits = 1 + prng.nextBelow(20);
      let text = '';
      for (let digit = 0; digit < digits; digit++) text += prng.nextBelow(10);
      const point = prng.nextBelow(digits + 1);
      if (prng.nextBelow(4) > 0) text = `${text.slice(0, point)}.${text.slice(point)}`;
      const { value, next } = scan(text);
      if (Number.isNaN(value)) declined++;
      else if (!Object.is(value, Number(text)) || next !== text.length)
        expect.fail(`${text} was read as ${value} (seed ${seed})`);
    }
    expect(declined).toBeGreaterThan(10_000);
    expect(declined).toBeLessThan(100_000);
  });

  test('takes 2^53 - 1 and 22 decimals, and declines the next ones', () => {
    expect(scan('9007199254740991').value).toBe(9_007_199_254_740_991);
    expect(scan('9007199254740992').value).toBeNaN();
    expect(scan('9007199254740993').value).toBeNaN();
    expect(scan('0.0000000000000000000001').value).toBe(1e-22);
    expect(scan('0.00000000000000000000001').value).toBeNaN();
  });

  test('stops at the first byte that is no part of the number', () => {
    expect(scan('12.5e3')).toEqual({ value: 12.5, next: 4 });
    expect(scan('2019-01-01')).toEqual({ value: 2019, next: 4 });
    for (const text of ['', '.', '-1', 'abc', ' 1']) expect(scan(text).value).toBeNaN();
  });
});

describe('parseDecimal', () => {
  test('takes signs, bare points and exponents as Number() does', () => {
    for (const text of ['-1.5', '+2', '.5', '5.', '1e-05', '1E+3', '-0', '00012', '1e999']) {
      expect(Object.is(parseDecimal(text), Number(text)), text).toBe(true);
    }
  });

  test('refuses what Number() would take but no price is', () => {
    for (const text of ['', ' ', '0x10', '0b1', 'Infinity', 'NaN', '1_000', '1,5', '1 000', '--1', '1e', 'e5']) {
      expect(parseDecimal(text), text).toBeNaN();
    }
  });
});
