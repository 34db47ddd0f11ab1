// One run of shards on machines that start late, fetch candles side by side, differ in speed and are taken away: event by event, by seed.
import { createPrng } from '../core/prng.ts';
import { createEventQueue } from './event-queue.ts';
import { createSharedLink, type SharedLink } from './shared-link.ts';

/** What a run meets. Times in seconds. */
export interface RunModel {
  /** Of each shard, on a machine of usual speed. */
  readonly shardSeconds: readonly number[];
  /** Longest array: with more shards, tasks score several, each every n-th. */
  readonly tasksMax: number;
  /** Until there is a machine for the first task of a slot, and after every interruption. Not billed. */
  readonly queueSeconds: number;
  /** From the launch of a container until it runs, with its image. */
  readonly startSeconds: number;
  /** Standard deviation of the logarithm of that. */
  readonly startSpread: number;
  /** Containers that the scheduler launches. */
  readonly launchesPerSecond: number;
  /** Before a container scores: the program, the strategy, candles into memory. */
  readonly setupSeconds: number;
  /** Candles and strategy of the run. */
  readonly fetchBytes: number;
  readonly fetchRequests: number;
  readonly nodeBytesPerSecond: number;
  readonly placeBytesPerSecond: number;
  readonly placeRequestsPerSecond: number;
  /** Whether the next container on a machine finds what the last one fetched. */
  readonly keepsCache: boolean;
  /** Standard deviation of the logarithm of how much slower a machine is than the usual one. */
  readonly slowness: number;
  /** Of one machine while it scores. */
  readonly interruptionsPerHour: number;
  /** Most work that an interruption undoes; on average half of it. */
  readonly lostSeconds: number;
  /** Of the merge, after the last shard, in a container of its own; 0 for none. */
  readonly mergeSeconds: number;
}

/** Billed time by what it went into, summed over all machines; seconds. */
export interface Spent {
  readonly start: number;
  readonly fetch: number;
  readonly setup: number;
  /** Work that counts. */
  readonly work: number;
  /** Work that was done again, and what slow machines took longer. */
  readonly lost: number;
  readonly merge: number;
}

export interface SimulatedRun {
  /** From the submit to the merged result. */
  readonly seconds: number;
  /** … to the last shard. */
  readonly scoredSeconds: number;
  readonly tasks: number;
  readonly interruptions: number;
  readonly fetches: number;
  /** Attempts of the task that was interrupted most often. */
  readonly attemptsMost: number;
  readonly spent: Spent;
  /** Of every container: from its launch to its end; the last is that of the merge, where there is one. */
  readonly billedSeconds: readonly number[];
}

/** What chance decides for one attempt at a task: the same whatever runs beside it, so that runs with more machines can be compared. */
interface Chances {
  readonly start: number;
  readonly slow: number;
  /** Seconds of work until the machine goes. */
  readonly untilGone: number;
  readonly lost: number;
}

const SEEDS = 2 ** 20;
const ATTEMPTS_APART = 2 ** 12;

function chancesOf(model: RunModel, seed: number, task: number, attempt: number): Chances {
  const prng = createPrng((seed % SEEDS) * 2 ** 32 + ((task * ATTEMPTS_APART + attempt) % 2 ** 32));
  const { startSeconds, startSpread, slowness, interruptionsPerHour, lostSeconds } = model;
  return {
    start: startSeconds * logNormal(startSpread, prng.nextNormal()),
    slow: logNormal(slowness, prng.nextNormal()),
    untilGone:
      interruptionsPerHour === 0
        ? Number.POSITIVE_INFINITY
        : (-Math.log(1 - prng.next()) * 3600) / interruptionsPerHour,
    lost: prng.next() * lostSeconds,
  };
}

/** With a mean of 1. */
const logNormal = (spread: number, normal: number): number => Math.exp(spread * normal - (spread * spread) / 2);

/** Seconds of each task: shards in strides when there are more of them than an array is long. */
export function taskSeconds({ shardSeconds, tasksMax }: Pick<RunModel, 'shardSeconds' | 'tasksMax'>): number[] {
  const tasks = new Array<number>(Math.min(shardSeconds.length, tasksMax)).fill(0);
  for (const [index, seconds] of shardSeconds.entries()) tasks[index % tasks.length]! += seconds;
  return tasks;
}

/** A place for one container at a time. Its task stays with it until it is done: a machine that goes is replaced. */
interface Slot {
  task: number;
  attempt: number;
  remaining: number;
  chances: Chances;
  /** When its container was launched, and when it began to fetch. */
  startedAt: number;
  fetchAt: number;
  hasCache: boolean;
}

const NO_CHANCES: Chances = { start: 0, slow: 1, untilGone: 0, lost: 0 };

/** What an event of a slot is; events are `slot * PHASES + phase`. */
const RUNS = 0;
const ENDS = 1;
const GOES = 2;
const PHASES = 3;

/**
 * Tasks are taken in order by whichever of `nodes` is free. O(e log n) for e attempts on n nodes.
 * The same model, nodes and seed give the same run on every machine.
 */
export function simulateRun(model: RunModel, nodes: number, seed: number): SimulatedRun {
  return new Simulation(model, seed).run(nodes);
}

class Simulation {
  readonly #model: RunModel;
  readonly #seed: number;
  readonly #tasks: readonly number[];
  readonly #link: SharedLink | undefined;
  readonly #events = createEventQueue();
  readonly #slots: Slot[] = [];
  readonly #spent = { start: 0, fetch: 0, setup: 0, work: 0, lost: 0, merge: 0 };
  readonly #billed: number[] = [];
  #next = 0;
  #nextLaunch = 0;
  #interruptions = 0;
  #fetches = 0;
  #attemptsMost = 1;
  #scoredSeconds = 0;

