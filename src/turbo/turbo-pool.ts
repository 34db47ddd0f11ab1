// The turbo pool: workers that live as long as the pool and run trials of any setup, each trial failing alone.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Death, type Member, Members } from '../pool/members.ts';
import { NOT_SCORING, unpackError } from '../pool/messages.ts';
import { shareCandles } from '../pool/shared-candles.ts';
import { hasFailed, type TrialFailure, type TrialOutcome, type TrialSpec } from '../trials/trial.ts';
import { BATCHES_PER_WORKER, BatchSize } from './batch-size.ts';
import { type BatchPart, readFromWorker, type ToWorker, type WorkerMemory } from './messages.ts';
import { createResolvers, type OpenSetup } from './open-setup.ts';
import { unpackOutcomes } from './packed-outcomes.ts';
import { packTrials } from './packed-trials.ts';
import { deathOfTrial, setupKills, workersDie } from './trial-deaths.ts';
import { TrialRun } from './trial-run.ts';
import {
  DEFAULT_CACHE_BYTES,
  type OpenTrials,
  type TrialSetup,
  type TurboPool,
  type TurboPoolOptions,
} from './turbo-port.ts';
import type { TurboStatus } from './turbo-status.ts';

/** Trials that wait at the pool for each one at a worker, so that a run ends rarely. */
const APPETITE_PER_BATCH = 4;
/** How often a stop is looked for. */
const STOP_TICK_MS = 15;
/** Workers have this long to hand in what they had finished at a stop … */
const STOP_ANSWER_MS = 100;
/** … and this long to come back before they are ended. */
const STOP_GRACE_MS = 1000;
/** Between two workers replaced because the process has grown. */
const RSS_PAUSE_MS = 2000;
/** Places beyond the workers: one for a successor, the others for threads that could not be ended. */
const SPARE_PLACES = 4;
/** Deaths of a trial's worker that convict it: the first may have been the doing of a trial before. */
const DEATHS_MAX = 2;
/** Deaths in a row that convict a setup or the pool. */
const DEATHS_IN_A_ROW = 3;

type Job =
  | { readonly kind: 'open'; readonly token: number; readonly setup: OpenSetup }
  | { readonly kind: 'batch'; readonly token: number; readonly run: TrialRun; readonly indices: readonly number[] };
type BatchJob = Extract<Job, { kind: 'batch' }>;

