// The turbo pool: workers that live as long as the pool and run trials of any setup, each trial failing alone.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { shareCandles } from '../market/shared-candles.ts';
import type { Death } from '../pool/members.ts';
import { NOT_SCORING, unpackError } from '../pool/messages.ts';
import { nameOfRef } from '../pool/resolve-strategy.ts';
import { hasFailed, type TrialFailure, type TrialOutcome } from '../trials/trial.ts';
import { BATCHES_PER_WORKER, BatchSize } from './batch-size.ts';
import type { BatchPart } from './messages.ts';
import { createResolvers, type OpenSetup } from './open-setup.ts';
import { unpackOutcomes } from './packed-outcomes.ts';
import { deathOfTrial, setupKills, workersDie } from './trial-deaths.ts';
import { TrialRun } from './trial-run.ts';
import { type BatchJob, batchesOf, TrialWorkers, type Worker } from './trial-workers.ts';
import {
  DEFAULT_CACHE_BYTES,
  type OpenTrials,
  type TrialSetup,
  type TurboPool,
  type TurboPoolOptions,
} from './turbo-port.ts';
import type { TurboStatus } from './turbo-status.ts';
import { workersStatus } from './workers-status.ts';

/** Batches that wait at the pool for each one at a worker, so that a run ends rarely. */
const APPETITE_PER_BATCH = 4;
/** How often a stop is looked for. */
const STOP_TICK_MS = 15;
/** Workers have this long to hand in what they had finished at a stop … */
const STOP_ANSWER_MS = 100;
/** … and this long to come back before they are ended. */
const STOP_GRACE_MS = 50;
/** Deaths of a trial's worker that convict it: the first may have been the doing of a trial before. */
const DEATHS_MAX = 2;
/** Deaths in a row that convict a setup that was being loaded; between trials, or before any setup, so many per worker. */
const DEATHS_IN_A_ROW = 3;

/** Starts the workers at once. Errors: REQUEST_INVALID. */
export function createTurboPool(options: TurboPoolOptions): TurboPool {
  const { workers, batchSize } = options;
  checkCount('--workers', workers, LIMITS.workersMax);
  if (batchSize !== undefined) checkCount('--batch-size', batchSize, LIMITS.batchTrialsMax);
  return new Turbo(options);
}

function checkCount(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new AppError('REQUEST_INVALID', {
    rule: `${name} must be a whole number from 1 to ${most}.`,
    found: `${value}.`,
    todo: 'Change it, or leave it out.',
  });
}

class Turbo implements TurboPool {
  readonly #options: TurboPoolOptions;
  readonly #workers: TrialWorkers;
  readonly #setups = new Map<number, OpenSetup>();
  /** Those that are not over; the first one is served next. */
  readonly #runs: TrialRun[] = [];
  /** Trials that a worker died at once: each runs next and by itself, in a worker that has nothing else. */
  readonly #suspects: { readonly run: TrialRun; readonly index: number }[] = [];
  readonly #failures: TrialFailure[] = [];
  readonly #stopTimer: NodeJS.Timeout;
  readonly #trials = { done: 0, failed: 0 };
  readonly #time = { scoringMs: 0, wallMs: 0, sinceMs: 0 };
  #batchSize = 0;
  #ids = 0;
  /** Workers that died before they were online, in a row. */
  #startDeaths = 0;
  /** Why the pool takes no more work. */
  #end: Error | undefined;

