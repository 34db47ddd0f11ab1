// Decimal text to double, bit for bit as Number() reads it, without making a string in the usual case.

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const EXACT_INTEGERS_END = 2 ** 53;

/** Where a scan stopped: index of the first byte that is no part of the number. */
export interface ScanCursor {
  next: number;
}

/**
 * Reads `digits[.digits]` at `pos`, up to the first other byte, which must exist. Returns NaN when there is no such
 * number or when it has too many digits to be exact; then the caller reads the text with parseDecimal.
 *
 * Exact because an integer below 2^53 and a power of ten up to 10^22 are both doubles, so that their quotient is
 * rounded once, as the text itself would be (Clinger 1990, the fast path).
 */
export function scanDecimal(bytes: Uint8Array, pos: number, cursor: ScanCursor): number {
  let at = pos;
  let value = 0;
  let byte = bytes[at]!;
  while (byte >= 48 && byte <= 57) {
    value = value * 10 + (byte - 48);
    byte = bytes[++at]!;
  }
  let digits = at - pos;
  if (byte === 46) {
    const point = ++at;
    byte = bytes[at]!;
    while (byte >= 48 && byte <= 57) {
      value = value * 10 + (byte - 48);
      byte = bytes[++at]!;
    }
    const decimals = at - point;
    digits += decimals;
    // A value past 2^53 may be rounded already, but it cannot fall back below, so that the test is safe.
    if (decimals > 22 || digits === 0 || value >= EXACT_INTEGERS_END) return Number.NaN;
    cursor.next = at;
    return value / POWERS_OF_TEN[decimals]!;
  }
  if (digits === 0 || value >= EXACT_INTEGERS_END) return Number.NaN;
  cursor.next = at;
  return value;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Number(text) for decimal text (sign, point, exponent); NaN for anything else, such as "", "0x10" or "Infinity". */
export function parseDecimal(text: string): number {
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}
