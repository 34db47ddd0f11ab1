// Conditions of one tile as bitmaps, scalar: comparisons, crossings and logic, by indices into the one memory.

/** The one memory as the scalar twin reads it. */
export interface MemoryViews {
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
}

/** Which of >, >=, <, <= a comparison makes. */
export type ComparisonCode = 0 | 1 | 2 | 3;

/**
 * One bit per bar at word `out`: column at index `a` > column at index `b`, or >= with code 1.
 * Causal:   bit i reads bar i.
 * Warm-up:  none of its own.
 * Bad data: NaN on either side gives 0 on its bar and no other.
 * Numerics: plain comparisons; bits beyond the last bar are 0.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/sweep/conditions.ts (test/differential), and the WebAssembly twin bit for bit.
 */
export function compareColumns(
  { f64, u32 }: MemoryViews,
  out: number,
  code: 0 | 1,
  a: number,
  b: number,
  bars: number,
) {
  for (let from = 0; from < bars; from += 32) {
    const to = Math.min(from + 32, bars);
    let bits = 0;
    if (code === 1) for (let i = from; i < to; i++) bits |= (f64[a + i] >= f64[b + i] ? 1 : 0) << (i & 31);
    else for (let i = from; i < to; i++) bits |= (f64[a + i] > f64[b + i] ? 1 : 0) << (i & 31);
    u32[out + (from >>> 5)] = bits;
  }
}

/** Two bitmaps with one reading: a > b at word `greater`, a < b at word `less`. See compareColumns. */
export function compareBoth(
  { f64, u32 }: MemoryViews,
  greater: number,
  less: number,
  a: number,
  b: number,
  bars: number,
): void {
  for (let from = 0; from < bars; from += 32) {
    const to = Math.min(from + 32, bars);
    let above = 0;
    let below = 0;
    // Columns stay on one side of each other for many bars: branches that repeat cost less than arithmetic on flags.
    for (let i = from; i < to; i++) {
      if (f64[a + i] > f64[b + i]) above |= 1 << (i & 31);
      else if (f64[a + i] < f64[b + i]) below |= 1 << (i & 31);
    }
    u32[greater + (from >>> 5)] = above;
    u32[less + (from >>> 5)] = below;
  }
}

/** One bit per bar: the column at index `a` > number, >=, < or <= by `code`. See compareColumns. */
export function compareNumber(
  { f64, u32 }: MemoryViews,
  out: number,
  code: ComparisonCode,
  a: number,
  number: number,
  bars: number,
): void {
  for (let from = 0; from < bars; from += 32) {
    const to = Math.min(from + 32, bars);
    let bits = 0;
    if (code === 0) for (let i = from; i < to; i++) bits |= (f64[a + i] > number ? 1 : 0) << (i & 31);
    else if (code === 1) for (let i = from; i < to; i++) bits |= (f64[a + i] >= number ? 1 : 0) << (i & 31);
    else if (code === 2) for (let i = from; i < to; i++) bits |= (f64[a + i] < number ? 1 : 0) << (i & 31);
    else for (let i = from; i < to; i++) bits |= (f64[a + i] <= number ? 1 : 0) << (i & 31);
    u32[out + (from >>> 5)] = bits;
  }
}

/** Word indices of what a crossing reads and writes. */
export interface CrossingCells {
  readonly out: number;
  readonly after: number;
  readonly before: number;
  /** A bar is valid where both bitmaps say so. */
  readonly valid: number;
  readonly alsoValid: number;
  /** Two words of 64 bits, of which the lowest bit counts: was the bar before in `after`; is the crossing armed. */
  readonly state: number;
}

/**
 * Crossing events: a bar of `before` arms the crossing, a bar of neither keeps it, a bar that is not valid clears it; the
 * event is a bar of `after`, armed, behind a bar not in `after`.
 * Causal:   bit i reads bits 0..i, those of tiles before through `state`.
 * Warm-up:  no event before the first bar of `before`.
 * Bad data: a bar that is not valid makes no event, and none follows until the next bar of `before`.
 * Numerics: bits only.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   src/indicators/crossing.ts (test/twins), and the WebAssembly twin bit for bit.
 */
export function crossing({ u32 }: MemoryViews, cells: CrossingCells, bars: number): void {
  const { state } = cells;
  let wasAfter = u32[state];
  let armed = u32[state + 2];
  for (let from = 0; from < bars; from += 32) {
    const word = from >>> 5;
    const after = u32[cells.after + word];
    const before = u32[cells.before + word];
    const valid = u32[cells.valid + word] & u32[cells.alsoValid + word];
    const count = Math.min(32, bars - from);
    let events = 0;
    for (let bit = 0; bit < count; bit++) {
      const isAfter = (after >>> bit) & 1;
      if (isAfter === 1 && wasAfter === 0 && armed === 1) events |= 1 << bit;
      wasAfter = isAfter;
      if (((before >>> bit) & 1) === 1) armed = 1;
      else if (((valid >>> bit) & 1) === 0) armed = 0;
    }
    u32[cells.out + word] = events;
  }
  u32[state] = wasAfter;
  u32[state + 2] = armed;
}

/** Sets the bits of `bars` bars at word `out` to `bit`, and those behind them in the last word to 0. */
export function fillBits({ u32 }: MemoryViews, out: number, bit: boolean, bars: number): void {
  const words = bars >>> 5;
  u32.fill(bit ? 0xffffffff : 0, out, out + words);
  const rest = bars & 31;
  if (rest !== 0) u32[out + words] = bit ? 2 ** rest - 1 : 0;
}
