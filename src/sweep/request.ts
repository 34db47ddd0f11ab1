// What a sweep is asked and what it answers: the shapes shared by the command line, results and reports.
import type { StopReason } from '../core/cancel.ts';
import type { SourcedInstrument } from '../market/instrument.ts';
import type { Calendar } from '../metrics/annualisation.ts';
import type { MetricName, Metrics } from '../metrics/metrics.ts';
import type { Profile } from '../simulate/profiles.ts';
import type { Barriers, Costs, Direction, Sizing } from '../simulate/simulation.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { RiskAxes, Strategy } from '../strategy/strategy.ts';
import type { MetricCondition } from './metric-condition.ts';

/** Everything about execution that a result depends on, apart from barriers. */
export interface ExecutionRequest {
  readonly profile: Profile;
  readonly direction: Direction;
  readonly initialCash: number;
  readonly costs: Costs;
  readonly sizing: Sizing;
  readonly closeAtEnd: boolean;
  readonly calendar: Calendar;
  /** The exchange's steps and smallest orders, where a controller's grids are shaped by them. */
  readonly instrument?: SourcedInstrument;
}

export interface SweepRequest extends ExecutionRequest {
  readonly strategy: Strategy;
  /** SHA-256 of the strategy's source, or `built-in`. */
  readonly strategyHash: string;
  readonly parameters?: Readonly<Record<string, Axis>>;
  readonly risk?: RiskAxes;
  readonly rank: MetricName;
  /** Further objectives: with them the Pareto front is kept instead of the best by `rank`, which then orders it. */
  readonly alsoRank?: readonly MetricName[];
  /** Ranked rows kept. */
  readonly top: number;
  /** Base variants that stage A hands to stage B; 0 = all of them. Without effect when there are no risk axes. */
  readonly preselect: number;
  /** Random search: how many base variants to draw without replacement, in an order fixed by `seed`. */
  readonly sample?: number;
  readonly seed: number;
  /** Part of a grid: skip this many of its points (before the constraint), and visit at most `limit` of the rest. */
  readonly offset?: number;
  readonly limit?: number;
  /** Rows of the last stage that fail one of these are not ranked. */
  readonly where?: readonly MetricCondition[];
}

/** Default shortlist kept from stage A. */
export const DEFAULT_PRESELECT = 200;
export const DEFAULT_TOP = 20;

export interface RankedRow {
  readonly rank: number;
  readonly variantKey: string;
  readonly indicatorVariantKey: string;
  readonly params: ParameterValues;
  /** Barriers that are on. */
  readonly risk: Barriers;
  readonly metrics: Metrics;
}

/** A scored row as streamed to a sink, in grid order. */
export type ScoredRow = Omit<RankedRow, 'rank'>;

export interface SweepProgress {
  readonly stage: 'A' | 'B';
  readonly scored: number;
  /** Variants of this stage, where known. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
  readonly best: number | undefined;
}

/** Which engine scores: `fast` walks bitmaps from fill to fill, `normative` goes bar by bar and is the judge. */
export type EngineName = 'fast' | 'normative';

/** Who scored a result. */
export interface ScoringEngine {
  readonly name: EngineName;
  /** One clause: why it was this engine. */
  readonly reason: string;
  /** Which twin of the kernels; they agree bit for bit. Undefined for the normative engine. */
  readonly kernels: 'wasm-simd' | 'scalar' | undefined;
}

export interface SweepOutcome {
  readonly engine: ScoringEngine;
  /** Variants of the whole grid under the constraint, times risk points. Grid points where that is too many to count. */
  readonly variants: number;
  /** Variants scored, both stages together. */
  readonly scored: number;
  readonly preselect: number;
  readonly top: readonly RankedRow[];
  /** Set when the run stopped early: the rows rank what was scored until then. */
  readonly stopped: StopReason | undefined;
  readonly elapsedMs: number;
  readonly plan: {
    readonly distinctColumns: number;
    readonly bytesPredicted: number;
    /** Most resident bytes of the process until the end of the sweep; null where nobody measures them. */
    readonly bytesActual: number | null;
    /** Foretold from the pace of the first batches; null for a sweep that was soon over. */
    readonly secondsPredicted: number | null;
    /** Scoring threads granted. */
    readonly workers: number;
    readonly columnsComputed: number;
    /** Trades under grids of barriers: answered for many risk points at once, and simulated again one by one. */
    readonly sharedTrades: number;
    readonly singleTrades: number;
    /** Share of columns that a batch found finished. */
    readonly columnCacheHitRate: number;
    /** Share of the threads' time, from the first batch to the last, that went into scoring and columns; null where unmeasured. */
    readonly usefulShare: number | null;
  };
}
