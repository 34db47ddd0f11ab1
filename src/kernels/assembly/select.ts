// Choices between two numbers without a branch, as one SIMD instruction each: profits are up or down at random.

/** x > 0 ? x : 0. */
@inline
export function positivePart(x: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(0), f64x2.splat(x)), 0);
}

/** x > 0 ? 0 : x. */
@inline
export function negativePart(x: f64): f64 {
  return f64x2.extract_lane(f64x2.pmin(f64x2.splat(x), f64x2.splat(0)), 0);
}

/** x > most ? x : most. */
@inline
export function larger(most: f64, x: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(most), f64x2.splat(x)), 0);
}

/** x < least ? x : least. */
@inline
export function smaller(least: f64, x: f64): f64 {
  return f64x2.extract_lane(f64x2.pmin(f64x2.splat(least), f64x2.splat(x)), 0);
}
