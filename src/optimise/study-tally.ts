// What a study knows of its trials taken in order: hash, ranking, counts, and what its sampler may hear next.
import { AppError } from '../core/errors.ts';
import { hasFailed, type TrialFailure, type TrialOutcome, type TrialRow } from '../trials/trial.ts';
import type { Proposal, ToldTrial } from './sampler.ts';
import { isFeasible, type Judged, standingOf } from './standing.ts';
import { type StudyRequest, studyIdentity } from './study.ts';
import { createStudyHash } from './study-hash.ts';
import { createStudyRanking } from './study-ranking.ts';

/** A finished trial, handed out in order. */
export interface FinishedTrial extends Judged {
  readonly rung: number;
  readonly outcomes: readonly TrialOutcome[];
}

export interface ShownFailure {
  readonly n: number;
  readonly point: readonly number[];
  readonly failure: TrialFailure;
}

const FAILURES_SHOWN = 5;
/** When the first so many trials all fail, something else than their parameters is wrong. */
const FIRST_TRIALS = 64;

export class StudyTally {
  readonly #request: StudyRequest;
  readonly #hash;
  readonly ranking;
  /** Taken trials that the sampler has not heard of. */
  readonly #untold: ToldTrial[] = [];
  readonly failures: ShownFailure[] = [];
  #done = 0;
  #ranked = 0;
  #failed = 0;
  #infeasible = 0;

  constructor(request: StudyRequest, engineVersion: string, top: number) {
    this.#request = request;
    this.#hash = createStudyHash(studyIdentity(engineVersion, request));
    this.ranking = createStudyRanking(request.space, request.objectives.length, top);
  }

  get done(): number {
    return this.#done;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Value of the first objective of the best trial, in its own sign. */
  get best(): number | undefined {
    const score = this.ranking.best?.standing.scores[0];
    if (score === undefined) return undefined;
    return this.#request.objectives[0]!.better === 'higher' ? score : -score;
  }

  /** Takes the next trial. Errors: STRATEGY_FAILED when all of the first ones failed. */
  take(proposal: Proposal, outcomes: readonly TrialOutcome[], isToBeTold: boolean): FinishedTrial {
    const n = this.#done++;
    const { point, rung } = proposal;
    const standing = standingOf(this.#request, outcomes);
    this.#hash.add(proposal, outcomes);
    if (isToBeTold) this.#untold.push({ n, point, rung, standing });
    if (standing.failed) this.#countFailure(n, point, outcomes.find(hasFailed)!);
    else if (standing.violation > 0) this.#infeasible++;
    if (rung === this.#request.rungs - 1) {
      this.#ranked++;
      if (isFeasible(standing)) this.ranking.offer({ n, point, standing, rows: outcomes as readonly TrialRow[] });
    }
    return { n, point, rung, standing, outcomes };
  }

  /** The earliest trial not told yet, when its number is at most `last`. */
  nextUntold(last: number): ToldTrial | undefined {
    return (this.#untold[0]?.n ?? Number.POSITIVE_INFINITY) <= last ? this.#untold.shift() : undefined;
  }

  get allTold(): boolean {
    return this.#untold.length === 0;
  }

  /** Errors: STRATEGY_FAILED when a study has come to its end and nothing but failures came of it. */
  results() {
    if (this.#done > 0 && this.#failed === this.#done) throw allFailed(this.#done, this.failures[0]!.failure);
    return {
      studyHash: this.#hash.digest(),
      done: this.#done,
      ranked: this.#ranked,
      failed: this.#failed,
      infeasible: this.#infeasible,
      failures: this.failures,
      rows: this.ranking.rows(),
    };
  }

  #countFailure(n: number, point: readonly number[], failure: TrialFailure): void {
    this.#failed++;
    if (this.failures.length < FAILURES_SHOWN) this.failures.push({ n, point, failure });
    if (n + 1 === FIRST_TRIALS && this.#failed === FIRST_TRIALS)
      throw allFailed(FIRST_TRIALS, this.failures[0]!.failure);
  }
}

function allFailed(count: number, { code, error }: TrialFailure): AppError {
  return new AppError('STRATEGY_FAILED', {
    rule: 'Of the first trials of a study at least one must come to a result.',
    found: `all of the first ${count} failed, the first with ${code}: ${error}`,
    todo: 'Run one of them with gridmill run to see why; then correct the strategy or the space.',
  });
}
