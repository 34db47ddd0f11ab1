// Ranks variants over groups of cells, all of them, those of one market, or one alone, in bounded memory.
import { compareRanked, TopK } from '../core/top-k.ts';
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { barriersAt, type Grid, indicatorVariantKey, parametersAt, variantKey } from './grid.ts';
import { type Across, acrossCells, acrossScore, acrossTie } from './many-across.ts';
import type { ManyRow } from './many-request.ts';
import type { CellScores } from './many-scores.ts';
import type { Stage } from './ranking.ts';

export interface ManyRankingOptions {
  readonly stage: Stage;
  readonly rank: MetricName;
  readonly across: Across;
  readonly metrics: readonly MetricName[];
  /** The cells that count, as places in the list of cells. */
  readonly cells: readonly number[];
  readonly limit: number;
  /** Whether a variant must meet the conditions in each of `cells`. */
  readonly conditional: boolean;
}

interface Candidate {
  readonly score: number;
  /** Orders candidates of equal score. */
  readonly tie: number;
  readonly key: string;
  readonly baseIndex: number;
  readonly riskIndex: number;
  /** Of all cells, also those that do not count. */
  readonly values: Float64Array;
}

const byScoreThenTie = (a: Candidate, b: Candidate): number =>
  a.score === b.score ? compareRanked({ score: a.tie, key: a.key }, { score: b.tie, key: b.key }) : compareRanked(a, b);

/** The best variants over one group of cells. Any order of variants gives the same outcome. */
export class ManyRanking {
  readonly #grid: Grid;
  readonly #options: ManyRankingOptions;
  readonly #top: TopK<Candidate>;
  readonly #sign: 1 | -1;
  readonly #rankAt: number;
  readonly #returnAt: number;
  readonly #scores: Float64Array;
  #best = Number.NaN;
  #excluded = 0;
  #undefinedScores = 0;

  constructor(grid: Grid, options: ManyRankingOptions) {
    this.#grid = grid;
    this.#options = options;
    this.#top = new TopK(options.limit, byScoreThenTie);
    this.#sign = METRICS[options.rank].better === 'higher' ? 1 : -1;
    this.#rankAt = options.metrics.indexOf(options.rank);
    this.#returnAt = options.metrics.indexOf('totalReturn');
    this.#scores = new Float64Array(options.cells.length);
  }

  /** The best score so far, in the sign of its metric. */
  get best(): number | undefined {
    return Number.isNaN(this.#best) ? undefined : this.#inOwnSign(this.#best);
  }

  /** Variants that a condition left out, and those ranked last because one of the cells has no value. */
  get excluded(): number {
    return this.#excluded;
  }

  get undefinedScores(): number {
    return this.#undefinedScores;
  }

  /** Offers variant `at` of a part. */
  offer(part: CellScores, at: number, baseIndex: number, riskIndex: number): void {
    const { cells, across, conditional, stage } = this.#options;
    if (conditional && !part.meets(at, cells)) {
      this.#excluded++;
      return;
    }
    const scores = this.#scores;
    const offset = at * part.metrics.length;
    let profitable = 0;
    for (let i = 0; i < cells.length; i++) {
      const values = part.values[cells[i]!]!;
      scores[i] = values[offset + this.#rankAt]! * this.#sign;
      if (values[offset + this.#returnAt]! > 0) profitable++;
    }
    const score = acrossScore(across, scores, profitable);
    if (Number.isNaN(score)) this.#undefinedScores++;
    if (Number.isNaN(this.#best) || score > this.#best) this.#best = score;
    if (!this.#top.wouldAdmit(score)) return;
    const key = variantKey(
      this.#grid,
      parametersAt(this.#grid, baseIndex),
      stage === 'A' ? {} : barriersAt(this.#grid, riskIndex),
    );
    this.#top.push({ score, tie: acrossTie(across, scores), key, baseIndex, riskIndex, values: part.copy(at) });
  }

  /** Distinct base indices kept, ascending. */
  baseIndices(): number[] {
    return [...new Set(this.#top.sorted().map(({ baseIndex }) => baseIndex))].sort((a, b) => a - b);
  }

  rows(): ManyRow[] {
    return this.#top.sorted().map((candidate, i) => ({ rank: i + 1, ...this.#spelledOut(candidate) }));
  }

  #spelledOut({ score, baseIndex, riskIndex, values }: Candidate): Omit<ManyRow, 'rank'> {
    const { metrics, stage } = this.#options;
    const params = parametersAt(this.#grid, baseIndex);
    const risk = stage === 'A' ? {} : barriersAt(this.#grid, riskIndex);
    const count = values.length / metrics.length;
    const column = (name: MetricName): Float64Array =>
      Float64Array.from({ length: count }, (_, cell) => values[cell * metrics.length + metrics.indexOf(name)]!);
    const { mean, median, worst } = acrossCells(column(this.#options.rank).map((value) => value * this.#sign));
    return {
      variantKey: variantKey(this.#grid, params, risk),
      indicatorVariantKey: indicatorVariantKey(this.#grid, params),
      params,
      risk,
      score: nullable(this.#inOwnSign(score)),
      mean: nullable(mean * this.#sign),
      median: nullable(median * this.#sign),
      worst: nullable(worst * this.#sign),
      profitable: column('totalReturn').filter((value) => value > 0).length / count,
      fewestTrades: column('trades').reduce((a, b) => Math.min(a, b)),
      cells: Array.from({ length: count }, (_, cell) =>
        Object.fromEntries(metrics.map((name, m) => [name, nullable(values[cell * metrics.length + m]!)])),
      ),
    };
  }

  #inOwnSign(score: number): number {
    return this.#options.across === 'profitable' ? score : score * this.#sign;
  }
}

/** JSON has neither NaN nor a zero with a sign. */
const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value + 0);