interface WorkerState {
  isOnline: boolean;
  /** Ids of the setups it was told of, the one used longest ago first. */
  readonly setups: Set<number>;
  runs: number;
  memory: WorkerMemory;
  /** Its successor: it leaves when that one is ready. */
  successor: Worker | undefined;
  /** It is getting ready to take over, and gets no batches yet. */
  isSuccessor: boolean;
  /** It gets no more batches. */
  isLeaving: boolean;
}
type Worker = Member<Job, WorkerState, ToWorker>;

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
  readonly #workers: Members<Job, WorkerState, ToWorker>;
  readonly #setups = new Map<number, OpenSetup>();
  /** Those that are not over; the first one is served next. */
  readonly #runs: TrialRun[] = [];
  /** Trials that a worker died at once: each runs next and by itself, in a worker that has nothing else. */
  readonly #suspects: { readonly run: TrialRun; readonly index: number }[] = [];
  readonly #failures: TrialFailure[] = [];
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #counts = { done: 0, failed: 0, restarted: 0, recycled: 0 };
  readonly #useful = { scoringMs: 0, wallMs: 0, sinceMs: 0 };
  #lastBatch = 0;
  #ids = 0;
  #tokens = 0;
  /** Workers that died before they were online, in a row. */
  #startDeaths = 0;
  #recycledMs = Number.NEGATIVE_INFINITY;
  /** Why the pool takes no more work. */
  #end: Error | undefined;

  constructor(options: TurboPoolOptions) {
    this.#options = options;
    this.#workers = new Members({
      places: options.workers + SPARE_PLACES,
      start: options.start,
      createState: (): WorkerState => ({
        isOnline: false,
        setups: new Set<number>(),
        runs: 0,
        memory: { heapBytes: 0, externalBytes: 0 },
        successor: undefined,
        isSuccessor: false,
        isLeaving: false,
      }),
      silenceMs: options.trialMsMax ?? LIMITS.workerSilenceMsMax,
      onMessage: (worker, message) => this.#receive(worker, message),
      onDeath: (worker, death) => this.#bury(worker, death),
      onRefused: (error) => this.#endWith(error),
      onStuck: (worker, how) => this.#leaveStuck(worker, how),
    });
    this.#timers = [
      setInterval(() => this.#tick(), this.#workers.tickMs).unref(),
      setInterval(() => this.#watchStops(), STOP_TICK_MS).unref(),
    ];
    this.#fill();
  }

  async open(setup: TrialSetup): Promise<OpenTrials> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#setups.size >= LIMITS.setupsOpenMax) throw tooMany('setups open', LIMITS.setupsOpenMax);
    const { execution, cells, strategyRef, identity, cacheBytes = DEFAULT_CACHE_BYTES, seed } = setup;
    const markets = Object.fromEntries(
      [...new Set(cells.map(({ market }) => market))].map((name) => [name, shareCandles(setup.markets[name]!)]),
    );
    const id = ++this.#ids;
    const open: OpenSetup = {
      message: { id, strategyRef, identity, execution: plain(execution), cells, markets, cacheBytes },
      seed,
      batchSize: new BatchSize(this.#options.batchSize),
      opened: createResolvers<void>(),
      loadDeaths: 0,
      quietDeaths: 0,
      end: undefined,
    };
    this.#setups.set(id, open);
    for (const worker of this.#workers) this.#tellSetup(worker, open);
    await open.opened.promise;
    const pool = this;
    return {
      get appetite() {
        return pool.#appetite(open);
      },
      run: (trials, { stop, onOutcome }) => this.#run(new TrialRun({ setup: open, trials, stop, onOutcome })),
      close: async () => this.#close(open),
    };
  }

  status(): TurboStatus {
    const workers = [...this.#workers];
    const ready = workers.filter(({ state, isEnding }) => state.isOnline && !state.isSuccessor && !isEnding);
    const busy = workers.filter((worker) => batchesOf(worker).length > 0);
    this.#countWall();
    const { scoringMs, wallMs } = this.#useful;
    const { done, failed, restarted, recycled } = this.#counts;
    const waiting = this.#runs.reduce((sum, run) => sum + run.waiting, this.#suspects.length);
    return {
      workers: {
        expected: this.#options.workers,
        online: Math.min(ready.length, this.#options.workers),
        busy: busy.length,
        restarted,
        recycled,
      },
      trials: { done, failed, waiting },
      batchSize: this.#lastBatch,
      usefulShare: wallMs === 0 ? null : scoringMs / (wallMs * this.#options.workers),
      memory: {
        rssBytes: process.memoryUsage.rss(),
        workers: workers.map(({ number, state }) => ({ number, runs: state.runs, ...state.memory })),
      },
      inFlight: busy.map((worker) => ({
        number: worker.number,
        trials: batchesOf(worker).reduce((sum, { indices }) => sum + indices.length, 0),
        trial: trialAt(worker),
      })),
      failures: [...this.#failures],
    };
  }

  async close(): Promise<void> {
    this.#endWith(
      new AppError('CANCELLED', { found: 'a pool that was closed before all trials were run.', todo: 'Run again.' }),
    );
    for (const timer of this.#timers) clearInterval(timer);
    await this.#workers.close();
  }

  #appetite({ batchSize }: OpenSetup): number {
    const most = this.#options.workers * BATCHES_PER_WORKER * APPETITE_PER_BATCH * batchSize.steady;
    return Math.min(LIMITS.runTrialsMax, most);
  }

  async #run(run: TrialRun) {
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
      this.#forgetRun(run);
    }
  }

  #forgetRun(run: TrialRun): void {
    const at = this.#runs.indexOf(run);
    if (at >= 0) this.#runs.splice(at, 1);
    for (let i = this.#suspects.length - 1; i >= 0; i--)
      if (this.#suspects[i]!.run === run) this.#suspects.splice(i, 1);
  }

  /** Wall time counts while there is work. */
  #countWall(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#runs.length > 0) this.#useful.wallMs += nowMs - this.#useful.sinceMs;
    this.#useful.sinceMs = nowMs;
  }

  async #close(setup: OpenSetup): Promise<void> {
    this.#endSetup(
      setup,
      new AppError('CANCELLED', { found: 'trials of a setup that was closed.', todo: 'Run again.' }),
    );
  }

  /** Hands out what waits: suspects by themselves, then runs in turn. */
  #assign(): void {
    if (this.#end !== undefined) return;
    while (this.#suspects.length > 0) {
      const worker = this.#freeWorker(1);
      if (worker === undefined) break;
      const { run, index } = this.#suspects.shift()!;
      if (!run.isOver) this.#send(worker, run, [index]);
    }
    for (;;) {
      const run = this.#nextRun();
      const worker = run && this.#freeWorker(BATCHES_PER_WORKER, run.setup);
      if (run === undefined || worker === undefined) return;
      const { workers } = this.#options;
      this.#send(worker, run, run.take(run.setup.batchSize.next(run.waiting, workers)));
    }
  }

  /** Runs take turns, so that a small one does not wait for a large one. */
  #nextRun(): TrialRun | undefined {
    const at = this.#runs.findIndex((run) => !run.isOver && run.waiting > 0);
    if (at < 0) return undefined;
    const [run] = this.#runs.splice(at, 1);
    this.#runs.push(run!);
    return run;
  }

  /** The worker with the fewest batches, below `most`; of several one that holds the setup. */
  #freeWorker(most: number, setup?: OpenSetup): Worker | undefined {
    let best: Worker | undefined;
    let least = most;
    for (const worker of this.#workers) {
      const { isLeaving, isSuccessor, setups } = worker.state;
      if (worker.isEnding || isLeaving || isSuccessor) continue;
      const load = batchesOf(worker).length;
      const isBetter = load === least && best !== undefined && setup !== undefined && setups.has(setup.message.id);
      if (load >= least && !(isBetter && !best!.state.setups.has(setup.message.id))) continue;
      best = worker;
      least = load;
    }
    return best;
  }

  #send(worker: Worker, run: TrialRun, indices: readonly number[]): void {
    this.#tellSetup(worker, run.setup);
    const token = ++this.#tokens;
    worker.assigned.push({ kind: 'batch', token, run, indices });
    this.#lastBatch = indices.length;
    const trials = packTrials(indices.map((index) => run.trials[index]!));
    worker.thread.post({ token, setup: run.setup.message.id, trials, stop: run.stopWord });
  }

  /** Makes sure that a worker holds a setup; the one it used longest ago gives way. */
  #tellSetup(worker: Worker, setup: OpenSetup): void {
    const { setups } = worker.state;
    const { id } = setup.message;
    if (setups.delete(id)) {
      setups.add(id);
      return;
    }
    if (setups.size >= LIMITS.workerSetupsMax) {
      const inUse = new Set(worker.assigned.map((job) => setupOf(job).message.id));
      const oldest = [...setups].find((known) => !inUse.has(known));
      if (oldest !== undefined) this.#release(worker, oldest);
    }
    setups.add(id);
    const token = ++this.#tokens;
    worker.assigned.push({ kind: 'open', token, setup });
    worker.thread.post({ token, open: setup.message });
  }

  #release(worker: Worker, id: number): void {
    if (worker.state.setups.delete(id)) worker.thread.post({ release: id });
  }

  /** Takes the answer to the oldest job of a worker; whatever else it says is late or foreign, and ignored. */
  #receive(worker: Worker, message: unknown): void {
    const said = readFromWorker(message);
    if (said === undefined) return;
    if ('online' in said) {
      worker.state.isOnline = true;
      worker.state.memory = said.memory;
      this.#startDeaths = 0;
    } else {
      const job = worker.assigned[0];
      if (job === undefined || said.token !== job.token) return;
      worker.silentTicks = 0;
      if ('part' in said && job.kind === 'batch') this.#takePart(worker, job, said);
      else if ('opened' in said && job.kind === 'open') {
        worker.assigned.shift();
        worker.state.memory = said.memory;
        job.setup.loadDeaths = 0;
        job.setup.opened.resolve();
      } else if ('error' in said && job.kind === 'open') {
        worker.assigned.shift();
        worker.state.setups.delete(job.setup.message.id);
        this.#endSetup(job.setup, unpackError(said.error));
      } else return;
    }
    this.#takeOver(worker);
    this.#assign();
  }

  #takePart(worker: Worker, job: BatchJob, { part, done, ms, memory }: BatchPart): void {
    const { run, indices } = job;
    let outcomes = 0;
    for (const [place, outcome] of unpackOutcomes(part)) {
      const index = indices[place];
      if (index === undefined) continue;
      outcomes++;
      this.#settle(run, index, outcome);
    }
    worker.state.runs += outcomes;
    worker.state.memory = memory;
    this.#useful.scoringMs += ms;
    run.setup.batchSize.learn(outcomes, ms);
    if (outcomes > 0) run.setup.quietDeaths = 0;
    if (!done) return;
    worker.assigned.shift();
    // A worker that says it is done and leaves trials out has been made to lie: each of them is tried once more.
    if (!run.isOver && run.stoppedMs === undefined) {
      for (const index of indices) if (!run.isDone(index)) this.#suspect(run, index, LEFT_OUT);
    }
    this.#recycleWhenDue(worker);
  }

  #settle(run: TrialRun, index: number, outcome: TrialOutcome): void {
    if (!run.settle(index, outcome)) return;
    this.#counts.done++;
    if (!hasFailed(outcome)) return;
    this.#counts.failed++;
    this.#failures.push(outcome);
    if (this.#failures.length > LIMITS.failuresKept) this.#failures.shift();
  }

  /** Replaces a dead worker. The trial it was at is suspected, or convicted; everything else it had just moves. */
  #bury(worker: Worker, death: Death): void {
    if (worker.state.isOnline) this.#counts.restarted++;
    else this.#startDeaths++;
    const [oldest] = worker.assigned;
    const batches = batchesOf(worker);
    if (oldest?.kind === 'open') this.#blameSetup(oldest.setup, 'loadDeaths', death);
    else if (oldest !== undefined) this.#blameTrial(oldest, death);
    for (const { run, indices } of batches) {
      const suspected = new Set(this.#suspects.filter((suspect) => suspect.run === run).map(({ index }) => index));
      if (!run.isOver && run.stoppedMs === undefined) run.giveBack(indices.filter((index) => !suspected.has(index)));
    }
    if (this.#startDeaths > this.#options.workers * DEATHS_IN_A_ROW) {
      this.#endWith(workersDie(death.how, this.#startDeaths));
    }
    if (this.#end !== undefined) return;
    this.#fill();
    this.#assign();
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
    if (wasHung || times >= DEATHS_IN_A_ROW) this.#endSetup(setup, setupKills(setup, how, times));
  }

  /** It may never end: nobody waits for it, and its place is lost. */
  #leaveStuck(worker: Worker, how: string): void {
    this.#workers.abandon(worker);
    this.#options.onNote?.(`A worker that ${how} could not be ended; it goes on in the background.`);
    this.#bury(worker, { how, position: worker.thread.position(), wasHung: true });
  }

  /** Starts workers until there are as many as wanted. */
  #fill(): void {
    const staying = [...this.#workers].filter(({ state }) => !state.isLeaving && !state.isSuccessor).length;
    const successors = [...this.#workers].filter(({ state }) => state.isSuccessor);
    for (let missing = this.#options.workers - staying; missing > 0; missing--) {
      const ready = successors.shift();
      if (ready !== undefined) ready.state.isSuccessor = false;
      else if (this.#startWorker() === undefined) return;
    }
  }

  #startWorker(): Worker | undefined {
    const worker = this.#workers.add();
    if (worker === undefined) return undefined;
    for (const setup of new Set(this.#runs.map((run) => run.setup))) this.#tellSetup(worker, setup);
    return worker;
  }

  #recycleWhenDue(worker: Worker): void {
    const { recycleAfterRuns = LIMITS.workerRunsMax, recycleWorkerMb = Number.POSITIVE_INFINITY } = this.#options;
    const { runs, memory } = worker.state;
    if (runs >= recycleAfterRuns || bytesOf(memory) > recycleWorkerMb * 2 ** 20) this.#recycle(worker);
  }

  /** Starts the successor of a worker; one at a time. */
  #recycle(worker: Worker): void {
    const isUnderWay = [...this.#workers].some(({ state }) => state.isSuccessor || state.isLeaving);
    if (isUnderWay || worker.state.successor !== undefined) return;
    const successor = this.#startWorker();
    if (successor === undefined) return;
    successor.state.isSuccessor = true;
    worker.state.successor = successor;
  }

  /** A successor that is ready takes over; a worker that leaves goes when it has nothing more to do. */
  #takeOver(worker: Worker): void {
    const { state } = worker;
    if (state.isSuccessor && state.isOnline && worker.assigned.length === 0) {
      state.isSuccessor = false;
      for (const other of this.#workers) if (other.state.successor === worker) other.state.isLeaving = true;
    }
    for (const other of this.#workers) {
      if (!other.state.isLeaving || other.assigned.length > 0 || other.isEnding) continue;
      this.#counts.recycled++;
      void this.#workers.dismiss(other).then(() => this.#assign());
    }
  }

  #tick(): void {
    this.#workers.checkSilence();
    const { recycleRssMb = Number.POSITIVE_INFINITY, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#recycledMs < RSS_PAUSE_MS || process.memoryUsage.rss() <= recycleRssMb * 2 ** 20) return;
    this.#recycledMs = nowMs;
    const [largest] = [...this.#workers].sort((a, b) => bytesOf(b.state.memory) - bytesOf(a.state.memory));
    if (largest !== undefined && largest.state.runs > 0) this.#recycle(largest);
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
      const holders = [...this.#workers].filter((worker) => batchesOf(worker).some((job) => job.run === run));
      if (holders.length > 0 && nowMs - run.stoppedMs < STOP_ANSWER_MS) continue;
      const found = 'trials that were not run before the stop; they are left out.';
      run.end(new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' }));
      for (const worker of holders) setTimeout(() => this.#endIfAt(worker, run), STOP_GRACE_MS).unref();
    }
  }

  #endIfAt(worker: Worker, run: TrialRun): void {
    const [oldest] = worker.assigned;
    if (this.#end !== undefined || worker.isEnding || oldest?.kind !== 'batch' || oldest.run !== run) return;
    void this.#workers.endHung(worker, 'did not come back after a stop');
  }

  /** Refuses all trials of a setup, running and to come, and lets workers forget it. */
  #endSetup(setup: OpenSetup, error: Error): void {
    if (setup.end !== undefined) return;
    setup.end = error;
    this.#setups.delete(setup.message.id);
    setup.opened.promise.catch(() => undefined);
    setup.opened.reject(error);
    for (const run of [...this.#runs]) if (run.setup === setup) run.end(error);
    for (const worker of this.#workers) this.#release(worker, setup.message.id);
  }

  #endWith(error: Error): void {
    this.#end ??= error;
    for (const setup of [...this.#setups.values()]) this.#endSetup(setup, error);
  }
}

const LEFT_OUT: Death = { how: 'gave no answer for it', position: NOT_SCORING, wasHung: false };

const setupOf = (job: Job): OpenSetup => (job.kind === 'open' ? job.setup : job.run.setup);

const batchesOf = (worker: Worker): BatchJob[] => worker.assigned.filter((job) => job.kind === 'batch');

const bytesOf = ({ heapBytes, externalBytes }: WorkerMemory): number => heapBytes + externalBytes;

/** The trial a worker is at. */
function trialAt(worker: Worker): TrialSpec | undefined {
  const [oldest] = worker.assigned;
  if (oldest?.kind !== 'batch') return undefined;
  const index = oldest.indices[worker.thread.position()];
  return index === undefined ? undefined : oldest.run.trials[index];
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
