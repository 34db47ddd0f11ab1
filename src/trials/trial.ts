// A trial: one configuration of a strategy on one market and window, and what came of it. The port behind which trials run.
import type { StopToken } from '../core/cancel.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { ProfileMetrics } from '../sweep/profile-metrics.ts';
import type { ExecutionRequest } from '../sweep/request.ts';

/** A market and a window of it. Cells of a study are fixed when it begins; trials name them by number. */
export interface TrialCell {
  /** Which candles: a key of the mirror, in which they lie whole. */
  readonly market: string;
  /** Open times in epoch ms; [fromMs, toMs). All candles when left out. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface TrialSpec {
  /** An index of the cells. */
  readonly cell: number;
  readonly parameters: ParameterValues;
  readonly barriers: Barriers;
}

export interface TrialRow {
  readonly metrics: Metrics;
  /** The profile's own metric set, where it names one besides the standard set and the execution asks for it. */
  readonly profileMetrics?: ProfileMetrics;
}

/** A trial that came to nothing, by its own fault: the others are not affected. */
export interface TrialFailure {
  /** One sentence for the user: rule, finding, advice. */
  readonly error: string;
  /** Code of the error table, or what ended the worker: for counting and for scripts. */
  readonly code: string;
  /** What failed, where the failure ended a worker: enough to run it again by itself. */
  readonly trial?: TrialSpec;
  /** Of the study it belongs to. */
  readonly seed?: number;
}

export type TrialOutcome = TrialRow | TrialFailure;

export const hasFailed = (outcome: TrialOutcome): outcome is TrialFailure => 'error' in outcome;

/** What a scorer of trials is told once. Plain data apart from the candles, which are views of shared memory. */
export interface TrialExecution {
  readonly execution: ExecutionRequest;
  readonly cells: readonly TrialCell[];
  /** Whether rows hold the profile's own metric set too, where it names one. Default false: studies rank by the standard set. */
  readonly ownMetrics?: boolean;
}

export interface RunTrials {
  /** Trials worth handing over at once, so that no worker waits. */
  readonly appetite: number;
  /** One outcome per trial, in their order. `onOutcome` hears of each as it comes, in any order. Errors: CANCELLED, DEADLINE. */
  run(
    trials: readonly TrialSpec[],
    options: { readonly stop: StopToken; readonly onOutcome?: (index: number, outcome: TrialOutcome) => void },
  ): Promise<TrialOutcome[]>;
}
