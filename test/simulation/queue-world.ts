// One simulated story of a queue: runners on a few machines, clients, faults drawn from a seed, then calm weather.
import { AppError, isAppError } from '../../src/core/errors.ts';
import type { Json } from '../../src/core/hash.ts';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { isEnded, type Job, type ProcessIdentity, type Submission } from '../../src/jobs/job.ts';
import { Cut, type JobContext } from '../../src/jobs/job-context.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { keepLeases } from '../../src/jobs/lease-keeper.ts';
import type { LeaseSettings } from '../../src/jobs/lease-settings.ts';
import { createMemoryStore } from '../../src/jobs/memory-store.ts';
import type { Liveness } from '../../src/jobs/process-identity.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import { CALM, connect, type Weather } from './network.ts';
import { createProcess, createWorld, type Process, type World } from './virtual-time.ts';
import { createWitness, type Witness } from './witness.ts';

export interface Story {
  readonly broken: string | undefined;
  readonly trace: readonly string[];
  readonly endMs: number;
  /** How many leases were taken away, and how many late writes were refused. */
  readonly expired: number;
  readonly lost: number;
}

export interface StoryOptions {
  /** Puts something between the checks and the store: a defence switched off. */
  readonly weaken?: (store: JobStore) => JobStore;
}

const SETTINGS: LeaseSettings = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 2_500 };
const HOSTS = 2;
const RUNNERS = 3;
const STORM_MS = 70_000;
const END_MS = 1_200_000;

interface Request {
  readonly steps: number;
  readonly stepMs: number;
  readonly shards: number;
  /** Kills its process at every attempt. */
  readonly poison: boolean;
  readonly salt: number;
}

const requestOf = (job: Job): Request => job.request as unknown as Request;
const mix = (value: number, step: number): number => (Math.imul(value ^ step, 0x9e3779b1) + step) >>> 0;

/** What the work of a request comes to, computed without interruption. */
function plainResult({ salt, steps }: Request): number {
  let value = salt;
  for (let step = 0; step < steps; step++) value = mix(value, step);
  return value;
}

const shardRequests = (request: Request): Request[] =>
  Array.from({ length: request.shards }, (_, i) => ({ ...request, shards: 0, salt: request.salt + i }));

/** The next round of shards of a job that has the results of `before`; undefined when there is none. */
function cutOf(job: Job, before: number): Cut | undefined {
  const all = shardRequests(requestOf(job));
  const first = Math.ceil(all.length / 2);
  const next = before === 0 ? all.slice(0, first) : before === first ? all.slice(first) : [];
  return next.length === 0 ? undefined : new Cut(next.map((request) => ({ request: request as unknown as Json })));
}

const expectedResult = (job: Job): Json => {
  const request = requestOf(job);
  if (request.shards === 0) return plainResult(request);
  return shardRequests(request).map(plainResult);
};

/** Plays the story of `seed` on the real queue code with the store in memory. */
export async function playStory(seed: number, { weaken = (store) => store }: StoryOptions = {}): Promise<Story> {
  // The thread's own event loop gets a turn per story.
  await new Promise((resolve) => setImmediate(resolve));
  const prng = createPrng(seed);
  const world = createWorld();
  const witness = createWitness(weaken(createMemoryStore()), world.nowMs, expectedResult);
  const weather: Weather = { ...CALM };
  const counts = { expired: 0, lost: 0 };
  const start = processStarter(world, witness, weather, prng, counts);
  const submitted = submitJobs(world, witness, weather, prng);
  for (let host = 0; host < RUNNERS; host++) start(host % HOSTS);
  brew(world, weather, prng, start.processes);

  await world.runUntil(() => witness.broken() !== undefined, STORM_MS);
  Object.assign(weather, CALM);
  const isOver = async (): Promise<boolean> => {
    await witness.checkAll();
    const { jobs } = await witness.store.list({ limit: 1000 });
    return submitted.pending() === 0 && jobs.every(({ state }) => isEnded(state));
  };
  let over = await isOver();
  while (!over && witness.broken() === undefined && world.nowMs() < END_MS) {
    const untilMs = world.nowMs() + 5_000;
    world.after(5_000, () => undefined);
    await world.runUntil(() => witness.broken() !== undefined, untilMs);
    over = await isOver();
  }
  for (const process of start.processes) process.kill();
  const broken = witness.broken() ?? (over ? await judgeEnds(witness, submitted.ids) : 'some job did not end');
  return { broken, trace: witness.trace(), endMs: world.nowMs(), ...counts };
}

