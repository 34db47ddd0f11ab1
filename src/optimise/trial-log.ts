// The log of a study: what came of each trial, in whatever order they ended. The port; src/store keeps it on disk.
import type { TrialOutcome } from '../trials/trial.ts';
import type { Proposal } from './sampler.ts';

export interface LoggedTrial extends Proposal {
  /** One per market. */
  readonly outcomes: readonly TrialOutcome[];
}

export interface TrialLog {
  /** What an earlier attempt knows of trial `n`. */
  find(n: number): LoggedTrial | undefined;
  append(n: number, trial: LoggedTrial): void;
  /** Makes what was appended survive a power loss. */
  sync(): void;
}
