// The pool of a sweep: hands batches and columns to threads, and retries once what a thread died or hung at.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import { type Grid, indicatorVariantKey, parametersAt } from '../sweep/grid.ts';
import type { ColumnTask, ScoreBatches, ScoringStats, VariantBatch, WorkTimes } from '../sweep/score.ts';
import { type Death, type Member, Members } from './members.ts';
import {
  type Answer,
  NOT_SCORING,
  readMessage,
  STOP_REASONS,
  unpackError,
  type Work,
  type WorkMessage,
} from './messages.ts';
import type { ScoringThread, ThreadEvents } from './thread.ts';

export interface PoolOptions {
  readonly workers: number;
  /** Starts thread `thread`, 0 to workers - 1; no two with the same number live at the same time. */
  readonly start: (events: ThreadEvents, thread: number) => ScoringThread;
  readonly grid: Grid;
  /** A thread that gets no further for this long counts as hung. */
  readonly silenceMs: number;
  readonly stop?: StopToken;
  /** The word by which threads hear of the stop. */
  readonly stopWord?: Int32Array;
  /** Names a column for errors; absent where threads compute no columns on demand. */
  readonly columnName?: ((id: number) => string) | undefined;
}

/** Work handed to one thread at a time: what it does, and what waits at its door so that it never idles. */
const ASSIGNED_MAX = 2;
/** Threads that one piece of work may take with it before the sweep fails. */
const DEATHS_MAX = 2;
/** Threads poll the stop word between slices of 20 ms at most: with this, all of them have stopped within 50 ms. */
const STOP_TICK_MS = 15;
/** Work in flight has this long to finish after a stop. */
const STOP_GRACE_MS = 1000;

const NO_STATS: ScoringStats = { columnsComputed: 0, hits: 0, misses: 0 };

interface Task {
  readonly work: Work;
  readonly resolve: (rows: Float64Array) => void;
  readonly reject: (error: Error) => void;
  deaths: number;
}

/** A task at a thread, under the token of its answer. */
interface Job {
  readonly token: number;
  readonly task: Task;
}

type PoolMember = Member<Job, { stats: ScoringStats }, WorkMessage>;

const NO_ROWS = new Float64Array(0);

