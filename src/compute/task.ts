// What a computation is asked and what it answers: plain data, so that it can run in any thread or process.
import type { RowRecord } from '../feeds/encode-rows.ts';
import type { CandleColumn } from '../market/candles.ts';
import type { CheckedData } from '../runs/check-data.ts';
import type { ResultComparison } from '../runs/compare-results.ts';
import type { FetchedKey } from '../runs/fetch-into-store.ts';
import type { ImportedKey, ImportSelection } from '../runs/import-files.ts';
import type { ManyRecord } from '../runs/many-record.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import type { RunSelection } from '../runs/single-run.ts';
import type { StrategyFacts } from '../runs/strategy-facts.ts';
import type { StudySelection } from '../runs/study-prepare.ts';
import type { SimilarRuns } from '../runs/sweep-costs.ts';
import type { SweepSelection } from '../runs/sweep-run.ts';
import type { PreparedTrials, TrialBatchSelection } from '../runs/trial-batch.ts';
import type { SweepEstimate } from '../sweep/estimate.ts';
import type { ShardResult, SweepShard } from '../sweep/shard.ts';
import type { CutRule } from '../sweep/shard-cut.ts';
import type { TaskProgress } from './progress.ts';

/** What a computation may take. A run beyond a guard is refused before anything is scored. */
export interface ComputeShare {
  /** Scoring threads. */
  readonly workers: number;
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  readonly guards?: ComputeGuards;
}

export interface ComputeGuards {
  /** Who is bounded: a client that waits for the answer, or a job. */
  readonly of: 'request' | 'job';
  /** Most variants of both stages together. */
  readonly variantsMax: number;
  /** Most bytes that the plan may predict for the whole process. */
  readonly bytesMax: number;
}

export interface SweepTask {
  readonly kind: 'sweep';
  readonly selection: SweepSelection;
  readonly share: ComputeShare;
  /**
   * A folder that keeps progress, and goes on from the progress kept there. It stays when all is done, so that a computation
   * whose answer is lost is done again in a moment; whoever names it removes it.
   */
  readonly checkpointFolder?: string;
  /** Whether the result goes to the result store; `whole`: unless the sweep was cut short. */
  readonly save: boolean | 'whole';
}

/** A sweep of a job: cut where it is large, and put together again from what its shards have handed in. */
export interface ShardedTask {
  readonly kind: 'sharded';
  readonly sweep: SweepTask;
  readonly rule: CutRule;
  /** Of all shards cut so far; none at first. */
  readonly results: readonly ShardResult[];
}

export interface ShardTask {
  readonly kind: 'shard';
  /** The whole sweep, with the folder for the progress of the shard. */
  readonly sweep: SweepTask;
  readonly shard: SweepShard;
}

export interface RunTask {
  readonly kind: 'run';
  readonly selection: RunSelection;
  /** Whether the answer has the equity at each close. */
  readonly withEquity: boolean;
}

/** A study as it is asked for, or one of the store that goes on. */
export interface StudyTask {
  readonly kind: 'study';
  readonly asked: StudyWish | { readonly resume: string };
  /** The study that an earlier attempt took up; where it is not stored here, it begins anew. */
  readonly taken?: string;
  readonly share: ComputeShare;
  readonly top: number;
  readonly save: boolean;
  /** Milliseconds until the search ends with what it has; none when left out. */
  readonly searchMs?: number;
}

/** Patterns among the markets, and anchors, are looked up when the study begins. */
export interface StudyWish {
  readonly selection: Omit<StudySelection, 'anchors'>;
  /** Made from the request when left out. */
  readonly name?: string;
  readonly around?: { readonly study: string; readonly count: number };
}

export interface EstimateTask {
  readonly kind: 'estimate';
  readonly selection: SweepSelection;
  readonly share: ComputeShare;
}

/** What is run again: a ranked row of a stored result, or a named variant. */
export type StoredRow =
  | {
      readonly resultId: string;
      readonly rank: number;
      /** Of a result over many markets and windows: the cell. */
      readonly cell?: number | undefined;
    }
  | {
      readonly variant: string;
      /** On the candles that there are now, in place of those it was scored on. */
      readonly isCurrent: boolean;
    };

/** Bars of the window of a run: so many from one on, or those around a trade (from 1), of which there are at most `barsMax`. */
export type CandlePart =
  | { readonly fromBar: number; readonly bars: number }
  | { readonly trade: number; readonly margin: number; readonly barsMax: number };

export interface RowTask {
  readonly kind: 'row';
  readonly of: StoredRow;
  readonly withEquity: boolean;
  /** Candles to answer with; none when left out. */
  readonly candles?: CandlePart | undefined;
}

/** The trades or the equity of a row: a page of records, or all of them as a file. */
export interface TableTask {
  readonly kind: 'table';
  readonly of: StoredRow;
  readonly table: 'trades' | 'equity';
  readonly format: 'json' | 'csv' | 'parquet';
  /** Of pages. */
  readonly offset: number;
  readonly limit: number;
}

/** Two stored results held side by side. */
export interface CompareTask {
  readonly kind: 'compare';
  readonly a: string;
  readonly b: string;
  /** Best rows of each. */
  readonly rowsMax: number;
}

