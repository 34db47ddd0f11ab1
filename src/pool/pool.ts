// The pool: hands batches to threads, replaces threads that die or hang, and retries their batch once.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { METRIC_NAMES } from '../metrics/metrics.ts';
import type { ColumnStats } from '../sweep/columns.ts';
import { type Grid, indicatorVariantKey, parametersAt } from '../sweep/grid.ts';
import type { ScoreBatches, VariantBatch } from '../sweep/score.ts';
import { NOT_SCORING, readMessage, unpackError } from './messages.ts';
import type { ScoringThread, ThreadEvents } from './thread.ts';

export interface PoolOptions {
  readonly workers: number;
  readonly start: (events: ThreadEvents) => ScoringThread;
  readonly grid: Grid;
  /** A thread that scores no variant for this long counts as hung. */
  readonly silenceMs: number;
  readonly stop?: StopToken;
}

/** Batches handed to one thread at a time: one it scores, one waiting at its door so that it never idles. */
const ASSIGNED_MAX = 2;
/** Threads that one batch may take with it before the sweep fails. */
const DEATHS_MAX = 2;
/** Silence is counted in ticks of the event loop, so that a busy calling thread is not mistaken for hung threads. */
const TICK_MS = 250;
/** A thread that has a batch but is not at it is starting, and gets at least this long: machines can be busy. */
const START_MS = 10_000;
/** Batches in flight have this long to finish after a stop. */
const STOP_GRACE_MS = 1000;
/** A thread stuck in native code cannot be ended; closing does not wait for it longer than this. */
const CLOSE_MS = 1000;

const NO_STATS: ColumnStats = { columnsComputed: 0, hits: 0, misses: 0 };

interface Task {
  readonly batch: VariantBatch;
  readonly resolve: (rows: Float64Array) => void;
  readonly reject: (error: Error) => void;
  deaths: number;
}

interface Member {
  readonly thread: ScoringThread;
  /** In the order the thread scores them. */
  readonly assigned: { readonly token: number; readonly task: Task }[];
  stats: ColumnStats;
  lastPosition: number;
  silentTicks: number;
}

export class Pool implements ScoreBatches {
  readonly concurrency: number;
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #waiting: Task[] = [];
  readonly #tickMs: number;
  readonly #timer: NodeJS.Timeout;
  #pastStats = NO_STATS;
  #kernels: ScoreBatches['kernels'];
  #tokens = 0;
  #deathsInARow = 0;
  #ticksSinceStop = 0;
  /** Why the pool takes no more batches. */
  #end: Error | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.concurrency = options.workers * ASSIGNED_MAX;
    this.#tickMs = Math.min(TICK_MS, options.silenceMs / 4);
    this.#timer = setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  /** Threads at work. They start as batches need them, up to the number of workers. */
  get strength(): number {
    return this.#members.size;
  }