  constructor(options: TurboPoolOptions) {
    this.#options = options;
    this.#workers = new TrialWorkers({
      ...options,
      setupsInUse: () => {
        const opening = [...this.#setups.values()].filter(({ isOpened }) => !isOpened);
        return new Set([...opening, ...this.#runs.map((run) => run.setup)]);
      },
      onOpened: (setup) => {
        setup.loadDeaths = 0;
        setup.isOpened = true;
        setup.opened.resolve();
      },
      onUnfit: (setup, error) => this.#endSetup(setup, unpackError(error)),
      onPart: (job, part) => this.#takePart(job, part),
      onFree: () => this.#assign(),
      onDeath: (worker, death) => this.#mourn(worker, death),
      onRefused: (error) => this.#endWith(error),
    });
    this.#stopTimer = setInterval(() => this.#watchStops(), STOP_TICK_MS).unref();
    this.#workers.fill();
  }

  async open(setup: TrialSetup): Promise<OpenTrials> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#setups.size >= LIMITS.setupsOpenMax) throw tooMany('setups open', LIMITS.setupsOpenMax);
    const { strategyRef, identity, cells, models = [], cacheBytes = DEFAULT_CACHE_BYTES, seed } = setup;
    const { name = nameOfRef(strategyRef) } = setup;
    const execution = plain(setup.execution);
    const { ownMetrics = false } = setup;
    const id = ++this.#ids;
    const open: OpenSetup = {
      message: {
        id,
        strategyRef,
        name,
        identity,
        execution,
        cells,
        ownMetrics,
        markets: shared(setup),
        models,
        cacheBytes,
      },
      seed,
      batchSize: new BatchSize(this.#options.batchSize),
      opened: createResolvers<void>(),
      isOpened: false,
      loadDeaths: 0,
      quietDeaths: 0,
      end: undefined,
    };
    this.#setups.set(id, open);
    this.#workers.tellAll(open);
    await open.opened.promise;
    const { workers } = this.#options;
    return {
      get appetite() {
        const most = workers * BATCHES_PER_WORKER * APPETITE_PER_BATCH * open.batchSize.steady;
        return Math.min(LIMITS.runTrialsMax, most);
      },
      run: (trials, { stop, onOutcome }) => this.#run(new TrialRun({ setup: open, trials, stop, onOutcome })),
      close: async () => {
        const found = 'trials of a setup that was closed.';
        this.#endSetup(open, new AppError('CANCELLED', { found, todo: 'Run again.' }));
      },
    };
  }

  status(): TurboStatus {
    this.#countWall();
    const { scoringMs, wallMs } = this.#time;
    const { workers: expected } = this.#options;
    return {
      isOpen: this.#end === undefined,
      ...workersStatus(this.#workers, expected),
      trials: {
        ...this.#trials,
        waiting: this.#waiting,
      },
      batchSize: this.#batchSize,
      usefulShare: wallMs === 0 ? null : scoringMs / (wallMs * expected),
      failures: [...this.#failures],
    };
  }

  collect(): Promise<number> {
    return this.#workers.collect();
  }

  async close(): Promise<void> {
    const found = 'a pool that was closed before all trials were run.';
    this.#endWith(new AppError('CANCELLED', { found, todo: 'Run again.' }));
    clearInterval(this.#stopTimer);
    await this.#workers.close();
  }

  async #run(run: TrialRun): Promise<TrialOutcome[]> {
    const end = this.#end ?? run.setup.end;
    if (end !== undefined) throw end;
    if (run.trials.length > LIMITS.runTrialsMax) throw tooMany('trials in one call', LIMITS.runTrialsMax);
    if (this.#runs.length >= LIMITS.runsInHandMax) throw tooMany('calls in hand', LIMITS.runsInHandMax);
    if (run.trials.length === 0) return [];
    this.#countWall();
    this.#runs.push(run);
    this.#watchStops();
    this.#assign();
    try {
      return await run.outcomes;
    } finally {
      this.#countWall();
      this.#runs.splice(this.#runs.indexOf(run), 1);
      this.#suspects.splice(0, this.#suspects.length, ...this.#suspects.filter((suspect) => suspect.run !== run));
    }
  }

  /** Trials that no worker has. */
  get #waiting(): number {
    return this.#runs.reduce((sum, run) => sum + run.waiting, this.#suspects.length);
  }

  /** Wall time counts while there is work. */
  #countWall(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#runs.length > 0) this.#time.wallMs += nowMs - this.#time.sinceMs;
    this.#time.sinceMs = nowMs;
  }

  /** Hands out what waits: suspects by themselves, then runs in turn. */
  #assign(): void {
    if (this.#end !== undefined) return;
    while (this.#suspects.length > 0) {
      const worker = this.#workers.free(1);
      if (worker === undefined) break;
      const { run, index } = this.#suspects.shift()!;
      if (!run.isOver) this.#workers.send(worker, run, [index]);
    }
    for (;;) {
      const at = this.#runs.findIndex((run) => !run.isOver && run.waiting > 0);
      const run = this.#runs[at];
      const worker = run && this.#workers.free(BATCHES_PER_WORKER, run.setup);
      if (worker === undefined) return;
      // Runs take turns, so that a small one does not wait for a large one.
      this.#runs.push(...this.#runs.splice(at, 1));
      const { batchSize } = run!.setup;
      const size = batchSize.next(run!.waiting, this.#waiting, this.#options.workers);
      this.#workers.send(worker, run!, run!.take(size));
      this.#batchSize = batchSize.steady;
    }
  }

  #takePart({ run, indices }: BatchJob, { part, done, ms }: BatchPart): void {
    let outcomes = 0;
    for (const [place, outcome] of unpackOutcomes(part)) {
      const index = indices[place];
      if (index === undefined) continue;
      outcomes++;
      this.#settle(run, index, outcome);
    }
    this.#startDeaths = 0;
    this.#time.scoringMs += ms;
    run.setup.batchSize.learn(outcomes, ms);
    if (outcomes > 0) run.setup.quietDeaths = 0;
    if (!done || run.isOver || run.stoppedMs !== undefined) return;
    // A worker that says it is done and leaves trials out has been made to lie: each of them is tried once more.
    for (const index of indices) if (!run.isDone(index)) this.#suspect(run, index, LEFT_OUT);
  }

  #settle(run: TrialRun, index: number, outcome: TrialOutcome): void {
    if (!run.settle(index, outcome)) return;
    this.#trials.done++;
    if (!hasFailed(outcome)) return;
    this.#trials.failed++;
    this.#failures.push(outcome);
    if (this.#failures.length > LIMITS.failuresKept) this.#failures.shift();
  }

  /** The trial a dead worker was at is suspected, or convicted; everything else it had just moves. */
  #mourn(worker: Worker, death: Death): void {
    if (!worker.state.isOnline && ++this.#startDeaths > this.#options.workers * DEATHS_IN_A_ROW) {
      this.#endWith(workersDie(death.how, this.#startDeaths));
    }
    const [oldest] = worker.assigned;
    if (oldest?.kind === 'open' && worker.state.isOnline) this.#blameSetup(oldest.setup, 'loadDeaths', death);
    else if (oldest?.kind === 'batch') this.#blameTrial(oldest, death);
    for (const { run, indices } of batchesOf(worker)) {
      if (run.isOver || run.stoppedMs !== undefined) continue;
      const suspects = new Set(this.#suspects.filter((suspect) => suspect.run === run).map(({ index }) => index));
      run.giveBack(indices.filter((index) => !suspects.has(index)));
    }
  }

  #blameTrial({ run, indices }: BatchJob, death: Death): void {
    if (run.isOver) return;
    const index = death.position === NOT_SCORING ? undefined : indices[death.position];
    if (index === undefined || run.isDone(index)) this.#blameSetup(run.setup, 'quietDeaths', death);
    else this.#suspect(run, index, death);
  }

  /** Time is up for a hung trial; any other death may have been caused by a trial before, and is tried once more. */
  #suspect(run: TrialRun, index: number, death: Death): void {
    const deaths = (run.deaths.get(index) ?? 0) + 1;
    run.deaths.set(index, deaths);
    if (!death.wasHung && deaths < DEATHS_MAX) this.#suspects.push({ run, index });
    else this.#settle(run, index, deathOfTrial(run.setup, run.trials[index]!, death));
  }

