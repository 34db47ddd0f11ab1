// Numbers as an unevaluated sum of two doubles, about 31 decimal digits: exact enough to stand for 28-digit decimals.

/** The value hi + lo with |lo| at most half a unit in the last place of hi. */
export interface DoubleDouble {
  readonly hi: number;
  readonly lo: number;
}

const SPLITTER = 134_217_729; // 2^27 + 1

/** The exact product of two doubles (Dekker). */
export function exactProduct(a: number, b: number): DoubleDouble {
  const hi = a * b;
  const ca = SPLITTER * a;
  const aHigh = ca - (ca - a);
  const aLow = a - aHigh;
  const cb = SPLITTER * b;
  const bHigh = cb - (cb - b);
  const bLow = b - bHigh;
  return { hi, lo: aLow * bLow - (hi - aHigh * bHigh - aLow * bHigh - aHigh * bLow) };
}

/** The exact sum of two doubles (Knuth). */
export function exactSum(a: number, b: number): DoubleDouble {
  const hi = a + b;
  const virtual = hi - a;
  return { hi, lo: a - (hi - virtual) + (b - virtual) };
}

const normalised = (hi: number, lo: number): DoubleDouble => {
  const sum = hi + lo;
  return { hi: sum, lo: lo - (sum - hi) };
};

export const doubleDouble = (value: number): DoubleDouble => ({ hi: value, lo: 0 });

export function addDouble(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = exactSum(a.hi, b.hi);
  const low = exactSum(a.lo, b.lo);
  const first = normalised(high.hi, high.lo + low.hi);
  return normalised(first.hi, first.lo + low.lo);
}

export const negateDouble = (a: DoubleDouble): DoubleDouble => ({ hi: -a.hi, lo: -a.lo });

export function multiplyDouble(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const product = exactProduct(a.hi, b.hi);
  return normalised(product.hi, product.lo + (a.hi * b.lo + a.lo * b.hi));
}

export function divideDouble(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a.hi / b.hi;
  const rest = addDouble(a, negateDouble(multiplyDouble(b, doubleDouble(first))));
  const second = rest.hi / b.hi;
  const left = addDouble(rest, negateDouble(multiplyDouble(b, doubleDouble(second))));
  const sum = normalised(first, second);
  return normalised(sum.hi, sum.lo + left.hi / b.hi);
}