/** The HTML report of a stored result. */
export interface ReportTask {
  readonly kind: 'report';
  readonly resultId: string;
}

/** Loads a strategy file and checks configurations of it, for workers elsewhere to run. */
export interface TrialsTask {
  readonly kind: 'trials';
  readonly selection: TrialBatchSelection;
}

/** A strategy told of, and not run. */
export interface DescribeTask {
  readonly kind: 'describe';
  readonly strategy: string;
}

/** A file of candles to be put into the store. */
export interface ImportTask {
  readonly kind: 'import';
  readonly selection: ImportSelection;
}

/** Stored candles read whole: checksums, content hash and every kind of defect. */
export interface CheckTask {
  readonly kind: 'check';
  readonly key: string;
}

export interface FetchTask {
  readonly kind: 'fetch';
  readonly exchange: string;
  readonly symbol: string;
  readonly market: 'spot' | 'usdm';
  readonly timeframe: string;
  readonly from: string;
  readonly to?: string;
}

export type ComputeTask =
  | SweepTask
  | ShardedTask
  | ShardTask
  | RunTask
  | StudyTask
  | EstimateTask
  | RowTask
  | TableTask
  | CompareTask
  | ReportTask
  | TrialsTask
  | DescribeTask
  | ImportTask
  | CheckTask
  | FetchTask;

export interface SweepAnswer {
  readonly kind: 'sweep';
  /** Without the rows of the heatmap, which are for the stored result and its report. */
  readonly record: Omit<ResultRecord, 'heatmap'>;
  readonly resultId: string | null;
  readonly notes: readonly string[];
  readonly isSelfContained: boolean;
}

/** Either shards to be scored first, or what the sweep as a whole comes to. */
export type ShardedAnswer = { readonly kind: 'sharded' } & (
  | { readonly shards: readonly SweepShard[]; readonly whole?: undefined }
  | { readonly whole: SweepAnswer; readonly shards?: undefined }
);

export interface ShardAnswer {
  readonly kind: 'shard';
  /** Null for one that was stopped before its end. */
  readonly result: ShardResult | null;
}

export interface RunAnswer {
  readonly kind: 'run';
  /** What `gridmill run --json` prints. */
  readonly run: object;
  /** Whether strategy, candles and request say it all: no model files and no lists of instruments were read. */
  readonly isSelfContained: boolean;
}

export interface StudyAnswer {
  readonly kind: 'study';
  readonly study: string;
  /** Without the trials of the heatmap. */
  readonly record: Omit<ResultRecord, 'heatmap'> | ManyRecord;
  readonly resultId: string | null;
  readonly notes: readonly string[];
}

/** Which guards would fire, with what they compare. */
export interface GuardReport {
  readonly guard: 'variants' | 'bytes';
  readonly asked: number;
  readonly limit: number;
  readonly fires: boolean;
}

export interface EstimateAnswer {
  readonly kind: 'estimate';
  readonly estimate: SweepEstimate;
  readonly guards: readonly GuardReport[];
  /** What such estimates have come to before. */
  readonly similar: SimilarRuns;
}

export interface RowAnswer {
  readonly kind: 'row';
  /** What `gridmill run --json` prints. */
  readonly run: object;
  /** Columns of the candles asked for, and the bar of the window that the first of them is. */
  readonly candles?: Readonly<Record<CandleColumn, readonly number[]>>;
  readonly candlesFrom?: number;
}

/** `rows` of a page, `file` of a file; `total` counts all there are. */
export interface TableAnswer {
  readonly kind: 'table';
  readonly total: number;
  readonly rows?: readonly RowRecord[];
  readonly file?: Uint8Array;
}

export interface CompareAnswer {
  readonly kind: 'compare';
  readonly comparison: ResultComparison;
}

export interface ReportAnswer {
  readonly kind: 'report';
  readonly html: string;
}

export interface TrialsAnswer {
  readonly kind: 'trials';
  readonly prepared: PreparedTrials;
}

export interface DescribeAnswer {
  readonly kind: 'describe';
  readonly facts: StrategyFacts;
}

export interface ImportAnswer {
  readonly kind: 'import';
  readonly imported: readonly Omit<ImportedKey, 'files'>[];
}

export interface CheckAnswer {
  readonly kind: 'check';
  readonly checked: Omit<CheckedData, 'error'>;
}

export interface FetchAnswer {
  readonly kind: 'fetch';
  readonly fetched: FetchedKey;
}

export type ComputeAnswer =
  | SweepAnswer
  | ShardedAnswer
  | ShardAnswer
  | RunAnswer
  | StudyAnswer
  | EstimateAnswer
  | RowAnswer
  | TableAnswer
  | CompareAnswer
  | ReportAnswer
  | TrialsAnswer
  | DescribeAnswer
  | ImportAnswer
  | CheckAnswer
  | FetchAnswer;

export type AnswerTo<Task extends ComputeTask> = Extract<ComputeAnswer, { readonly kind: Task['kind'] }>;

export interface ComputeEvents {
  readonly onProgress?: (progress: TaskProgress) => void;
  /** Hears the name of a study as soon as it is in the store. */
  readonly onStudy?: (name: string) => void;
}
