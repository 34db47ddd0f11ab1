// From scored rows to the ranked table: score by the chosen metric, deterministic ties, constant memory.
import { TopK } from '../core/top-k.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { barriersAt, type Grid, indicatorVariantKey, parametersAt, variantKey } from './grid.ts';
import type { RankedRow, ScoredRow } from './request.ts';
import { metricsFromRow } from './score.ts';

export type Stage = 'A' | 'B';

interface Candidate {
  readonly score: number;
  readonly key: string;
  readonly baseIndex: number;
  readonly riskIndex: number;
  /** The row of metrics, copied out of its batch. */
  readonly values: Float64Array;
}

/** Keeps the best variants of one stage. Any order of rows gives the same ranking. */
export class Ranking {
  readonly #grid: Grid;
  readonly #stage: Stage;
  readonly #column: number;
  readonly #sign: 1 | -1;
  readonly #top: TopK<Candidate>;

  constructor(grid: Grid, stage: Stage, rank: MetricName, limit: number) {
    this.#grid = grid;
    this.#stage = stage;
    this.#column = METRIC_NAMES.indexOf(rank);
    this.#sign = METRICS[rank].better === 'higher' ? 1 : -1;
    this.#top = new TopK(limit);
  }

  /** The best value of the rank metric so far, in its own sign. */
  get best(): number | undefined {
    const first = this.#top.sorted()[0];
    return first === undefined || Number.isNaN(first.score) ? undefined : first.score * this.#sign;
  }

  /** Offers row `row` of a scored batch. */
  offer(rows: Float64Array, row: number, baseIndex: number, riskIndex: number): void {
    const offset = row * METRIC_NAMES.length;
    const score = rows[offset + this.#column]! * this.#sign;
    if (!this.#top.wouldAdmit(score)) return;
    const key = scoredKey(this.#grid, this.#stage, baseIndex, riskIndex);
    const values = rows.slice(offset, offset + METRIC_NAMES.length);
    this.#top.push({ score, key, baseIndex, riskIndex, values });
  }

  /** Base indices kept, best first. */
  baseIndices(): number[] {
    return this.#top.sorted().map((candidate) => candidate.baseIndex);
  }

  rows(): RankedRow[] {
    return this.#top.sorted().map((candidate, i) => ({
      rank: i + 1,
      ...scoredRow(this.#grid, this.#stage, candidate.values, 0, candidate.baseIndex, candidate.riskIndex),
    }));
  }
}

function scoredKey(grid: Grid, stage: Stage, baseIndex: number, riskIndex: number): string {
  return variantKey(grid, parametersAt(grid, baseIndex), stage === 'A' ? {} : barriersAt(grid, riskIndex));
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
