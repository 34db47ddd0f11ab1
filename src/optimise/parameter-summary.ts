// What the trials of a study say of each axis: where the best tenth lies, and how much the axis alone explains.
import type { SearchAxis, Space } from './space.ts';
import { compareJudged, isFeasible, type Judged } from './standing.ts';

export interface ParameterSummary {
  readonly name: string;
  /** Values of the whole space, and of the best tenth of the trials. */
  readonly low: number;
  readonly high: number;
  readonly bestLow: number;
  readonly bestMedian: number;
  readonly bestHigh: number;
  /** Share of the variance of the first objective that the axis alone accounts for, 0 to 1; null where there is none. */
  readonly importance: number | null;
}

const BINS_MAX = 12;

/** From trials of the whole window; those that failed or miss a condition are left out. */
export function parameterSummaries(space: Space, trials: readonly Judged[]): ParameterSummary[] {
  const judged = trials.filter(({ standing }) => isFeasible(standing) && !Number.isNaN(standing.scores[0]!));
  if (judged.length === 0) return [];
  const best = [...judged].sort(compareJudged).slice(0, Math.max(1, Math.ceil(judged.length / 10)));
  return space.axes.map((axis, a) => {
    const values = best.map(({ point }) => axis.values[point[a]!]!).sort((x, y) => x - y);
    return {
      name: axis.name,
      low: Math.min(axis.values[0]!, axis.values.at(-1)!),
      high: Math.max(axis.values[0]!, axis.values.at(-1)!),
      bestLow: values[0]!,
      bestMedian: values[values.length >> 1]!,
      bestHigh: values.at(-1)!,
      importance: importanceOf(axis, a, judged),
    };
  });
}

/** Variance of the means of bins over the variance of all, less what chance alone would explain. */
function importanceOf({ values }: SearchAxis, a: number, trials: readonly Judged[]): number | null {
  const bins = Math.min(BINS_MAX, values.length);
  const sums = new Float64Array(bins);
  const counts = new Float64Array(bins);
  let sum = 0;
  for (const { point, standing } of trials) {
    const bin = Math.floor((point[a]! * bins) / values.length);
    sums[bin] = sums[bin]! + standing.scores[0]!;
    counts[bin] = counts[bin]! + 1;
    sum += standing.scores[0]!;
  }
  const mean = sum / trials.length;
  let total = 0;
  for (const { standing } of trials) total += (standing.scores[0]! - mean) ** 2;
  if (!(total > 0)) return null;
  let between = 0;
  let groups = 0;
  for (let bin = 0; bin < bins; bin++) {
    if (counts[bin] === 0) continue;
    groups++;
    between += counts[bin]! * (sums[bin]! / counts[bin]! - mean) ** 2;
  }
  if (trials.length <= groups) return null;
  // Epsilon squared: with many bins and few trials the plain share would be large by chance.
  const within = (total - between) / (trials.length - groups);
  return Math.max(0, (between - (groups - 1) * within) / total);
}
