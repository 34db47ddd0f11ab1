// Decimals round to 28 digits, half to even, and compare without rounding.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addDecimal,
  compareDecimal,
  type Decimal,
  decimal,
  decimalOfDouble,
  decimalOfText,
  decimalToNumber,
  divideDecimal,
  multiplyDecimal,
  parseDecimal,
  subtractDecimal,
  truncateDecimal,
} from './decimal.ts';

const digits = ({ coefficient, exponent }: Decimal): string => `${coefficient}e${exponent}`;
const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 });

describe('decimal', () => {
  test('division keeps 28 digits', () => {
    expect(digits(divideDecimal(decimal('1'), decimal('7')))).toBe('1428571428571428571428571429e-28');
    expect(digits(divideDecimal(decimal('2'), decimal('3')))).toBe('6666666666666666666666666667e-28');
    expect(decimalToNumber(divideDecimal(decimal('-1'), decimal('8')))).toBe(-0.125);
  });

  test('a tie goes to the even digit', () => {
    const tie = (last: string) => addDecimal(decimal(`1.00000000000000000000000000${last}5`), decimal('0'));
    expect(digits(tie('0'))).toBe('1000000000000000000000000000e-27');
    expect(digits(tie('01'))).toBe('1000000000000000000000000000e-27');
    expect(digits(multiplyDecimal(decimal('1.0000000000000000000000000015'), decimal('1')))).toBe(
      '1000000000000000000000000002e-27',
    );
    expect(digits(multiplyDecimal(decimal('1.0000000000000000000000000025'), decimal('1')))).toBe(
      '1000000000000000000000000002e-27',
    );
  });

  test('a division that is a tie only after its last digit is not one', () => {
    // 3 / 2 = 1.5 with 27 more digits: exact, so no rounding; 1 / 3 never ties.
    expect(digits(divideDecimal(decimal('3'), decimal('2')))).toMatch(/^150*e-\d+$/);
  });

  test('a double keeps all its digits, a text its printed ones', () => {
    expect(
      compareDecimal(decimalOfDouble(0.1), decimal('0.1000000000000000055511151231257827021181583404541015625')),
    ).toBe(0);
    expect(compareDecimal(decimalOfText(0.1), decimal('0.1'))).toBe(0);
    expect(compareDecimal(decimalOfDouble(0.1), decimal('0.1'))).toBeGreaterThan(0);
  });

  test('texts that are no numbers are refused', () => {
    for (const text of ['', '.', 'x', '1,5', '1e', '--1']) expect(parseDecimal(text), text).toBeUndefined();
    expect(decimalToNumber(decimal('-1.5e-3'))).toBe(-0.0015);
    expect(decimalToNumber(decimal('.5'))).toBe(0.5);
  });

  test('every double comes back, and sums of two are rounded once', () => {
    fc.assert(
      fc.property(doubles, doubles, (a, b) => {
        expect(decimalToNumber(decimalOfDouble(a))).toBe(a === 0 ? 0 : a);
        expect(Math.sign(compareDecimal(decimalOfDouble(a), decimalOfDouble(b)))).toBe(Math.sign(a - b) + 0);
        const sum = decimalToNumber(addDecimal(decimalOfText(a), decimalOfText(b)));
        expect(sum).toBeCloseTo(a + b, 3);
        expect(decimalToNumber(subtractDecimal(decimalOfText(a), decimalOfText(a)))).toBe(0);
      }),
    );
  });

  test('truncation goes towards zero', () => {
    expect(truncateDecimal(decimal('-2.9'))).toBe(-2);
    expect(truncateDecimal(decimal('1e3'))).toBe(1000);
  });
});