export class Pool implements ScoreBatches {
  readonly concurrency: number;
  readonly threads: number;
  readonly computeColumns: ((tasks: readonly ColumnTask[]) => Promise<void>) | undefined;
  readonly #options: PoolOptions;
  readonly #members: Members<Job, { stats: ScoringStats }, WorkMessage>;
  /** Columns go first: batches wait for them. */
  readonly #waiting: { readonly columns: Task[]; readonly batches: Task[] } = { columns: [], batches: [] };
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #worked = { scoringMs: 0, columnsMs: 0 };
  #pastStats = NO_STATS;
  #kernels: ScoreBatches['kernels'];
  #tokens = 0;
  #deathsInARow = 0;
  #ticksSinceStop = 0;
  /** Why the pool takes no more work. */
  #end: Error | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.threads = options.workers;
    this.concurrency = options.workers * ASSIGNED_MAX;
    this.#members = new Members({
      places: options.workers,
      start: options.start,
      createState: () => ({ stats: NO_STATS }),
      silenceMs: options.silenceMs,
      onMessage: (member, message) => this.#receive(member, message),
      onDeath: (member, death) => this.#bury(member, death),
      onRefused: (error) => this.#endWith(error),
      // Its work may be done again only when the thread is gone: it writes to memory that its replacement would use.
      onStuck: (_, how) => this.#endWith(this.#workerDied(`a thread that ${how}`, 'and could not be ended')),
    });
    this.#timers = [
      setInterval(() => this.#tick(), this.#members.tickMs).unref(),
      setInterval(() => this.#tellStop(), STOP_TICK_MS).unref(),
    ];
    if (options.columnName !== undefined) {
      this.computeColumns = async (columns) => void (await this.#enqueue({ columns }));
    }
  }

  /** Threads at work. They start as work needs them, up to the number of workers. */
  get strength(): number {
    return this.#members.strength;
  }

  score(batch: VariantBatch): Promise<Float64Array> {
    return this.#enqueue({ batch });
  }

  /** As the threads say, once one has answered; they all run on the same machine. */
  get kernels(): ScoreBatches['kernels'] {
    return this.#kernels;
  }

  stats(): ScoringStats {
    return [...this.#members].reduce((sum, { state }) => addStats(sum, state.stats), this.#pastStats);
  }

  worked(): WorkTimes {
    return { ...this.#worked };
  }

  /** Ends the threads that have nothing to do, and with them their memory; they come back when there is work. */
  async retire(): Promise<void> {
    const idle = [...this.#members].filter(({ assigned, isEnding }) => assigned.length === 0 && !isEnding);
    await Promise.all(idle.map((member) => this.#dismiss(member)));
  }

  async close(): Promise<boolean> {
    const cancelled = { found: 'a pool that was closed before all batches were scored.', todo: 'Run again.' };
    this.#endWith(new AppError('CANCELLED', cancelled));
    this.#pastStats = this.stats();
    for (const timer of this.#timers) clearInterval(timer);
    return this.#members.close();
  }

  #enqueue(work: Work): Promise<Float64Array> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end;
      this.#queueOf(work).push({ work, resolve, reject, deaths: 0 });
      this.#assign();
    });
  }

  #queueOf(work: Work): Task[] {
    return 'batch' in work ? this.#waiting.batches : this.#waiting.columns;
  }

  #assign(): void {
    const { columns, batches } = this.#waiting;
    while (columns.length + batches.length > 0) {
      const member = this.#freeMember();
      if (member === undefined) return;
      const task = (columns.shift() ?? batches.shift())!;
      const token = ++this.#tokens;
      member.assigned.push({ token, task });
      member.thread.post({ token, ...task.work });
    }
  }

  /** An idle thread, else a new one, else one with room at its door. */
  #freeMember(): PoolMember | undefined {
    let free: PoolMember | undefined;
    for (const member of this.#members) {
      if (member.isEnding) continue;
      if (member.assigned.length === 0) return member;
      if (member.assigned.length < ASSIGNED_MAX) free ??= member;
    }
    return this.#members.add() ?? free;
  }

  /** Takes the answer to the oldest work of a thread; whatever else it says is late or foreign, and ignored. */
  #receive(member: PoolMember, message: unknown): void {
    const answer = readMessage(message);
    if (answer === undefined) return;
    if ('unfit' in answer) {
      this.#endWith(unpackError(answer.unfit));
      return;
    }
    const oldest = member.assigned[0];
    if (oldest === undefined || answer.token !== oldest.token || !this.#fits(answer, oldest.task.work)) return;
    member.assigned.shift();
    member.silentTicks = 0;
    this.#deathsInARow = 0;
    this.#settle(member, oldest.task, answer);
    this.#assign();
  }

  #settle(member: PoolMember, task: Task, answer: Answer): void {
    if ('error' in answer) {
      task.reject(unpackError(answer.error));
      return;
    }
    member.state.stats = answer.stats;
    this.#kernels = answer.kernels;
    this.#worked['batch' in task.work ? 'scoringMs' : 'columnsMs'] += answer.ms;
    task.resolve('rows' in answer ? answer.rows : NO_ROWS);
  }

  /** Whether an answer is one to this work: rows for a batch, as many as it has variants. */
  #fits(answer: Answer, work: Work): boolean {
    if ('error' in answer) return true;
    if ('columns' in work) return 'filled' in answer;
    return 'rows' in answer && answer.rows.length === this.#variantsOf(work.batch) * METRIC_NAMES.length;
  }

  /** Replaces a dead thread. The work it was at is blamed and retried once; what waited at its door just moves. */
  #bury(member: PoolMember, { how, position }: Death): void {
    this.#pastStats = addStats(this.#pastStats, member.state.stats);
    const tasks = member.assigned.map(({ task }) => task);
    if (position !== NOT_SCORING && tasks[0] !== undefined && ++tasks[0].deaths >= DEATHS_MAX) {
      const guilty = tasks.shift()!;
      guilty.reject(this.#workerDied(`${this.#describe(guilty.work, position)} ${how}`, 'twice'));
    }
    for (const task of tasks.reverse()) this.#queueOf(task.work).unshift(task);
    if (++this.#deathsInARow > this.#options.workers * DEATHS_MAX + 1) {
      this.#endWith(this.#workerDied(`a thread that ${how}`, `${this.#deathsInARow} times in a row`));
    }
    if (this.#end !== undefined) return;
    this.#members.add();
    this.#assign();
  }

  #tick(): void {
    const reason = (this.#options.stop ?? NEVER_STOP).reason();
    if (reason !== undefined && ++this.#ticksSinceStop * this.#members.tickMs > STOP_GRACE_MS) {
      const found = 'batches still running after the stop; they are left out.';
      this.#endWith(new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' }));
    }
    this.#members.checkSilence();
  }

  /** Passes a stop on to the threads, and refuses what none of them has begun. */
  #tellStop(): void {
    const { stop = NEVER_STOP, stopWord } = this.#options;
    const reason = stop.reason();
    if (reason === undefined) return;
    if (stopWord !== undefined) Atomics.store(stopWord, 0, STOP_REASONS.indexOf(reason));
    const { columns, batches } = this.#waiting;
    const found = 'work that had not begun at the stop; it is left out.';
    const error = new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' });
    for (const task of [...columns.splice(0), ...batches.splice(0)]) task.reject(error);
  }

  async #dismiss(member: PoolMember): Promise<void> {
    if (!(await this.#members.dismiss(member))) return;
    this.#pastStats = addStats(this.#pastStats, member.state.stats);
    this.#assign();
  }

  /** Refuses all work, waiting, running and to come. */
  #endWith(error: Error): void {
    this.#end ??= error;
    for (const member of this.#members) for (const { task } of member.assigned.splice(0)) task.reject(error);
    const { columns, batches } = this.#waiting;
    for (const task of [...columns.splice(0), ...batches.splice(0)]) task.reject(error);
  }

  #variantsOf(batch: VariantBatch): number {
    return batch.baseIndices.length * (batch.stage === 'A' ? 1 : this.#options.grid.riskPoints);
  }

  #describe(work: Work, position: number): string {
    const { grid, columnName } = this.#options;
    if ('columns' in work) {
      const { id } = work.columns[Math.min(position, work.columns.length - 1)]!;
      return `the column ${columnName?.(id) ?? id}: a thread`;
    }
    const { stage, baseIndices } = work.batch;
    const perBase = stage === 'A' ? 1 : grid.riskPoints;
    const at = Math.min(Math.floor(position / perBase), baseIndices.length - 1);
    const name = (baseIndex: number): string => indicatorVariantKey(grid, parametersAt(grid, baseIndex));
    const [first, last] = [baseIndices[0]!, baseIndices.at(-1)!];
    return `base variants ${first} to ${last} (${name(first)} to ${name(last)}) in stage ${stage}: at ${name(baseIndices[at]!)} a thread`;
  }

  #workerDied(what: string, howOften: string): AppError {
    const todo =
      'Look there for process.exit, endless loops and runaway memory; --workers 1 runs it without threads and limits.';
    return new AppError('WORKER_DIED', { found: `${what}, ${howOften}.`, todo });
  }
}

function addStats(a: ScoringStats, b: ScoringStats): ScoringStats {
  return {
    columnsComputed: a.columnsComputed + b.columnsComputed,
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
    sharedTrades: (a.sharedTrades ?? 0) + (b.sharedTrades ?? 0),
    singleTrades: (a.singleTrades ?? 0) + (b.singleTrades ?? 0),
  };
}
