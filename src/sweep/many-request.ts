// What a sweep over many cells is asked and what it answers: one grid, several markets and windows, ranked across them.
import type { StopReason } from '../core/cancel.ts';
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Across } from './many-across.ts';
import type { ScoringEngine, SweepRequest } from './request.ts';
import type { Window } from './window.ts';

/** One market over one window. */
export interface ManyCell {
  /** Cells of one market share this name. */
  readonly market: string;
  readonly window: Window;
}

/** `where` must hold in every cell. One objective only; `top` rows are kept across all cells. */
export interface ManyRequest extends Omit<SweepRequest, 'alsoRank'> {
  readonly across: Across;
  /** Ranked rows kept for each market, over its windows; none when there is one market. */
  readonly topPerMarket: number;
}

/** Metrics kept of every cell of a ranked row, besides the one that rows are ranked by. */
const CELL_METRICS: readonly MetricName[] = ['totalReturn', 'maxDrawdown', 'sharpe', 'trades'];

/** Metrics kept of each cell, in the order of METRIC_NAMES. */
export const cellMetricNames = (rank: MetricName): MetricName[] =>
  METRIC_NAMES.filter((name) => name === rank || CELL_METRICS.includes(name));

/** Those of cellMetricNames; null where undefined. */
export type CellMetrics = Readonly<Partial<Record<MetricName, number | null>>>;

export interface ManyRow {
  readonly rank: number;
  readonly variantKey: string;
  readonly indicatorVariantKey: string;
  readonly params: ParameterValues;
  /** Barriers that are on. */
  readonly risk: Barriers;
  /** What the row is ranked by; null when the metric is undefined in one of the cells that count. */
  readonly score: number | null;
  /** Of the rank metric over all cells, in its own sign; null when it is undefined in one of them. */
  readonly mean: number | null;
  readonly median: number | null;
  readonly worst: number | null;
  /** Share of cells with totalReturn > 0. */
  readonly profitable: number;
  /** Fewest closed trades in a cell. */
  readonly fewestTrades: number;
  /** In the order of the cells. */
  readonly cells: readonly CellMetrics[];
}

export interface ManyMarket {
  readonly market: string;
  /** Its cells, as places in the list of cells. */
  readonly cells: readonly number[];
  /** The best by its own cells alone; their summaries are over all cells, like those of any row. */
  readonly top: readonly ManyRow[];
}

export interface ManyProgress {
  readonly stage: 'A' | 'B';
  /** Place of the cell in the list of cells. */
  readonly cell: number;
  /** Back-tests of this stage: variants times cells. */
  readonly scored: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
  /** The best score across cells so far. */
  readonly best: number | undefined;
}

export interface ManyOutcome {
  /** Variants of the whole grid under the constraint, times risk points. Grid points where that is too many to count. */
  readonly variants: number;
  /** Variants scored in every cell, both stages together. */
  readonly scored: number;
  /** Of the last stage: variants left out by a condition, and ranked last because a cell has no value. */
  readonly excluded: number;
  readonly undefinedScores: number;
  readonly preselect: number;
  /** Who scored each cell. */
  readonly engines: readonly ScoringEngine[];
  readonly top: readonly ManyRow[];
  /** Empty when there is one market. */
  readonly markets: readonly ManyMarket[];
  /** The best variant of each cell alone, which nobody could have known; null when no variant was ranked. */
  readonly bestOfCell: readonly (ManyRow | null)[];
  /** Set when the run stopped early: the rows rank what was scored in every cell until then. */
  readonly stopped: StopReason | undefined;
  readonly elapsedMs: number;
  readonly plan: {
    readonly bytesPredicted: number;
    /** Most scoring threads granted to a cell. */
    readonly workers: number;
    readonly columnsComputed: number;
  };
}