  score(batch: VariantBatch): Promise<Float64Array> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end;
      this.#waiting.push({ batch, resolve, reject, deaths: 0 });
      this.#assign();
    });
  }

  /** As the threads say, once one has answered; they all run on the same machine. */
  get kernels(): ScoreBatches['kernels'] {
    return this.#kernels;
  }

  stats(): ColumnStats {
    return [...this.#members].reduce((sum, { stats }) => addStats(sum, stats), this.#pastStats);
  }

  async close(): Promise<void> {
    const cancelled = { found: 'a pool that was closed before all batches were scored.', todo: 'Run again.' };
    const threads = [...this.#members].map(({ thread }) => thread);
    this.#endWith(new AppError('CANCELLED', cancelled));
    this.#members.clear();
    clearInterval(this.#timer);
    const ended = Promise.all(threads.map((thread) => thread.end()));
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const member = this.#freeMember();
      if (member === undefined) return;
      const task = this.#waiting.shift()!;
      const token = ++this.#tokens;
      member.assigned.push({ token, task });
      member.thread.post({ token, batch: task.batch });
    }
  }

  /** An idle thread, else a new one, else one with room at its door. */
  #freeMember(): Member | undefined {
    let free: Member | undefined;
    for (const member of this.#members) {
      if (member.assigned.length === 0) return member;
      if (member.assigned.length < ASSIGNED_MAX) free ??= member;
    }
    return this.#members.size < this.#options.workers ? this.#startMember() : free;
  }

  #startMember(): Member | undefined {
    try {
      const thread = this.#options.start({
        onMessage: (message) => this.#receive(member, message),
        onDeath: (how) => this.#bury(member, how),
      });
      const member: Member = { thread, assigned: [], stats: NO_STATS, lastPosition: NOT_SCORING, silentTicks: 0 };
      this.#members.add(member);
      return member;
    } catch (error) {
      // The system refuses another thread, or the setup cannot be sent.
      this.#endWith(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** Takes the answer to the oldest batch of a thread; whatever else it says is late or foreign, and ignored. */
  #receive(member: Member, message: unknown): void {
    const answer = readMessage(message);
    if (answer === undefined || !this.#members.has(member)) return;
    if ('unfit' in answer) {
      this.#endWith(unpackError(answer.unfit));
      return;
    }
    const oldest = member.assigned[0];
    if (oldest === undefined || answer.token !== oldest.token) return;
    const { task } = oldest;
    if ('rows' in answer && answer.rows.length !== this.#variantsOf(task.batch) * METRIC_NAMES.length) return;
    member.assigned.shift();
    member.silentTicks = 0;
    this.#deathsInARow = 0;
    if ('rows' in answer) {
      member.stats = answer.stats;
      this.#kernels = answer.kernels;
      task.resolve(answer.rows);
    } else task.reject(unpackError(answer.error));
    this.#assign();
  }

  /** Replaces a dead thread. The batch it was scoring is blamed and retried once; one waiting at its door just moves. */
  #bury(member: Member, how: string): void {
    if (!this.#members.delete(member)) return;
    this.#pastStats = addStats(this.#pastStats, member.stats);
    const tasks = member.assigned.map(({ task }) => task);
    const position = member.thread.position();
    if (position !== NOT_SCORING && tasks[0] !== undefined && ++tasks[0].deaths >= DEATHS_MAX) {
      const guilty = tasks.shift()!;
      guilty.reject(this.#workerDied(`${this.#describe(guilty.batch, position)} ${how}`, 'twice'));
    }
    this.#waiting.unshift(...tasks);
    if (++this.#deathsInARow > this.#options.workers * DEATHS_MAX + 1) {
      this.#endWith(this.#workerDied(`a thread that ${how}`, `${this.#deathsInARow} times in a row`));
    }
    if (this.#end !== undefined) return;
    this.#startMember();
    this.#assign();
  }

  #tick(): void {
    const reason = (this.#options.stop ?? NEVER_STOP).reason();
    if (reason !== undefined && ++this.#ticksSinceStop * this.#tickMs > STOP_GRACE_MS) {
      const found = 'batches still running after the stop; they are left out.';
      this.#endWith(new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' }));
    }
    for (const member of this.#members) {
      const position = member.thread.position();
      const isSilent = member.assigned.length > 0 && position === member.lastPosition;
      member.silentTicks = isSilent ? member.silentTicks + 1 : 0;
      member.lastPosition = position;
      const { silenceMs } = this.#options;
      const limitMs = position === NOT_SCORING ? Math.max(silenceMs, START_MS) : silenceMs;
      if (member.silentTicks * this.#tickMs <= limitMs) continue;
      void member.thread.end();
      this.#bury(member, `gave no sign of life for ${limitMs / 1000} s`);
    }
  }

  /** Refuses all batches, waiting, running and to come. */
  #endWith(error: Error): void {
    this.#end ??= error;
    for (const member of this.#members) for (const { task } of member.assigned.splice(0)) task.reject(error);
    for (const task of this.#waiting.splice(0)) task.reject(error);
  }

  #variantsOf(batch: VariantBatch): number {
    return batch.baseIndices.length * (batch.stage === 'A' ? 1 : this.#options.grid.riskPoints);
  }

  #describe({ stage, baseIndices }: VariantBatch, position: number): string {
    const { grid } = this.#options;
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

function addStats(a: ColumnStats, b: ColumnStats): ColumnStats {
  return {
    columnsComputed: a.columnsComputed + b.columnsComputed,
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
  };
}
