// Tolerant comparisons and sums of vectorbt: money and sizes that differ by rounding noise count as equal.

const RELATIVE_TOLERANCE = 1e-9;
const ABSOLUTE_TOLERANCE = 1e-12;

/** Equal up to 1e-9 of the larger magnitude or 1e-12. False for NaN and infinities, even for equal ones. */
export function isClose(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= Math.max(RELATIVE_TOLERANCE * Math.max(Math.abs(a), Math.abs(b)), ABSOLUTE_TOLERANCE);
}

export function isLess(a: number, b: number): boolean {
  return a < b && !isClose(a, b);
}

export function isCloseOrLess(a: number, b: number): boolean {
  return a < b || isClose(a, b);
}

/** a + b, or exactly 0 when they cancel up to the tolerance. */
export function addSnapped(a: number, b: number): number {
  const cancels = Math.sign(a) === Math.sign(b) ? isClose(a + b, 0) : isClose(Math.abs(a), Math.abs(b));
  return cancels ? 0 : a + b;
}

/** `value`, or exactly 0 when it is close to it. */
export function snapToZero(value: number): number {
  return isClose(value, 0) ? 0 : value;
}

/** The largest multiple of `step` not above `size`, in the peer's floor division; NaN when `size` is not finite. */
export function floorToStep(size: number, step: number): number {
  const quotient = (size - (size % step)) / step;
  const floored = Math.floor(quotient);
  return (quotient - floored > 0.5 ? floored + 1 : floored) * step;
}
