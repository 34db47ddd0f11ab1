// Columns out of columns, bar by bar: what indicators do with averages and extremes once they have them.

/**
 * Bands around a mean: middle, upper = mean + factor × reach, lower = mean − factor × reach, where the source lies
 * between them, and their width by the mean. `wanted` has one bit per output in this order; the others are not written.
 * Outputs may be inputs.
 * Causal:   out[i] reads bar i.
 * Warm-up:  none.
 * Bad data: NaN gives NaN.
 * Numerics: in the order of the oracle.
 * Cost:     no allocation; about 0.6 ns per bar and output.
 * Oracle:   src/indicators/bollinger.ts and keltner.ts, bit for bit.
 */
export function bands(
  middle: usize,
  upper: usize,
  lower: usize,
  percent: usize,
  bandwidth: usize,
  wanted: i32,
  source: usize,
  mean: usize,
  reach: usize,
  factor: f64,
  bars: i32,
): void {
  const even = bars & ~1;
  const factors = f64x2.splat(factor);
  for (let i = 0; i < even; i += 2) {
    const at = (<usize>i) << 3;
    const price = v128.load(source + at);
    const centre = v128.load(mean + at);
    const half = f64x2.mul(factors, v128.load(reach + at));
    const top = f64x2.add(centre, half);
    const bottom = f64x2.sub(centre, half);
    if (wanted & 1) v128.store(middle + at, centre);
    if (wanted & 2) v128.store(upper + at, top);
    if (wanted & 4) v128.store(lower + at, bottom);
    if (wanted & 8) v128.store(percent + at, f64x2.div(f64x2.sub(price, bottom), f64x2.sub(top, bottom)));
    if (wanted & 16) v128.store(bandwidth + at, f64x2.div(f64x2.sub(top, bottom), centre));
  }
  if (even === bars) return;
  const at = (<usize>even) << 3;
  const price = load<f64>(source + at);
  const centre = load<f64>(mean + at);
  const half = factor * load<f64>(reach + at);
  const top = centre + half;
  const bottom = centre - half;
  if (wanted & 1) store<f64>(middle + at, centre);
  if (wanted & 2) store<f64>(upper + at, top);
  if (wanted & 4) store<f64>(lower + at, bottom);
  if (wanted & 8) store<f64>(percent + at, (price - bottom) / (top - bottom));
  if (wanted & 16) store<f64>(bandwidth + at, (top - bottom) / centre);
}

/** out = a − b. `out` may be an input, here and below; oracle: the last lines of the indicators, bit for bit. */
export function difference(out: usize, a: usize, b: usize, bars: i32): void {
  for (let i = 0, even = bars & ~1; i < even; i += 2) {
    const at = (<usize>i) << 3;
    v128.store(out + at, f64x2.sub(v128.load(a + at), v128.load(b + at)));
  }
  if (bars & 1) {
    const at = (<usize>(bars - 1)) << 3;
    store<f64>(out + at, load<f64>(a + at) - load<f64>(b + at));
  }
}

/** out = (a − b) / c. */
export function quotient(out: usize, a: usize, b: usize, c: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, (load<f64>(a + at) - load<f64>(b + at)) / load<f64>(c + at));
  }
}

/** out = (a + b) / 2. */
export function middle(out: usize, a: usize, b: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, (load<f64>(a + at) + load<f64>(b + at)) / 2);
  }
}

/** Where the close lies between bottom (0) and top (100): 100 × (distance / range). */
export function positionInRange(out: usize, close: usize, top: usize, bottom: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const floor = load<f64>(bottom + at);
    store<f64>(out + at, 100 * ((load<f64>(close + at) - floor) / (load<f64>(top + at) - floor)));
  }
}

/** The same as vectorbt rounds it: (100 × distance) / range. */
export function vectorbtPositionInRange(out: usize, close: usize, top: usize, bottom: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const floor = load<f64>(bottom + at);
    store<f64>(out + at, (100 * (load<f64>(close + at) - floor)) / (load<f64>(top + at) - floor));
  }
}

/** Change against `length` bars ago in % of the older value; NaN before, and where the older value is 0. */
export function rateOfChange(out: usize, column: usize, bars: i32, length: i32): void {
  const back = (<usize>length) << 3;
  const first = min(length, bars);
  for (let i = 0; i < first; i++) store<f64>(out + ((<usize>i) << 3), NaN);
  for (let i = first; i < bars; i++) {
    const at = (<usize>i) << 3;
    const old = load<f64>(column + at - back);
    store<f64>(out + at, old === 0 ? NaN : 100 * ((load<f64>(column + at) - old) / old));
  }
}
