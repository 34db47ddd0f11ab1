// Two values that lie apart, in the lanes of one register.

/** The values at two addresses: lanes 0 and 1. */
@inline
export function bothOf(first: usize, second: usize): v128 {
  return v128.load64_lane(second, v128.load64_zero(first), 1);
}

/** Stores lanes 0 and 1 at two addresses. */
@inline
export function storeBoth(first: usize, second: usize, pair: v128): void {
  v128.store64_lane(first, pair, 0);
  v128.store64_lane(second, pair, 1);
}