/** After the storm: poison is parked, shards are merged once, and what nobody cancelled is done. */
async function judgeEnds(witness: Witness, ids: ReadonlySet<string>): Promise<string | undefined> {
  const { jobs } = await witness.store.list({ limit: 1000 });
  for (const id of ids) if (!jobs.some((job) => job.id === id)) return `acknowledged job ${id} is gone`;
  for (const job of jobs) {
    if (job.state === 'done' && requestOf(job).poison) return `poison ${job.id} is done`;
    if (job.state === 'failed' && requestOf(job).poison && job.shardCount === 0 && job.attempts !== 3) {
      return `poison ${job.id} was parked after ${job.attempts} attempts`;
    }
    if (job.state === 'cancelled' && !job.cancelRequested) return `${job.id} is cancelled and nobody asked`;
    if ((witness.completions.get(job.id) ?? 0) > 1) return `${job.id} was completed twice`;
  }
  return undefined;
}

interface Starter {
  (host: number): void;
  readonly processes: Process[];
}

function processStarter(
  world: World,
  witness: Witness,
  weather: Weather,
  prng: Prng,
  counts: { expired: number; lost: number },
): Starter {
  const processes: Process[] = [];
  const start = (host: number): void => {
    const process = createProcess(world, `r${processes.length}`, host, prng);
    processes.push(process);
    const store = connect(witness.store, world, process, prng, weather);
    const keeper = keepLeases({ store, time: process.time, prng, settings: SETTINGS });
    const runner = startRunner({
      store,
      time: process.time,
      prng,
      name: process.name,
      kinds: ['work'],
      concurrency: 2,
      settings: SETTINGS,
      pollMs: 4_000,
      keeper,
      liveness: livenessOf(process, processes),
      run: async (job, context) => cutOf(job, 0) ?? work(job, context, process, prng),
      // Those of a job of several shards come in two rounds.
      merge: async (job, results) => cutOf(job, results.length) ?? results,
      onEvent: (event) => {
        if (event.kind === 'expired') counts.expired++;
        if (event.kind === 'ended' && event.end === 'lost') counts.lost++;
      },
    });
    // Now and then a runner leaves in order, and another comes.
    if (prng.next() < 0.15) {
      world.after(prng.next() * STORM_MS, () =>
        process.deliver(() => void runner.close({ graceMs: 3_000 }).then(() => keeper.close())),
      );
    }
    // Whatever ends a process, its supervisor starts another one.
    const supervise = (): void => {
      if (process.isAlive() && runner.isOpen()) world.after(2_000, supervise);
      else if (world.nowMs() < END_MS) world.after(prng.next() * 8_000, () => start(host));
    };
    world.after(2_000, supervise);
  };
  return Object.assign(start, { processes });
}

/** Processes of one machine know of each other's death; those of another do not. */
function livenessOf(process: Process, processes: readonly Process[]): Liveness {
  const identity = ({ name, host }: Process): ProcessIdentity => ({
    boot: `host${host}`,
    namespace: 'n',
    pid: Number(name.slice(1)),
    startTicks: name,
  });
  return {
    self: identity(process),
    isGone: ({ boot, pid }) => boot === `host${process.host}` && !processes[pid]!.isAlive(),
  };
}

