// What a computation is asked and what it answers: plain data, so that it can run in any thread or process.
import type { CandleColumn } from '../market/candles.ts';
import type { CheckedData } from '../runs/check-data.ts';
import type { FetchedKey } from '../runs/fetch-into-store.ts';
import type { ImportedKey, ImportSelection } from '../runs/import-files.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import type { RunSelection } from '../runs/single-run.ts';
import type { SweepSelection } from '../runs/sweep-run.ts';
import type { PreparedTrials, TrialBatchSelection } from '../runs/trial-batch.ts';
import type { SweepEstimate } from '../sweep/estimate.ts';
import type { SweepProgress } from '../sweep/request.ts';
import type { ShardResult, SweepShard } from '../sweep/shard.ts';
import type { CutRule } from '../sweep/shard-cut.ts';

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

export interface EstimateTask {
  readonly kind: 'estimate';
  readonly selection: SweepSelection;
  readonly share: ComputeShare;
}

/** A ranked row of a stored result, run again. */
export interface RowTask {
  readonly kind: 'row';
  readonly resultId: string;
  readonly rank: number;
  /** Of a result over many markets and windows: the cell. */
  readonly cell?: number;
  readonly withEquity: boolean;
  /** Candles around which trade to answer with; none when left out. */
  readonly candles?: { readonly fromBar: number; readonly bars: number };
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
  | EstimateTask
  | RowTask
  | ReportTask
  | TrialsTask
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
}

export interface RowAnswer {
  readonly kind: 'row';
  /** What `gridmill run --json` prints. */
  readonly run: object;
  /** Columns of the candles asked for. */
  readonly candles?: Readonly<Record<CandleColumn, readonly number[]>>;
}

export interface ReportAnswer {
  readonly kind: 'report';
  readonly html: string;
}

export interface TrialsAnswer {
  readonly kind: 'trials';
  readonly prepared: PreparedTrials;
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
  | EstimateAnswer
  | RowAnswer
  | ReportAnswer
  | TrialsAnswer
  | ImportAnswer
  | CheckAnswer
  | FetchAnswer;

export type AnswerTo<Task extends ComputeTask> = Extract<ComputeAnswer, { readonly kind: Task['kind'] }>;

export interface ComputeEvents {
  readonly onProgress?: (progress: SweepProgress) => void;
}