  #blameSetup(setup: OpenSetup, what: 'loadDeaths' | 'quietDeaths', { how, wasHung }: Death): void {
    const times = ++setup[what];
    // Workers may die between trials of different ones that each do no harm again.
    const most = what === 'loadDeaths' ? DEATHS_IN_A_ROW : DEATHS_IN_A_ROW * this.#options.workers;
    if (wasHung || times >= most) this.#endSetup(setup, setupKills(setup, how, times));
  }

  /** Passes stops on to workers, waits a moment for what they had finished, and ends those that do not come back. */
  #watchStops(): void {
    for (const run of [...this.#runs]) {
      const reason = run.stop.reason();
      if (reason === undefined || run.isOver) continue;
      const nowMs = this.#options.clock.monotonicMs();
      if (run.stoppedMs === undefined) {
        run.stoppedMs = nowMs;
        run.tellWorkers(reason);
      }
      const isHeld = [...this.#workers].some((worker) => batchesOf(worker).some((job) => job.run === run));
      if (isHeld && nowMs - run.stoppedMs < STOP_ANSWER_MS) continue;
      const found = 'trials that were not run before the stop; they are left out.';
      run.end(new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' }));
      if (isHeld) setTimeout(() => this.#workers.endAt(run), STOP_GRACE_MS).unref();
    }
  }

  /** Refuses all trials of a setup, running and to come, and lets workers forget it. */
  #endSetup(setup: OpenSetup, error: Error): void {
    if (setup.end !== undefined) return;
    setup.end = error;
    this.#setups.delete(setup.message.id);
    setup.opened.promise.catch(() => undefined);
    setup.opened.reject(error);
    for (const run of [...this.#runs]) if (run.setup === setup) run.end(error);
    this.#workers.releaseAll(setup.message.id);
  }

  #endWith(error: Error): void {
    this.#end ??= error;
    this.#workers.giveUp();
    for (const setup of [...this.#setups.values()]) this.#endSetup(setup, error);
  }
}

const LEFT_OUT: Death = { how: 'gave no answer for it', position: NOT_SCORING, wasHung: false };

/** The candles that the cells name, where all workers see them. */
function shared({ cells, markets }: TrialSetup): TrialSetup['markets'] {
  const names = new Set(cells.map(({ market }) => market));
  return Object.fromEntries([...names].map((name) => [name, shareCandles(markets[name]!)]));
}

/** A whole request may come as its execution part; its strategy holds functions, which cannot be sent. */
function plain<T extends object>(execution: T): T {
  const { strategy: _, ...rest } = { strategy: undefined, ...execution };
  return rest as unknown as T;
}

const tooMany = (what: string, limit: number): AppError =>
  new AppError('LIMIT_EXCEEDED', {
    found: `more than ${limit} ${what}.`,
    todo: 'Wait for some to end, or close some.',
  });
