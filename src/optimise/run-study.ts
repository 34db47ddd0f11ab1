// Runs a study: asks for trials in order, keeps workers busy, takes results in order whenever they come, and ends them.
import type { StopReason, StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { RunTrials, TrialOutcome, TrialSpec } from '../trials/trial.ts';
import type { Proposal, Sampler } from './sampler.ts';
import { barriersAt, parametersOf, pointKey } from './space.ts';
import { createStopRule, type StopRule, type StudyEnd } from './stop-rule.ts';
import { createSampler, marketsOf, type StudyRequest } from './study.ts';
import type { RankedTrial } from './study-ranking.ts';
import { type FinishedTrial, type ShownFailure, StudyTally } from './study-tally.ts';
import type { TrialLog } from './trial-log.ts';

export interface StudyProgress {
  /** Trials whose results are known together with those of all before them. */
  readonly done: number;
  readonly total: number;
  /** Of those done: read from the log of an earlier attempt. */
  readonly replayed: number;
  readonly inFlight: number;
  readonly failed: number;
  /** Value of the first objective, in its own sign. */
  readonly best: number | undefined;
  readonly elapsedMs: number;
}

export interface StudyHost {
  readonly engineVersion: string;
  readonly run: RunTrials;
  readonly stop: StopToken;
  readonly clock: Clock;
  /** Rows that are ranked. */
  readonly top: number;
  readonly log?: TrialLog;
  readonly onProgress?: (progress: StudyProgress) => void;
  /** Hears of every trial in order. */
  readonly onTrial?: (trial: FinishedTrial) => void;
}

export interface StudyOutcome {
  readonly studyHash: string;
  /** Trials done in order: what the hash and the ranking cover. */
  readonly done: number;
  readonly replayed: number;
  /** Trials of the whole window among them. */
  readonly ranked: number;
  readonly failed: number;
  readonly infeasible: number;
  /** Results that came after a gap when the study was stopped: kept in the log, part of neither hash nor ranking. */
  readonly beyondGap: number;
  /** The first failures, for people to read. */
  readonly failures: readonly ShownFailure[];
  /** Why it ended before its last trial by itself, if it did; `exhausted` when nothing was left to try. */
  readonly ended: StudyEnd | 'exhausted' | undefined;
  readonly stopped: StopReason | undefined;
  readonly rows: readonly RankedTrial[];
  readonly elapsedMs: number;
}

/** Trials replayed from a log before the event loop has a turn. */
const REPLAY_SLICE = 2_000;

/**
 * Errors: those of the runner but CANCELLED and DEADLINE, which end the study early; STRATEGY_FAILED when all of the
 * first trials fail; RESULT_MISMATCH when the log holds other trials than the request leads to.
 */
export function runStudy(request: StudyRequest, host: StudyHost): Promise<StudyOutcome> {
  return new StudyRun(request, host).finish();
}

interface Pending {
  readonly proposal: Proposal;
  readonly outcomes: (TrialOutcome | undefined)[];
  /** Cells still to come. */
  missing: number;
}

class StudyRun {
  readonly #request: StudyRequest;
  readonly #host: StudyHost;
  readonly #sampler: Sampler;
  readonly #markets: number;
  readonly #stopRule: StopRule;
  readonly #tally: StudyTally;
  /** Whether results limit how far ahead trials are asked for. */
  readonly #depends: boolean;
  /** Trials asked for and not yet taken in order. */
  readonly #pending = new Map<number, Pending>();
  readonly #startedMs: number;
  #asked = 0;
  #replayed = 0;
  #cellsInFlight = 0;
  /** The sampler had nothing to try and is asked again when it has heard of every trial. */
  #isStarved = false;
  #ended: StudyEnd | 'exhausted' | undefined;
  #stopped: StopReason | undefined;
  #error: unknown;
  #wake: () => void = () => undefined;

  constructor(request: StudyRequest, host: StudyHost) {
    this.#request = request;
    this.#host = host;
    this.#sampler = createSampler(request);
    this.#markets = marketsOf(request);
    this.#stopRule = createStopRule(request);
    this.#tally = new StudyTally(request, host.engineVersion, host.top);
    this.#depends = this.#sampler.learns || this.#stopRule.exists;
    this.#startedMs = host.clock.monotonicMs();
  }

  async finish(): Promise<StudyOutcome> {
    for (;;) {
      // What ends while trials are handed over must not be missed.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      let isReplaying = false;
      try {
        this.#takeInOrder();
        if (this.#error === undefined) isReplaying = this.#handOver();
        // Some runners answer at once.
        this.#takeInOrder();
      } catch (error) {
        this.#error ??= error;
      }
      this.#report();
      if (isReplaying) await new Promise<void>((resolve) => setImmediate(resolve));
      else if (this.#cellsInFlight > 0) await woken;
      else if (this.#error !== undefined || !this.#canAsk()) break;
    }
    this.#host.log?.sync();
    if (this.#error !== undefined) throw this.#error;
    return {
      ...this.#tally.results(),
      replayed: this.#replayed,
      beyondGap: [...this.#pending.values()].filter(({ missing }) => missing === 0).length,
      ended: this.#stopped === undefined ? this.#ended : undefined,
      stopped: this.#stopped,
      elapsedMs: this.#host.clock.monotonicMs() - this.#startedMs,
    };
  }

  /** Trials asked for and not yet taken, at most. */
  get #aheadMax(): number {
    return this.#depends ? this.#request.lag : LIMITS.studyAheadMax;
  }

  /** Trials that may be asked for now. */
  #allowed(): number {
    const { trials } = this.#request;
    if (this.#asked >= trials || this.#ended !== undefined || this.#error !== undefined) return 0;
    this.#stopped ??= this.#host.stop.reason();
    if (this.#stopped !== undefined) return 0;
    const ahead = this.#asked - this.#tally.done;
    if (this.#isStarved && ahead > 0) return 0;
    return Math.max(0, Math.min(trials - this.#asked, this.#aheadMax - ahead));
  }

  #canAsk(): boolean {
    return this.#allowed() > 0;
  }

  /** Asks for as many trials as may be known and as workers want; true when there are more to be read from the log. */
  #handOver(): boolean {
    const { run } = this.#host;
    // Twice the appetite, so that a worker that ends finds the next trials waiting.
    const wanted = Math.ceil((2 * Math.max(1, run.appetite) - this.#cellsInFlight) / this.#markets);
    const least = Math.max(1, Math.min(run.appetite >> 2, this.#aheadMax >> 1));
    const allowed = Math.min(wanted, this.#allowed());
    // A trickle of single trials would cost more messages than it saves waiting.
    if (this.#cellsInFlight > 0 && allowed < Math.min(least / this.#markets, this.#request.trials - this.#asked))
      return false;
    const numbers: number[] = [];
    let replayed = 0;
    while (numbers.length < wanted && this.#canAsk()) {
      const proposal = this.#propose();
      if (proposal === undefined) break;
      if (this.#open(this.#asked++, proposal, numbers)) {
        this.#takeInOrder();
        if (++replayed >= REPLAY_SLICE) break;
      }
    }
    this.#submit(numbers);
    return replayed >= REPLAY_SLICE;
  }

  /** The next trial; undefined at the end, and where the sampler must hear of all trials before it has another. */
  #propose(): Proposal | undefined {
    const n = this.#asked;
    if (this.#depends) this.#tellUpTo(n - this.#request.lag);
    this.#ended = this.#stopRule.met();
    if (this.#ended !== undefined) return undefined;
    let proposal = this.#isStarved ? undefined : this.#sampler.ask(n);
    if (proposal === undefined && this.#sampler.learns) {
      // To wait for every trial before is as much a function of the trials before as the lag is.
      this.#isStarved = true;
      if (this.#tally.done < n) return undefined;
      const knewAll = this.#tally.allTold;
      this.#tellUpTo(n - 1);
      this.#isStarved = false;
      if (!knewAll) proposal = this.#sampler.ask(n);
    }
    if (proposal === undefined) this.#ended = 'exhausted';
    return proposal;
  }

  #tellUpTo(last: number): void {
    for (let trial = this.#tally.nextUntold(last); trial !== undefined; trial = this.#tally.nextUntold(last)) {
      if (trial.rung === this.#request.rungs - 1) this.#stopRule.tell(trial.standing);
      this.#sampler.tell(trial);
    }
  }

  /** Notes trial `n`; true when the log knows it, else it is added to `numbers`. Errors: RESULT_MISMATCH. */
  #open(n: number, proposal: Proposal, numbers: number[]): boolean {
    const logged = this.#host.log?.find(n);
    if (logged === undefined) {
      this.#pending.set(n, { proposal, outcomes: new Array(this.#markets), missing: this.#markets });
      numbers.push(n);
      return false;
    }
    if (logged.rung === proposal.rung && pointKey(logged.point) === pointKey(proposal.point)) {
      this.#pending.set(n, { proposal, outcomes: [...logged.outcomes], missing: 0 });
      this.#replayed++;
      return true;
    }
    throw new AppError('RESULT_MISMATCH', {
      rule: 'The log of a study must hold the trials that its request leads to.',
      found: `trial ${n} of the log at ${pointKey(logged.point)}, and the request leads to ${pointKey(proposal.point)}.`,
      todo: 'Remove the study and run it again; if the engine is the same, report this.',
    });
  }

  #submit(numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    const { space } = this.#request;
    const specs: TrialSpec[] = [];
    for (const n of numbers) {
      const { point, rung } = this.#pending.get(n)!.proposal;
      const parameters = parametersOf(space, point);
      const barriers = barriersAt(space, point);
      for (let m = 0; m < this.#markets; m++) specs.push({ cell: rung * this.#markets + m, parameters, barriers });
    }
    this.#cellsInFlight += specs.length;
    const heard = new Uint8Array(specs.length);
    const hear = (index: number, outcome: TrialOutcome): void => {
      if (heard[index] === 1) return;
      heard[index] = 1;
      this.#land(numbers[Math.floor(index / this.#markets)]!, index % this.#markets, outcome);
    };
    const { run, stop } = this.#host;
    run.run(specs, { stop, onOutcome: hear }).then(
      (outcomes) => {
        for (const [index, outcome] of outcomes.entries()) hear(index, outcome);
      },
      (error: unknown) => {
        if (isAppError(error, 'CANCELLED')) this.#stopped ??= 'cancelled';
        else if (isAppError(error, 'DEADLINE')) this.#stopped ??= 'deadline';
        else this.#error ??= error;
        this.#cellsInFlight -= heard.reduce((open, one) => open - one, specs.length);
        // What comes late is not waited for, and not counted.
        heard.fill(1);
        this.#wake();
      },
    );
  }

  #land(n: number, market: number, outcome: TrialOutcome): void {
    const pending = this.#pending.get(n)!;
    pending.outcomes[market] = outcome;
    pending.missing--;
    this.#cellsInFlight--;
    if (pending.missing === 0) {
      this.#host.log?.append(n, { ...pending.proposal, outcomes: pending.outcomes as TrialOutcome[] });
    }
    this.#wake();
  }

  #takeInOrder(): void {
    for (;;) {
      const n = this.#tally.done;
      const pending = this.#pending.get(n);
      if (pending === undefined || pending.missing > 0) return;
      this.#pending.delete(n);
      const trial = this.#tally.take(pending.proposal, pending.outcomes as TrialOutcome[], this.#depends);
      this.#host.onTrial?.(trial);
    }
  }

  #report(): void {
    const { onProgress, clock } = this.#host;
    const { done, failed, best } = this.#tally;
    onProgress?.({
      done,
      total: this.#request.trials,
      replayed: this.#replayed,
      inFlight: this.#asked - done,
      failed,
      best,
      elapsedMs: clock.monotonicMs() - this.#startedMs,
    });
  }
}
