// Curves in text: a one-line sparkline of blocks and a chart of braille dots.

const BLOCKS = '▁▂▃▄▅▆▇█';

/** The curve in `width` characters. Each shows the last value of its share of the curve; a flat curve is a low line. */
export function sparkline(values: ArrayLike<number>, width: number): string {
  const columns = sampleLast(values, width);
  const { low, span } = rangeOf(columns);
  return columns
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      return BLOCKS[span === 0 ? 0 : Math.min(7, Math.floor(((value - low) / span) * 8))]!;
    })
    .join('');
}

/**
 * The curve as `height` lines of `width` braille characters (2 x 4 dots each). Every dot column shows the span between
 * its lowest and highest value, so peaks and troughs survive any width.
 */
export function brailleChart(values: ArrayLike<number>, width: number, height: number): string[] {
  const dots = new Uint8Array(width * height);
  const { low, span } = rangeOf(values);
  const rows = height * 4;
  const columns = Math.min(width * 2, values.length);
  const rowOf = (value: number): number =>
    span === 0 ? rows - 1 : rows - 1 - Math.round(((value - low) / span) * (rows - 1));
  for (let x = 0; x < columns; x++) {
    // One value of overlap joins neighbouring dot columns into a line.
    const from = Math.max(0, Math.floor((x * values.length) / columns) - 1);
    const to = Math.floor(((x + 1) * values.length) / columns);
    const { low: min, high: max } = rangeOf(values, from, to);
    if (!Number.isFinite(min)) continue;
    for (let y = rowOf(max); y <= rowOf(min); y++) {
      dots[(y >> 2) * width + (x >> 1)]! |= brailleBit(x & 1, y & 3);
    }
  }
  return Array.from({ length: height }, (_, line) =>
    String.fromCodePoint(...dots.subarray(line * width, (line + 1) * width).map((bits) => bits)).replace(
      /[\s\S]/g,
      (bits) => String.fromCodePoint(0x2800 + bits.codePointAt(0)!),
    ),
  );
}

/** Dots 1-3 and 7 are the left column, 4-6 and 8 the right one. */
const brailleBit = (x: number, y: number): number => (y === 3 ? 0x40 << x : 1 << (y + 3 * x));

function sampleLast(values: ArrayLike<number>, width: number): number[] {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, i) => values[Math.floor(((i + 1) * values.length) / count) - 1]!);
}

function rangeOf(values: ArrayLike<number>, from = 0, to = values.length): { low: number; high: number; span: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, span: high - low };
}