async function work(job: Job, context: JobContext, process: Process, prng: Prng): Promise<Json> {
  const request = requestOf(job);
  let [step, value] = (context.resumed as [number, number] | undefined) ?? [0, request.salt];
  for (; step < request.steps; step++) {
    if (context.stop.reason() !== undefined) return 'a part';
    // Some attempts hang: they neither move nor look whether to stop.
    await process.time.sleep(prng.next() < 0.01 ? 90_000 : request.stepMs);
    if (request.poison && step > 0) {
      process.kill();
      await new Promise(() => undefined);
    }
    if (prng.next() < 0.01) throw new AppError('WORKER_DIED', { found: 'a batch was lost.', todo: 'Try again.' });
    value = mix(value, step);
    context.progress({ done: step + 1, total: request.steps });
    if (step % 2 === 1) await context.checkpoint([step + 1, value]);
  }
  return value;
}

/** Clients that submit, repeat themselves when they hear nothing, cancel some jobs and try failed ones again. */
function submitJobs(world: World, witness: Witness, weather: Weather, prng: Prng) {
  const client = createProcess(world, 'client', 0, prng);
  const store = connect(witness.store, world, client, prng, weather);
  const ids = new Set<string>();
  let pending = 0;
  const insist = async (action: () => Promise<unknown>): Promise<void> => {
    pending++;
    for (;;) {
      try {
        await action();
        break;
      } catch (error) {
        if (!isAppError(error) || !error.retryable) break;
        await client.time.sleep(1_000);
      }
    }
    pending--;
  };
  const count = 3 + prng.nextBelow(5);
  for (let i = 0; i < count; i++) {
    const id = `j${i}`;
    const request: Request = {
      steps: 1 + prng.nextBelow(10),
      stepMs: 300 + prng.nextBelow(4_000),
      shards: prng.next() < 0.2 ? 1 + prng.nextBelow(4) : 0,
      poison: prng.next() < 0.08,
      salt: prng.nextUint32(),
    };
    const steps = request.poison ? Math.max(2, request.steps) : request.steps;
    const submission: Submission = {
      id,
      kind: 'work',
      key: prng.next() < 0.5 ? `key${i}` : undefined,
      request: { ...request, steps } as unknown as Json,
      priority: prng.nextBelow(3) - 1,
    };
    const submit = async (): Promise<void> => {
      await insist(async () => ids.add((await store.submit(submission, 0)).job.id));
    };
    world.after(prng.next() * STORM_MS * 0.6, () => void submit());
    if (prng.next() < 0.25) {
      world.after(prng.next() * STORM_MS, () => void insist(() => store.requestCancel(id, 0)));
    }
    if (prng.next() < 0.15) world.after(prng.next() * STORM_MS, () => void insist(() => store.retry(id)));
  }
  return { ids, pending: () => pending };
}

/** Draws the faults of the storm: crashes, pauses, leaps of clocks, cuts, and how bad the network is. */
function brew(world: World, weather: Weather, prng: Prng, processes: readonly Process[]): void {
  const some = (chance: number): number => (prng.next() < chance ? prng.next() : 0);
  weather.lostRequest = 0.2 * some(0.5);
  weather.lostReply = 0.2 * some(0.5);
  weather.repeated = 0.3 * some(0.5);
  weather.delayMsMax = 20 + 8_000 * some(0.3);
  const strike = (action: (process: Process) => void): void =>
    world.after(prng.next() * STORM_MS, () => action(processes[prng.nextBelow(processes.length)]!));
  for (let i = prng.nextBelow(4); i > 0; i--) strike((process) => process.kill());
  for (let i = prng.nextBelow(5); i > 0; i--) strike((process) => process.pause(prng.next() * 60_000));
  for (let i = prng.nextBelow(3); i > 0; i--) strike((process) => process.leap(prng.next() * 3_600_000));
  if (prng.next() < 0.3) {
    world.after(prng.next() * STORM_MS, () => {
      weather.cutUntilMs = world.nowMs() + prng.next() * 40_000;
    });
  }
}
