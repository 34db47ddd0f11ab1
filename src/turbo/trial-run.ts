// One call of `run`: its trials, which of them are at a worker, and what has come of them.
import type { StopReason, StopToken } from '../core/cancel.ts';
import { STOP_REASONS } from '../pool/messages.ts';
import type { TrialOutcome, TrialSpec } from '../trials/trial.ts';
import type { OpenSetup } from './open-setup.ts';

export interface TrialRunOptions {
  readonly setup: OpenSetup;
  readonly trials: readonly TrialSpec[];
  readonly stop: StopToken;
  readonly onOutcome: ((index: number, outcome: TrialOutcome) => void) | undefined;
}

export class TrialRun {
  readonly setup: OpenSetup;
  readonly trials: readonly TrialSpec[];
  readonly stop: StopToken;
  /** One outcome per trial, in their order. Errors: what `end` was given. */
  readonly outcomes: Promise<TrialOutcome[]>;
  /** By which workers hear of the stop of this run. */
  readonly stopWord = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** Workers that each trial has taken with it so far. */
  readonly deaths = new Map<number, number>();
  /** When the stop was noticed. */
  stoppedMs: number | undefined;
  isOver = false;
  readonly #onOutcome: TrialRunOptions['onOutcome'];
  readonly #outcomes: (TrialOutcome | undefined)[];
  /** Trials that nobody has begun: from `next` on, and those that came back. */
  readonly #again: number[] = [];
  #next = 0;
  #left: number;
  #resolve!: (outcomes: TrialOutcome[]) => void;
  #reject!: (error: Error) => void;

  constructor({ setup, trials, stop, onOutcome }: TrialRunOptions) {
    this.setup = setup;
    this.trials = trials;
    this.stop = stop;
    this.#onOutcome = onOutcome;
    this.#outcomes = new Array(trials.length);
    this.#left = trials.length;
    this.outcomes = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Trials that no worker has. */
  get waiting(): number {
    return this.#again.length + this.trials.length - this.#next;
  }

  /** Takes up to `count` trials that wait. */
  take(count: number): number[] {
    const taken = this.#again.splice(0, count);
    while (taken.length < count && this.#next < this.trials.length) taken.push(this.#next++);
    return taken;
  }

  /** Takes trials back whose worker died before they were done. */
  giveBack(indices: readonly number[]): void {
    for (const index of indices) if (!this.isDone(index)) this.#again.push(index);
  }

  isDone(index: number): boolean {
    return this.#outcomes[index] !== undefined;
  }

  /** Takes the outcome of a trial; false when it has one already, or nobody asks any more. */
  settle(index: number, outcome: TrialOutcome): boolean {
    if (this.isOver || this.isDone(index)) return false;
    this.#outcomes[index] = outcome;
    this.#left--;
    try {
      this.#onOutcome?.(index, outcome);
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    if (this.#left === 0) {
      this.isOver = true;
      this.#resolve(this.#outcomes as TrialOutcome[]);
    }
    return true;
  }

  /** Nothing more is begun, and workers give up what they are at. */
  tellWorkers(reason: StopReason): void {
    Atomics.store(this.stopWord, 0, STOP_REASONS.indexOf(reason));
    this.#again.length = 0;
    this.#next = this.trials.length;
  }

  end(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tellWorkers('cancelled');
    this.#reject(error);
  }
}
