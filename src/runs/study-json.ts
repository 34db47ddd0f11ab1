// What a result says of the study it came from, as plain JSON.
import type { Metrics } from '../metrics/metrics.ts';
import type { ParameterSummary } from '../optimise/parameter-summary.ts';
import type { Mode } from '../optimise/study.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Across } from '../sweep/many-across.ts';
import type { TrialFailure } from '../trials/trial.ts';

export interface StudyJson {
  readonly name: string;
  /** The study itself, so that two can be told to be of one request. */
  readonly identity: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly lag: number;
  /** Trials asked for; null when only time limits them. */
  readonly trials: number | null;
  /** Trials done in order: what the hash covers. */
  readonly done: number;
  /** Those of them on the whole window. */
  readonly ranked: number;
  readonly failed: number;
  readonly infeasible: number;
  /** Trials that ended after a gap when the study was stopped: in neither hash nor ranking. */
  readonly beyondGap: number;
  /** Why it ended by itself before its last trial. */
  readonly ended: 'patience' | 'target' | 'exhausted' | null;
  /** First open times of its windows, the shortest first, ISO 8601. */
  readonly rungsFrom: readonly string[];
  readonly objectives: readonly string[];
  /** Whether each is better when it is larger. */
  readonly better: readonly ('higher' | 'lower')[];
  readonly across: Across;
  /** Points of the space before the constraint. */
  readonly points: number;
  /** Of each ranked row: the number of its trial, and what the objectives came to, in their own sign. */
  readonly rows: readonly { readonly trial: number; readonly values: readonly (number | null)[] }[];
  readonly holdout: HoldoutJson | null;
  readonly parameters: readonly ParameterSummary[];
  readonly failures: readonly FailedTrialJson[];
  /** How it ran; none of it changes a result. */
  readonly workers: number;
  readonly usefulShare: number | null;
}

export interface FailedTrialJson extends Pick<TrialFailure, 'error' | 'code'> {
  readonly trial: number;
  readonly params: ParameterValues;
  readonly risk: Barriers;
}

/** The ranked rows on the part of the window that the search did not see. */
export interface HoldoutJson {
  readonly share: number;
  /** Open times, ISO 8601: from the first bar held out to the end of the window. */
  readonly from: string;
  readonly to: string;
  /** Per row: what the objectives came to there, and the metrics per market; null where the run failed. */
  readonly rows: readonly {
    readonly values: readonly (number | null)[];
    readonly metrics: readonly (Metrics | null)[];
  }[];
}
