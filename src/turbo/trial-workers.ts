// The workers of a turbo pool: what each holds and does, their setups, and their successors when they have done enough.
import { LIMITS } from '../core/limits.ts';
import { type Death, type Member, Members } from '../pool/members.ts';
import { BATCHES_PER_WORKER } from './batch-size.ts';
import { type BatchPart, type FromWorker, readFromWorker, type ToWorker, type WorkerMemory } from './messages.ts';
import type { OpenSetup } from './open-setup.ts';
import { packTrials } from './packed-trials.ts';
import type { TrialRun } from './trial-run.ts';
import type { TurboPoolOptions } from './turbo-port.ts';

export type Job =
  | { readonly kind: 'open'; readonly token: number; readonly setup: OpenSetup }
  | { readonly kind: 'batch'; readonly token: number; readonly run: TrialRun; readonly indices: readonly number[] }
  | { readonly kind: 'collect'; readonly token: number; readonly done: (isCollected: boolean) => void };
export type BatchJob = Extract<Job, { kind: 'batch' }>;

interface WorkerState {
  isOnline: boolean;
  /** Ids of the setups it was told of, the one used longest ago first. */
  readonly setups: Set<number>;
  runs: number;
  memory: WorkerMemory;
  /** Who takes over: when that one is ready, this one leaves. */
  successor: Worker | undefined;
  /** It is getting ready to take over, and gets no batches yet. */
  isSuccessor: boolean;
  /** It gets no more batches. */
  isLeaving: boolean;
}
export type Worker = Member<Job, WorkerState, ToWorker>;

export interface TrialWorkersOptions extends TurboPoolOptions {
  /** What a worker that starts now will be asked for. */
  readonly setupsInUse: () => Iterable<OpenSetup>;
  readonly onOpened: (setup: OpenSetup) => void;
  readonly onUnfit: (setup: OpenSetup, error: Extract<FromWorker, { error: unknown }>['error']) => void;
  /** Outcomes of a batch, which is the oldest job of the worker. */
  readonly onPart: (job: BatchJob, part: BatchPart) => void;
  /** A worker has room again, or there is one more. */
  readonly onFree: () => void;
  /** It is gone; the strength is restored after this call. */
  readonly onDeath: (worker: Worker, death: Death) => void;
  /** No worker can be started any more. */
  readonly onRefused: (error: Error) => void;
}

/** Between two workers replaced because the process has grown. */
const RSS_PAUSE_MS = 2000;
/** Different notes of workers that are passed on. */
const NOTES_MAX = 10;
/** Places beyond the workers: one for a successor, the others for threads that could not be ended. */
const SPARE_PLACES = 4;

export class TrialWorkers {
  readonly #options: TrialWorkersOptions;
  readonly #members: Members<Job, WorkerState, ToWorker>;
  readonly #timer: NodeJS.Timeout;
  readonly #remarks = new Set<string>();
  #tokens = 0;
  #restarted = 0;
  #recycled = 0;
  #recycledMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  readonly #noted = new Set<string>();

