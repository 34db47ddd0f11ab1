// Supertrend: a trailing band that flips sides with the trend.

/**
 * Band that follows the trend, and the trend: +1 up, −1 down. `line` or `direction` may be `range`, the average true
 * range. `wanted`: bit 0 for `line`, 1 for `direction`; the other is not written.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  NaN where `range` is NaN.
 * Bad data: a missing range ends bands and trend; both start anew once it is back.
 * Numerics: middle ± multiplier × range.
 * Cost:     no allocation; about 3 ns per bar.
 * Oracle:   src/indicators/supertrend.ts, bit for bit.
 */
export function supertrend(
  line: usize,
  direction: usize,
  wanted: i32,
  range: usize,
  high: usize,
  low: usize,
  close: usize,
  bars: i32,
  multiplier: f64,
): void {
  let running = false;
  let rising = false;
  // Lane 0: the upper band; lane 1: the lower one times −1, so that one rule serves both.
  let acting = f64x2.splat(0);
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const width = load<f64>(range + at);
    const price = load<f64>(close + at);
    let band: f64 = NaN;
    let trend: f64 = NaN;
    if (width !== width) {
      running = false;
    } else {
      const middle = (load<f64>(high + at) + load<f64>(low + at)) / 2;
      const reach = multiplier * width;
      const fresh = f64x2.replace_lane(f64x2.splat(middle + reach), 1, -(middle - reach));
      if (!running) {
        running = true;
        rising = price >= middle;
        acting = fresh;
      } else {
        const closed = f64x2.replace_lane(f64x2.splat(previous), 1, -previous);
        const moves = v128.or(f64x2.lt(fresh, acting), f64x2.gt(closed, acting));
        acting = v128.bitselect(fresh, acting, moves);
      }
      const upper = f64x2.extract_lane(acting, 0);
      const lower = -f64x2.extract_lane(acting, 1);
      rising = price > (rising ? lower : upper);
      band = rising ? lower : upper;
      trend = rising ? 1 : -1;
    }
    previous = price;
    if (wanted & 1) store<f64>(line + at, band);
    if (wanted & 2) store<f64>(direction + at, trend);
  }
}
