// Whether two engines computed the same thing: the question before any time is printed.

/** Values of one variant by metric name; null is undefined or infinite. */
export type Values = Readonly<Record<string, number | null>>;
/** Variants by a key that all engines of a workload share. */
export type Scores = ReadonlyMap<string, Values>;

/**
 * Relative to the larger value, or to 1 where both are smaller: returns and ratios are differences of numbers around 1,
 * so that 1 is their natural scale.
 */
export const TOLERANCE = 1e-9;

export interface Agreement {
  readonly engines: readonly [string, string];
  readonly variants: number;
  readonly metrics: readonly string[];
  readonly worst: number;
  /** Empty when they agree; else the first few differences, in words. */
  readonly disagreements: readonly string[];
  readonly disagreeing: number;
}

const SHOWN = 3;

export function difference(a: number | null, b: number | null): number {
  if (a === null || b === null) return a === b ? 0 : Number.POSITIVE_INFINITY;
  if (Object.is(a, b)) return 0;
  const gap = Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
}

/** Compares every variant of `b` with the same one of `a`. Counts must be equal; they are whole numbers, so 1e-9 says so. */
export function compareScores(
  engines: readonly [string, string],
  a: Scores,
  b: Scores,
  metrics: readonly string[],
): Agreement {
  let worst = 0;
  let disagreeing = 0;
  const disagreements: string[] = [];
  for (const [key, theirs] of b) {
    const ours = a.get(key);
    const wrong: string[] = [];
    for (const metric of metrics) {
      const gap = ours === undefined ? Number.POSITIVE_INFINITY : difference(ours[metric], theirs[metric]);
      if (gap > worst) worst = gap;
      if (gap > TOLERANCE) wrong.push(`${metric} ${ours?.[metric]} against ${theirs[metric]}`);
    }
    if (wrong.length === 0) continue;
    disagreeing++;
    if (disagreements.length < SHOWN) disagreements.push(`${key}: ${wrong.join(', ')}`);
  }
  return { engines, variants: b.size, metrics, worst, disagreements, disagreeing };
}

export const agrees = (agreement: Agreement): boolean => agreement.disagreeing === 0 && agreement.variants > 0;