  constructor(model: RunModel, seed: number) {
    this.#model = model;
    this.#seed = seed;
    this.#tasks = taskSeconds(model);
    this.#link = linkOf(model);
  }

  run(nodes: number): SimulatedRun {
    const slots = Math.min(nodes, this.#tasks.length);
    for (let index = 0; index < slots; index++) {
      const nothing = { task: 0, attempt: 0, remaining: 0, startedAt: 0, fetchAt: 0, hasCache: false };
      this.#slots.push({ ...nothing, chances: NO_CHANCES });
      this.#beginTask(index, this.#model.queueSeconds);
    }
    for (;;) {
      const fetchedAt = this.#link?.nextTime ?? Number.POSITIVE_INFINITY;
      const eventAt = this.#events.time;
      if (fetchedAt === Number.POSITIVE_INFINITY && eventAt === Number.POSITIVE_INFINITY) break;
      if (fetchedAt <= eventAt) this.#fetched(this.#link!.finish(), fetchedAt);
      else this.#handle(this.#events.take(), eventAt);
    }
    return this.#outcome();
  }

  #handle(event: number, now: number): void {
    const index = Math.floor(event / PHASES);
    if (event % PHASES === RUNS) this.#beginFetch(index, now);
    else if (event % PHASES === ENDS) this.#end(index, now);
    else this.#interrupt(index, now);
  }

  #beginTask(index: number, readyAt: number): void {
    if (this.#next === this.#tasks.length) return;
    const slot = this.#slots[index]!;
    slot.task = this.#next;
    slot.attempt = 0;
    slot.remaining = this.#tasks[this.#next++]!;
    this.#launch(index, readyAt);
  }

  #launch(index: number, readyAt: number): void {
    const slot = this.#slots[index]!;
    slot.chances = chancesOf(this.#model, this.#seed, slot.task, slot.attempt);
    slot.startedAt = Math.max(readyAt, this.#nextLaunch);
    this.#nextLaunch = slot.startedAt + 1 / this.#model.launchesPerSecond;
    this.#spent.start += slot.chances.start;
    this.#events.put(slot.startedAt + slot.chances.start, index * PHASES + RUNS);
  }

  #beginFetch(index: number, now: number): void {
    const slot = this.#slots[index]!;
    if (slot.hasCache || this.#link === undefined) {
      this.#score(index, now);
      return;
    }
    slot.fetchAt = now;
    this.#fetches++;
    this.#link.start(now, index);
  }

  #fetched(index: number, now: number): void {
    const slot = this.#slots[index]!;
    slot.hasCache = this.#model.keepsCache;
    this.#spent.fetch += now - slot.fetchAt;
    this.#score(index, now);
  }

  #score(index: number, now: number): void {
    const { remaining, chances } = this.#slots[index]!;
    const { setupSeconds } = this.#model;
    this.#spent.setup += setupSeconds;
    const whole = remaining * chances.slow;
    const isWhole = whole <= chances.untilGone;
    const seconds = isWhole ? whole : chances.untilGone;
    this.#events.put(now + setupSeconds + seconds, index * PHASES + (isWhole ? ENDS : GOES));
  }

  #end(index: number, now: number): void {
    const { startedAt, remaining, chances } = this.#slots[index]!;
    this.#billed.push(now - startedAt);
    this.#spent.work += remaining;
    this.#spent.lost += remaining * (chances.slow - 1);
    this.#scoredSeconds = now;
    this.#beginTask(index, now);
  }

  #interrupt(index: number, now: number): void {
    const slot = this.#slots[index]!;
    const { slow, untilGone, lost } = slot.chances;
    this.#billed.push(now - slot.startedAt);
    const kept = Math.max(0, untilGone - lost) / slow;
    this.#spent.work += kept;
    this.#spent.lost += untilGone - kept;
    slot.remaining -= kept;
    slot.hasCache = false;
    slot.attempt++;
    this.#interruptions++;
    this.#attemptsMost = Math.max(this.#attemptsMost, slot.attempt + 1);
    this.#launch(index, now + this.#model.queueSeconds);
  }

  #outcome(): SimulatedRun {
    const merge = mergeSeconds(this.#model, this.#seed, this.#tasks.length);
    if (merge > 0) this.#billed.push(merge);
    return {
      seconds: this.#scoredSeconds + merge,
      scoredSeconds: this.#scoredSeconds,
      tasks: this.#tasks.length,
      interruptions: this.#interruptions,
      fetches: this.#fetches,
      attemptsMost: this.#attemptsMost,
      spent: { ...this.#spent, merge },
      billedSeconds: this.#billed,
    };
  }
}

/** Undefined when nothing needs time to be fetched. */
function linkOf(model: RunModel): SharedLink | undefined {
  const { fetchBytes, fetchRequests, nodeBytesPerSecond, placeBytesPerSecond, placeRequestsPerSecond } = model;
  const alone = nodeBytesPerSecond / fetchBytes;
  const together = Math.min(placeBytesPerSecond / fetchBytes, placeRequestsPerSecond / fetchRequests);
  return Number.isFinite(Math.min(alone, together)) ? createSharedLink(alone, together) : undefined;
}

/** In a container that is started for it. */
function mergeSeconds(model: RunModel, seed: number, tasks: number): number {
  if (model.mergeSeconds === 0) return 0;
  return chancesOf(model, seed, tasks, 0).start + model.mergeSeconds;
}