  constructor(options: TrialWorkersOptions) {
    this.#options = options;
    this.#members = new Members({
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
      onRefused: options.onRefused,
      onStuck: (worker, how) => this.#leaveStuck(worker, how),
    });
    this.#timer = setInterval(() => this.#tick(), this.#members.tickMs).unref();
  }

  get restarted(): number {
    return this.#restarted;
  }

  get recycled(): number {
    return this.#recycled;
  }

  [Symbol.iterator](): IterableIterator<Worker> {
    return this.#members[Symbol.iterator]();
  }

  /** Starts workers until there are as many as wanted. */
  fill(): void {
    if (this.#isClosed) return;
    const staying = [...this.#members].filter(({ state }) => !state.isLeaving && !state.isSuccessor).length;
    const successors = [...this.#members].filter(({ state }) => state.isSuccessor);
    for (let missing = this.#options.workers - staying; missing > 0; missing--) {
      const ready = successors.shift();
      if (ready !== undefined) ready.state.isSuccessor = false;
      else if (this.#startWorker() === undefined) return;
    }
  }

  /** The worker with the fewest batches, below `most`; of several one that holds the setup. */
  free(most = BATCHES_PER_WORKER, setup?: OpenSetup): Worker | undefined {
    let best: Worker | undefined;
    let least = most;
    let holds = false;
    for (const worker of this.#members) {
      const { isLeaving, isSuccessor, setups } = worker.state;
      if (worker.isEnding || isLeaving || isSuccessor) continue;
      const load = batchesOf(worker).length;
      const knows = setup !== undefined && setups.has(setup.message.id);
      if (load > least || load === most || (load === least && best !== undefined && (holds || !knows))) continue;
      best = worker;
      least = load;
      holds = knows;
    }
    return best;
  }

  send(worker: Worker, run: TrialRun, indices: readonly number[]): void {
    this.#tell(worker, run.setup);
    const token = ++this.#tokens;
    worker.assigned.push({ kind: 'batch', token, run, indices });
    const trials = packTrials(indices.map((index) => run.trials[index]!));
    worker.thread.post({ token, setup: run.setup.message.id, trials, stop: run.stopWord });
  }

  /** Has every worker load a setup. */
  tellAll(setup: OpenSetup): void {
    for (const worker of this.#members) if (!worker.isEnding) this.#tell(worker, setup);
  }

  releaseAll(id: number): void {
    for (const worker of this.#members) if (!worker.isEnding) this.#release(worker, id);
  }

  /** Has every worker collect garbage once it has done what it holds; answers how many did. */
  async collect(): Promise<number> {
    const answers = [...this.#members]
      .filter(({ isEnding }) => !isEnding)
      .map(
        (worker) =>
          new Promise<boolean>((done) => {
            const token = ++this.#tokens;
            worker.assigned.push({ kind: 'collect', token, done });
            worker.thread.post({ token, collect: true });
          }),
      );
    return (await Promise.all(answers)).filter((isCollected) => isCollected).length;
  }

  /** Ends workers that are still at a run that is over. */
  endAt(run: TrialRun): void {
    for (const worker of this.#members) {
      const [oldest] = worker.assigned;
      if (worker.isEnding || oldest?.kind !== 'batch' || oldest.run !== run) continue;
      void this.#members.endHung(worker, 'did not come back after a stop');
    }
  }

  /** Nobody who dies from now on is replaced. */
  giveUp(): void {
    this.#isClosed = true;
  }

  async close(): Promise<void> {
    this.giveUp();
    clearInterval(this.#timer);
    for (const worker of this.#members) this.#missCollections(worker);
    await this.#members.close();
  }

  /** Makes sure that a worker holds a setup; the one it used longest ago gives way. */
  #tell(worker: Worker, setup: OpenSetup): void {
    const { setups } = worker.state;
    const { id } = setup.message;
    if (setups.delete(id)) {
      setups.add(id);
      return;
    }
    if (setups.size >= LIMITS.workerSetupsMax) {
      const inUse = new Set(worker.assigned.map((job) => setupOf(job)?.message.id));
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
    const { state, assigned } = worker;
    if ('remark' in said) {
      this.#passOn(said.remark);
      return;
    }
    if (!('error' in said)) state.memory = said.memory;
    state.isOnline = true;
    if (!('online' in said)) {
      const job = assigned[0];
      if (job === undefined || said.token !== job.token) return;
      worker.silentTicks = 0;
      if ('part' in said && job.kind === 'batch') {
        state.runs += said.part.scored.length + said.part.failures.length;
        if (said.done) assigned.shift();
        this.#options.onPart(job, said);
        if (said.done) this.#recycleWhenDue(worker);
      } else if ('opened' in said && job.kind === 'open') {
        assigned.shift();
        this.#note(said.notes);
        this.#options.onOpened(job.setup);
      } else if ('error' in said && job.kind === 'open') {
        assigned.shift();
        state.setups.delete(job.setup.message.id);
        this.#options.onUnfit(job.setup, said.error);
      } else if ('collected' in said && job.kind === 'collect') {
        assigned.shift();
        job.done(true);
      } else return;
    }
    this.#takeOver(worker);
    this.#options.onFree();
  }

  /** Passes on what workers lack, once each: they all run on the same machine. */
  #note(notes: readonly string[]): void {
    for (const note of notes) {
      if (this.#noted.size >= NOTES_MAX || this.#noted.has(note)) continue;
      this.#noted.add(note);
      this.#options.onNote?.(note);
    }
  }

  #passOn(remark: string): void {
    if (this.#remarks.has(remark) || this.#remarks.size >= LIMITS.remarksMax) return;
    this.#remarks.add(remark);
    this.#options.onNote?.(remark);
  }

  #bury(worker: Worker, death: Death): void {
    if (worker.state.isOnline) this.#restarted++;
    this.#missCollections(worker);
    this.#options.onDeath(worker, death);
    this.fill();
    this.#options.onFree();
  }

  /** Whoever is gone collects nothing, and nobody waits for it. */
  #missCollections(worker: Worker): void {
    for (const job of worker.assigned) if (job.kind === 'collect') job.done(false);
  }

  /** It may never end: nobody waits for it, and its place is lost. */
  #leaveStuck(worker: Worker, how: string): void {
    this.#members.abandon(worker);
    this.#options.onNote?.(`A worker that ${how} could not be ended; it goes on in the background.`);
    this.#bury(worker, { how, position: worker.thread.position(), wasHung: true });
  }

  #startWorker(): Worker | undefined {
    const worker = this.#members.add();
    if (worker === undefined) return undefined;
    for (const setup of this.#options.setupsInUse()) this.#tell(worker, setup);
    return worker;
  }

  #recycleWhenDue(worker: Worker): void {
    const { recycleAfterRuns = LIMITS.workerRunsMax, recycleWorkerMb = Number.POSITIVE_INFINITY } = this.#options;
    const { runs, memory } = worker.state;
    if (runs >= recycleAfterRuns || bytesOf(memory) > recycleWorkerMb * 2 ** 20) this.#recycle(worker);
  }

  /** Starts the successor of a worker; one at a time. */
  #recycle(worker: Worker): void {
    if ([...this.#members].some(({ state }) => state.isSuccessor || state.isLeaving)) return;
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
      for (const other of this.#members) if (other.state.successor === worker) other.state.isLeaving = true;
    }
    for (const other of this.#members) {
      if (!other.state.isLeaving || other.assigned.length > 0 || other.isEnding) continue;
      this.#recycled++;
      void this.#members.dismiss(other);
    }
  }

  #tick(): void {
    this.#members.checkSilence();
    const { recycleRssMb = Number.POSITIVE_INFINITY, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#recycledMs < RSS_PAUSE_MS || process.memoryUsage.rss() <= recycleRssMb * 2 ** 20) return;
    this.#recycledMs = nowMs;
    const [largest] = [...this.#members].sort((a, b) => bytesOf(b.state.memory) - bytesOf(a.state.memory));
    if (largest !== undefined && largest.state.runs > 0) this.#recycle(largest);
  }
}

function setupOf(job: Job): OpenSetup | undefined {
  if (job.kind === 'collect') return undefined;
  return job.kind === 'open' ? job.setup : job.run.setup;
}

export const batchesOf = (worker: Worker): BatchJob[] => worker.assigned.filter((job) => job.kind === 'batch');

const bytesOf = ({ heapBytes, externalBytes }: WorkerMemory): number => heapBytes + externalBytes;
