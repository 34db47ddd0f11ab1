// Double-doubles: products and sums of doubles are exact, quotients good to 31 digits.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDecimal, type Decimal, decimalOfDouble } from './decimal.ts';
import { addDouble, divideDouble, doubleDouble, exactProduct, exactSum, multiplyDouble } from './double-double.ts';

const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-9, max: 1e9 });

/** a × b and a + b on whole coefficients, without the rounding that the decimal operations have. */
const product = (a: Decimal, b: Decimal): Decimal => ({
  coefficient: a.coefficient * b.coefficient,
  exponent: a.exponent + b.exponent,
});
function sum(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  const scale = (x: Decimal) => x.coefficient * 10n ** BigInt(x.exponent - exponent);
  return { coefficient: scale(a) + scale(b), exponent };
}

test('a product and a sum of two doubles lose nothing', () => {
  fc.assert(
    fc.property(doubles, doubles, (a, b) => {
      const p = exactProduct(a, b);
      const s = exactSum(a, b);
      const [x, y] = [decimalOfDouble(a), decimalOfDouble(b)];
      expect(compareDecimal(sum(decimalOfDouble(p.hi), decimalOfDouble(p.lo)), product(x, y))).toBe(0);
      expect(compareDecimal(sum(decimalOfDouble(s.hi), decimalOfDouble(s.lo)), sum(x, y))).toBe(0);
    }),
  );
});

test('a quotient times its divisor is the dividend again to 30 digits', () => {
  fc.assert(
    fc.property(doubles, doubles, (a, b) => {
      const back = multiplyDouble(divideDouble(doubleDouble(a), doubleDouble(b)), doubleDouble(b));
      const rest = addDouble(back, doubleDouble(-a));
      expect(Math.abs(rest.hi)).toBeLessThanOrEqual(a * 1e-30);
    }),
  );
});
