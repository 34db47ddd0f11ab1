// exp and log with the same bits on every machine: engines round Math.exp and Math.log as they like.

// Both follow the reductions and the minimax coefficients that Sun published in fdlibm; errors stay below one unit in the last place.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);
/** Which of the two words holds sign and exponent. */
const HIGH = new Uint32Array(new Float64Array([1]).buffer)[1] === 0x3ff00000 ? 1 : 0;

/** 2^exponent for exponents of normal numbers, -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  words[HIGH] = (exponent + 1023) << 20;
  words[1 - HIGH] = 0;
  return double[0]!;
}

/** e to the power of x. */
export function exp(x: number): number {
  if (!(x < 709.782712893384)) return Number.isNaN(x) ? Number.NaN : Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const square = r * r;
  const even =
    0.16666666666666602 +
    square *
      (-0.0027777777777015593 +
        square * (0.00006613756321437934 + square * (-0.0000016533902205465252 + square * 4.1381367970572385e-8)));
  const c = r - square * even;
  const value = 1 - (low - (r * c) / (2 - c) - high);
  if (k < -1021) return value * powerOfTwo(k + 60) * powerOfTwo(-60);
  return k === 1024 ? value * 2 * powerOfTwo(1023) : value * powerOfTwo(k);
}

/** Natural logarithm. NaN below 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const isTiny = x < 2.2250738585072014e-308;
  double[0] = isTiny ? x * 18014398509481984 : x;
  let k = (words[HIGH]! >>> 20) - 1023 - (isTiny ? 54 : 0);
  words[HIGH] = (words[HIGH]! & 0xfffff) | 0x3ff00000;
  let mantissa = double[0]!;
  // To the interval around 1 in which the series is best.
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    k++;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const even = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}
