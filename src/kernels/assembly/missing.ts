// Missing values of a column: NaN and, for the standard arithmetic, the infinities.
import { narrow } from './lanes';

/** Neither NaN nor infinite. */
@inline
export function isPresent(value: f64): bool {
  return abs<f64>(value) <= f64.MAX_VALUE;
}

/** First bar of [from, to) that is NaN or infinite; `to` when there is none. */
export function firstMissing(column: usize, from: i32, to: i32): i32 {
  let bar = from;
  const most = f64x2.splat(f64.MAX_VALUE);
  for (; bar + 8 <= to; bar += 8) {
    const at = column + ((<usize>bar) << 3);
    const all = v128.and(
      v128.and(f64x2.le(f64x2.abs(v128.load(at)), most), f64x2.le(f64x2.abs(v128.load(at, 16)), most)),
      v128.and(f64x2.le(f64x2.abs(v128.load(at, 32)), most), f64x2.le(f64x2.abs(v128.load(at, 48)), most)),
    );
    if (!i64x2.all_true(all)) break;
  }
  for (; bar < to; bar++) if (!isPresent(load<f64>(column + ((<usize>bar) << 3)))) return bar;
  return to;
}

/** No value on bars [from, to). */
export function clearBars(out: usize, from: i32, to: i32): void {
  let at = out + ((<usize>from) << 3);
  const end = to > from ? out + ((<usize>to) << 3) : at;
  for (; at + 16 <= end; at += 16) v128.store(at, f64x2.splat(NaN));
  if (at < end) store<f64>(at, NaN);
}

/** Bit k of sixteen: bar k of `column` equals the bar before it. Reads one bar before `column`. */
@inline
export function sixteenRepeats(column: usize): u32 {
  return narrow(
    f64x2.eq(v128.load(column), v128.load(column - 8)),
    f64x2.eq(v128.load(column, 16), v128.load(column - 8, 16)),
    f64x2.eq(v128.load(column, 32), v128.load(column - 8, 32)),
    f64x2.eq(v128.load(column, 48), v128.load(column - 8, 48)),
    f64x2.eq(v128.load(column, 64), v128.load(column - 8, 64)),
    f64x2.eq(v128.load(column, 80), v128.load(column - 8, 80)),
    f64x2.eq(v128.load(column, 96), v128.load(column - 8, 96)),
    f64x2.eq(v128.load(column, 112), v128.load(column - 8, 112)),
  );
}
