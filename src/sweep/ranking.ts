// From scored rows to the ranked table: the best by one metric, or the Pareto front of several, in bounded memory.
import { LIMITS } from '../core/limits.ts';
import { ParetoFront } from '../core/pareto-front.ts';
import { TopK } from '../core/top-k.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { barriersAt, type Grid, indicatorVariantKey, parametersAt, variantKey } from './grid.ts';
import type { RankedRow, ScoredRow } from './request.ts';
import { metricsFromRow } from './score.ts';

export type Stage = 'A' | 'B';

export interface RowPlace {
  readonly baseIndex: number;
  readonly riskIndex: number;
}

/** A row that a stage keeps, by its place in the grid. */
export interface KeptRow extends RowPlace {
  /** One value per metric in the order of METRIC_NAMES, null for NaN. */
  readonly values: readonly (number | null)[];
}

interface Candidate {
  /** Score by the first objective, and by all of them; higher is better. */
  readonly score: number;
  readonly scores: readonly number[];
  readonly key: string;
  readonly baseIndex: number;
  readonly riskIndex: number;
  /** The row of metrics, copied out of its batch. */
  readonly values: Float64Array;
}

/** What a stage keeps of its rows. Any order of rows gives the same outcome. */
export interface Ranking {
  /** The best value of the first objective so far, in its own sign. */
  readonly best: number | undefined;
  /** Offers row `row` of a scored batch. */
  offer(rows: Float64Array, row: number, baseIndex: number, riskIndex: number): void;
  /** Where the ranked rows lie in the grid, best first. */
  places(): RowPlace[];
  /** Everything kept, to be offered again after an interruption. */
  kept(): KeptRow[];
  /** Distinct base indices kept, ascending. */
  baseIndices(): number[];
  /** The ranked rows, best first; with `complete` their values are those, in the order of `places`. */
  rows(complete?: readonly Float64Array[]): RankedRow[];
}

/** The best `limit` rows by one objective, or by several the first `limit` of their Pareto front. */
export function createRanking(grid: Grid, stage: Stage, objectives: readonly MetricName[], limit: number): Ranking {
  const top = new TopK<Candidate>(limit);
  const front = new ParetoFront<Candidate>(LIMITS.paretoFrontMax);
  const single = objectives.length === 1;
  const kept = (): Candidate[] => (single ? top.sorted() : front.sorted().slice(0, limit));
  const scoresOf = scoreReader(objectives);
  const sign = signOf(objectives[0]!);
  const firstAt = METRIC_NAMES.indexOf(objectives[0]!);
  let best = Number.NaN;
  return {
    get best() {
      return Number.isNaN(best) ? undefined : best * sign;
    },
    offer(rows, row, baseIndex, riskIndex) {
      const score = rows[row * METRIC_NAMES.length + firstAt]! * sign;
      if (Number.isNaN(best) || score > best) best = score;
      // Most rows of a large grid end here: nothing was allocated for them.
      if (single && !top.wouldAdmit(score)) return;
      const scores = scoresOf(rows, row);
      if (!single && !front.wouldAdmit(scores)) return;
      const key = variantKey(grid, parametersAt(grid, baseIndex), stage === 'A' ? {} : barriersAt(grid, riskIndex));
      const offset = row * METRIC_NAMES.length;
      const values = rows.slice(offset, offset + METRIC_NAMES.length);
      const candidate = { score, scores, key, baseIndex, riskIndex, values };
      if (single) top.push(candidate);
      else front.push(candidate);
    },
    places: () => kept().map(({ baseIndex, riskIndex }) => ({ baseIndex, riskIndex })),
    kept: () => (single ? top : front).sorted().map(keptRow),
    baseIndices: () => ascending(kept().map((candidate) => candidate.baseIndex)),
    rows: (complete) =>
      kept().map(({ values, baseIndex, riskIndex }, i) => ({
        rank: i + 1,
        ...scoredRow(grid, stage, complete?.[i] ?? values, 0, baseIndex, riskIndex),
      })),
  };
}

/** A shortlist of about `limit` base variants: with several objectives, an equal share of the best by each. */
export function createShortlist(grid: Grid, objectives: readonly MetricName[], limit: number): Ranking {
  const share = Math.ceil(limit / objectives.length);
  const lists = objectives.map((objective) => createRanking(grid, 'A', [objective], share));
  const first = lists[0]!;
  return {
    get best() {
      return first.best;
    },
    offer(rows, row, baseIndex, riskIndex) {
      for (const list of lists) list.offer(rows, row, baseIndex, riskIndex);
    },
    // A row on two lists is kept once: offering it again reaches both.
    kept: () => [...new Map(lists.flatMap((list) => list.kept()).map((row) => [row.baseIndex, row])).values()],
    baseIndices: () => ascending(lists.flatMap((list) => list.baseIndices())),
    places: () => first.places(),
    rows: (complete) => first.rows(complete),
  };
}

function keptRow({ baseIndex, riskIndex, values }: Candidate): KeptRow {
  return { baseIndex, riskIndex, values: Array.from(values, (value) => (Number.isNaN(value) ? null : value)) };
}

/** All that a shortlist reads of a row. */
export const bareRow = (row: KeptRow, objectives: readonly MetricName[]): KeptRow => ({
  ...row,
  values: row.values.map((value, at) => (objectives.includes(METRIC_NAMES[at]!) ? value : null)),
});

/** Offers kept rows to a ranking that has just been made. */
export function restore(ranking: Ranking, kept: readonly KeptRow[]): void {
  for (const { baseIndex, riskIndex, values } of kept) {
    ranking.offer(
      Float64Array.from(values, (value) => value ?? Number.NaN),
      0,
      baseIndex,
      riskIndex,
    );
  }
}

const ascending = (indices: readonly number[]): number[] => [...new Set(indices)].sort((a, b) => a - b);

const signOf = (metric: MetricName): 1 | -1 => (METRICS[metric].better === 'higher' ? 1 : -1);

function scoreReader(objectives: readonly MetricName[]): (rows: Float64Array, row: number) => number[] {
  const columns = objectives.map((metric) => ({ at: METRIC_NAMES.indexOf(metric), sign: signOf(metric) }));
  return (rows, row) => columns.map(({ at, sign }) => rows[row * METRIC_NAMES.length + at]! * sign);
}

/** Spells out row `row` of a scored batch. Stage A rows have no barriers. */
export function scoredRow(
  grid: Grid,
  stage: Stage,
  rows: Float64Array,
  row: number,
  baseIndex: number,
  riskIndex: number,
): ScoredRow {
  const params = parametersAt(grid, baseIndex);
  const risk = stage === 'A' ? {} : barriersAt(grid, riskIndex);
  return {
    variantKey: variantKey(grid, params, risk),
    indicatorVariantKey: indicatorVariantKey(grid, params),
    params,
    risk,
    metrics: metricsFromRow(rows, row),
  };
}
