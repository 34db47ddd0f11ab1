// The hash of a study: its identity and its trials in order, each taken in as soon as all before it are known.
import { createSha256 } from '../core/hash.ts';
import { METRIC_NAMES, METRICS } from '../metrics/metrics.ts';
import { hasFailed, type TrialOutcome } from '../trials/trial.ts';
import type { Proposal } from './sampler.ts';

const HASHED_METRICS = METRIC_NAMES.filter((name) => METRICS[name].hashed);

export interface StudyHash {
  add(proposal: Proposal, outcomes: readonly TrialOutcome[]): void;
  /** SHA-256 in hex over what was added so far. */
  digest(): string;
}

/**
 * In: the identity (engine version, request, candles), and of each trial its point, window, and per cell the metrics that
 * need + - * / and square root only, or the code of its failure. Out: times, workers, batches, wordings.
 */
export function createStudyHash(identity: string): StudyHash {
  const hash = createSha256();
  hash.update(`${identity}\n`);
  return {
    add({ point, rung }, outcomes) {
      const cells = outcomes.map((outcome) =>
        hasFailed(outcome) ? outcome.code : HASHED_METRICS.map((name) => outcome.metrics[name]),
      );
      // -0 is written as 0, an undefined metric as null; numbers as the shortest text that reads back the same.
      hash.update(`${JSON.stringify([point, rung, cells])}\n`);
    },
    digest: () => hash.digest(),
  };
}
