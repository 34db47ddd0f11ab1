// From one value per cell to one number for a variant: median, mean, worst, or the share of cells that made money.

/** How a variant is ranked across cells. */
export const ACROSS = ['median', 'mean', 'worst', 'profitable'] as const;
export type Across = (typeof ACROSS)[number];

/**
 * Neither one lucky market nor one bad stretch decides: at least half of the cells did so well. A mean can be made by a
 * single cell, and by the worst a variant that never trades beats all that do.
 */
export const DEFAULT_ACROSS: Across = 'median';

/** What the scores of one variant come to, higher is better. NaN where a cell has no value. */
export interface AcrossCells {
  readonly mean: number;
  readonly median: number;
  readonly worst: number;
}

/**
 * Mean, median and worst of one score per cell, higher is better. Sorts `scores` in place, and sums in that order, so
 * that the order of cells changes no bit.
 */
export function acrossCells(scores: Float64Array): AcrossCells {
  // NaN sorts last.
  scores.sort();
  if (scores.length === 0 || Number.isNaN(scores[scores.length - 1])) return UNDEFINED;
  return { mean: meanOf(scores), median: medianOf(scores), worst: scores[0]! };
}

const UNDEFINED: AcrossCells = { mean: Number.NaN, median: Number.NaN, worst: Number.NaN };

/** The number a variant is ranked by. Sorts `scores` in place. `profitable` counts the cells with a gain. */
export function acrossScore(across: Across, scores: Float64Array, profitable: number): number {
  if (across === 'profitable') return profitable / scores.length;
  return acrossCells(scores)[across];
}

/** Orders variants of equal acrossScore: by the mean where that score is a share of cells, not at all elsewhere. */
export const acrossTie = (across: Across, scores: Float64Array): number =>
  across === 'profitable' ? acrossCells(scores).mean : 0;

function meanOf(sorted: Float64Array): number {
  let sum = 0;
  for (const score of sorted) sum += score;
  // Huge values can sum beyond the largest number, which is no mean of theirs.
  return Number.isFinite(sum) ? sum / sorted.length : Number.NaN;
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : sorted[middle - 1]! / 2 + sorted[middle]! / 2;
}
