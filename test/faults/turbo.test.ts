// The turbo pool against workers that die, hang, lie and cannot be ended, played by fakes so that every order can be tried.
import { afterEach, describe, expect, test } from 'vitest';
import { createStopSource, NEVER_STOP } from '../../src/core/cancel.ts';
import { createFakeClock } from '../../src/core/clock.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { createPrng } from '../../src/core/prng.ts';
import { METRIC_NAMES, type Metrics } from '../../src/metrics/metrics.ts';
import { NOT_SCORING, packError } from '../../src/pool/messages.ts';
import type { ScoringThread, ThreadEvents } from '../../src/pool/thread.ts';
import { hasFailed, type TrialOutcome, type TrialSpec } from '../../src/trials/trial.ts';
import type { ToWorker } from '../../src/turbo/messages.ts';
import { OutcomeBuffer } from '../../src/turbo/packed-outcomes.ts';
import { unpackTrials } from '../../src/turbo/packed-trials.ts';
import { createTurboPool } from '../../src/turbo/turbo-pool.ts';
import type { OpenTrials, TrialSetup, TurboPool, TurboPoolOptions } from '../../src/turbo/turbo-port.ts';
import { testCandles, testClock, testRequest } from '../synthetic-request.ts';

const memory = { heapBytes: 1, externalBytes: 2 };
type Batch = Extract<ToWorker, { trials: unknown }>;

/** Every metric of a trial is its parameter n. */
const metricsOf = ({ parameters }: TrialSpec): Metrics =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, parameters['n']!])) as Metrics;

/** A worker that loads setups at once and otherwise does only what the test says. */
class FakeWorker implements ScoringThread<ToWorker> {
  readonly inbox: Batch[] = [];
  readonly opened: number[] = [];
  readonly released: number[] = [];
  readonly events: ThreadEvents;
  readonly number: number;
  loads = true;
  at = NOT_SCORING;
  ended = false;

  constructor(events: ThreadEvents, number: number, isOnline = true) {
    this.events = events;
    this.number = number;
    if (isOnline) queueMicrotask(() => this.say({ online: true, memory }));
  }

  post(message: ToWorker): void {
    if ('release' in message) this.released.push(message.release);
    else if ('trials' in message) this.inbox.push(message);
    else if ('collect' in message) {
      if (this.loads) this.say({ token: message.token, collected: true, memory });
    } else {
      this.opened.push(message.open.id);
      if (this.loads) this.say({ token: message.token, opened: true, notes: [], memory });
    }
  }

  position(): number {
    return this.at;
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  say(message: unknown): void {
    if (!this.ended) this.events.onMessage(message);
  }

  /** The parameter n of every trial in hand. */
  get held(): number[] {
    return this.inbox.flatMap(({ trials }) => unpackTrials(trials).map(({ parameters }) => parameters['n']!));
  }

  part(places: readonly number[], done: boolean): void {
    const { token, trials } = this.inbox[0]!;
    const specs = unpackTrials(trials);
    const buffer = new OutcomeBuffer();
    for (const place of places) buffer.add(place, { metrics: metricsOf(specs[place]!) });
    if (done) this.inbox.shift();
    this.say({ token, part: buffer.take(), done, ms: 1, memory });
  }

  /** Answers the oldest batch. */
  answer(): void {
    this.part([...this.inbox[0]!.trials.cells.keys()], true);
  }

  die(at = 0, how = 'left with exit code 3'): void {
    this.at = at;
    this.ended = true;
    this.events.onDeath(how);
  }
}

const open: TurboPool[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

const setup: TrialSetup = {
  strategyRef: { builtIn: 'sma-cross' },
  execution: testRequest('sma-cross'),
  cells: [{ market: 'm' }],
  markets: { m: testCandles(10) },
};

function fakePool(options: Partial<TurboPoolOptions> = {}) {
  const workers: FakeWorker[] = [];
  const start = (events: ThreadEvents, number: number): FakeWorker => {
    const worker = new FakeWorker(events, number);
    workers.push(worker);
    return worker;
  };
  const pool = createTurboPool({ workers: 2, start, clock: testClock, batchSize: 2, ...options });
  open.push(pool);
  const alive = (): FakeWorker[] => workers.filter(({ ended }) => !ended);
  return { pool, workers, alive };
}

const trialsOf = (count: number, first = 0): TrialSpec[] =>
  Array.from({ length: count }, (_, i) => ({ cell: 0, parameters: { n: first + i }, barriers: {} }));

function start(trials: OpenTrials, specs: readonly TrialSpec[]): Promise<TrialOutcome[]> {
  const outcomes = trials.run(specs, { stop: NEVER_STOP });
  outcomes.catch(() => undefined);
  return outcomes;
}

const numbers = (outcomes: readonly TrialOutcome[]): (number | string)[] =>
  outcomes.map((outcome) => (hasFailed(outcome) ? outcome.code : outcome.metrics.trades!));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function answerAll(alive: () => FakeWorker[]): void {
  const busy = () => alive().filter(({ inbox }) => inbox.length > 0);
  while (busy().length > 0) for (const worker of busy()) if (worker.inbox.length > 0) worker.answer();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('deaths', () => {
  test('what a dead worker had handed in stays, the trial it was at is tried by itself in its successor', async () => {
    const { pool, workers, alive } = fakePool({ batchSize: 4 });
    const outcomes = start(await pool.open(setup), trialsOf(16));
    expect(workers[0]!.held).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
    workers[0]!.part([0], false);
    workers[0]!.die(2);
    expect(alive()).toHaveLength(2);
    const successor = workers[2]!;
    expect(successor.held.slice(0, 1)).toEqual([2]);
    expect(alive().flatMap(({ held }) => held)).not.toContain(0);
    successor.die(0);
    answerAll(alive);
    const found = await outcomes;
    expect(numbers(found)).toEqual(upTo(16).map((n) => (n === 2 ? 'WORKER_DIED' : n)));
    expect(found[2]).toMatchObject({ trial: { parameters: { n: 2 } } });
    expect(pool.status().workers).toMatchObject({ expected: 2, restarted: 2 });
  });

  test('a thousand random deaths, hand-ins and lies lose nothing, double nothing and keep the strength', async () => {
    const seed = 11;
    const prng = createPrng(seed);
    const { pool, alive } = fakePool({ workers: 3, batchSize: 3 });
    const trials = await pool.open(setup);
    const guilty = new Set<number>();
    const heard: number[] = [];
    const outcomes = trials.run(trialsOf(3000), { stop: NEVER_STOP, onOutcome: (index) => void heard.push(index) });
    let deaths = 0;
    const busyOnes = () => alive().filter(({ inbox }) => inbox.length > 0);
    for (let busy = busyOnes(); busy.length > 0; busy = busyOnes()) {
      const worker = busy[prng.nextBelow(busy.length)]!;
      const size = worker.inbox[0]!.trials.cells.length;
      const dice = prng.nextBelow(10);
      if (dice < 2 && deaths < 1000) {
        deaths++;
        const at = prng.nextBelow(size);
        if (size === 1) guilty.add(worker.held[0]!);
        worker.die(at);
      } else if (dice === 2) worker.part([prng.nextBelow(size)], false);
      else if (dice === 3) worker.say({ token: worker.inbox[0]!.token + 1, part: null, done: true, ms: 1, memory });
      else worker.answer();
      expect(alive(), `seed ${seed}`).toHaveLength(3);
    }
    const found = numbers(await outcomes);
    for (const [n, value] of found.entries()) if (value !== n) expect(guilty.has(n), `seed ${seed}`).toBe(true);
    expect([...heard].sort((a, b) => a - b)).toEqual(upTo(3000));
    expect(deaths).toBeGreaterThan(200);
  });

  test('workers that die before they are online are replaced, but not for ever', async () => {
    const workers: FakeWorker[] = [];
    const pool = createTurboPool({
      workers: 2,
      clock: testClock,
      start: (events, number) => {
        const worker = new FakeWorker(events, number, false);
        worker.loads = false;
        workers.push(worker);
        return worker;
      },
    });
    open.push(pool);
    const trials = pool.open(setup);
    trials.catch(() => undefined);
    for (let deaths = 0; deaths < 100 && workers.some(({ ended }) => !ended); deaths++) {
      workers.find(({ ended }) => !ended)!.die(NOT_SCORING, 'threw Error: no memory');
    }
    await expect(trials).rejects.toThrow('a worker that threw Error: no memory before it was asked for anything');
    expect(workers.length).toBeLessThan(20);
  });

  test('a strategy that lets every worker die between trials ends its runs, not the pool', async () => {
    const { pool, alive } = fakePool({ workers: 1 });
    const sound = await pool.open(setup);
    const outcomes = start(await pool.open({ ...setup, name: 'timer' }), trialsOf(4));
    for (let n = 0; n < 3; n++) {
      await turn();
      alive()[0]!.die(NOT_SCORING);
    }
    await expect(outcomes).rejects.toThrow('timer: a worker that left with exit code 3, 3 times in a row.');
    const others = start(sound, trialsOf(2));
    await turn();
    answerAll(alive);
    expect(numbers(await others)).toEqual([0, 1]);
  });
});

describe('silence', () => {
  test('a worker that gets no further within the limit is ended: its trial has failed at once, the rest moves', async () => {
    const { pool, workers, alive } = fakePool({ trialMsMax: 80 });
    const outcomes = start(await pool.open(setup), trialsOf(8));
    workers[0]!.at = 1;
    workers[1]!.answer();
    await expect.poll(() => workers.length, { timeout: 2000 }).toBe(3);
    await turn();
    answerAll(alive);
    expect(numbers(await outcomes)).toEqual([0, 'TIME_LIMIT', 2, 3, 4, 5, 6, 7]);
  });

  test('one that cannot be ended is left behind: the pool goes on with another', async () => {
    const notes: string[] = [];
    const { pool, workers, alive } = fakePool({ trialMsMax: 80, onNote: (note) => notes.push(note) });
    const outcomes = start(await pool.open(setup), trialsOf(4));
    const [stuck] = workers;
    stuck!.end = () => {
      stuck!.ended = true;
      return new Promise(() => undefined);
    };
    stuck!.at = 0;
    await expect.poll(() => workers.length, { timeout: 4000 }).toBe(3);
    await turn();
    answerAll(alive);
    expect(numbers(await outcomes)).toEqual(['TIME_LIMIT', 1, 2, 3]);
    expect(notes).toEqual([expect.stringContaining('could not be ended')]);
    expect(alive()).toHaveLength(2);
  });
});

describe('lies', () => {
  test('answers of the wrong shape, token or place, and answers that come twice, change nothing', async () => {
    const { pool, workers, alive } = fakePool();
    const outcomes = start(await pool.open(setup), trialsOf(8));
    const [worker] = workers;
    const { token } = worker!.inbox[0]!;
    const buffer = new OutcomeBuffer();
    const lie = (index: number) => {
      buffer.add(index, { metrics: metricsOf({ cell: 0, parameters: { n: 666 }, barriers: {} }) });
      return buffer.take();
    };
    for (const message of [
      { token: token + 1, part: lie(0), done: true, ms: 1, memory },
      { token, part: lie(-1), done: false, ms: 1, memory },
      { token, part: lie(2), done: false, ms: 1, memory },
      { token, part: lie(0), done: true, ms: 1 },
      { token, opened: true, notes: [], memory },
      { token, error: 'x' },
    ]) {
      worker!.say(message);
    }
    expect(worker!.inbox).toHaveLength(2);
    worker!.answer();
    worker!.say({ token, part: lie(0), done: true, ms: 1, memory });
    answerAll(alive);
    expect(numbers(await outcomes)).toEqual(upTo(8));
  });

  test('the token is what protects: with the right one the same lie is believed', async () => {
    const { pool, workers, alive } = fakePool();
    const outcomes = start(await pool.open(setup), trialsOf(8));
    const buffer = new OutcomeBuffer();
    buffer.add(0, { metrics: metricsOf({ cell: 0, parameters: { n: 666 }, barriers: {} }) });
    workers[0]!.say({ token: workers[0]!.inbox[0]!.token, part: buffer.take(), done: false, ms: 1, memory });
    answerAll(alive);
    expect(numbers(await outcomes)[0]).toBe(666);
  });

  test('trials that a worker leaves out are tried once more, then failed', async () => {
    const { pool, workers, alive } = fakePool({ workers: 1 });
    const outcomes = start(await pool.open(setup), trialsOf(2));
    workers[0]!.part([0], true);
    expect(workers[0]!.held).toEqual([1]);
    workers[0]!.part([], true);
    answerAll(alive);
    expect(numbers(await outcomes)).toEqual([0, 'WORKER_DIED']);
  });
});

describe('setups', () => {
  test('a worker holds a bounded number of them: the one used longest ago is released, and sent again when needed', async () => {
    const { pool, workers, alive } = fakePool({ workers: 1 });
    const all: OpenTrials[] = [];
    for (let n = 0; n <= LIMITS.workerSetupsMax; n++) all.push(await pool.open(setup));
    const [worker] = workers;
    expect(worker!.released).toEqual([1]);
    const outcomes = start(all[0]!, trialsOf(1));
    await turn();
    expect(worker!.released).toEqual([1, 2]);
    expect(worker!.opened.at(-1)).toBe(1);
    answerAll(alive);
    expect(numbers(await outcomes)).toEqual([0]);
    await all[5]!.close();
    expect(worker!.released).toEqual([1, 2, 6]);
  });

  test('one that a later worker cannot load is refused with what that one found', async () => {
    const refusing = { now: false };
    const workers: FakeWorker[] = [];
    const pool = createTurboPool({
      workers: 1,
      clock: testClock,
      start: (events, number) => {
        const worker = new FakeWorker(events, number);
        worker.loads = !refusing.now;
        workers.push(worker);
        return worker;
      },
    });
    open.push(pool);
    const outcomes = start(await pool.open(setup), trialsOf(8));
    refusing.now = true;
    workers[0]!.die(0);
    expect(workers[1]!.opened).toEqual([1]);
    for (let token = 1; token < 30; token++) workers[1]!.say({ token, error: packError(new Error('not here')) });
    await expect(outcomes).rejects.toThrow('not here');
  });

  test('limits refuse with their name', async () => {
    const { pool } = fakePool();
    const trials = await pool.open(setup);
    const many = { length: LIMITS.runTrialsMax + 1 } as TrialSpec[];
    await expect(trials.run(many, { stop: NEVER_STOP })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    for (let n = 0; n < LIMITS.runsInHandMax; n++) void start(trials, trialsOf(1));
    await expect(start(trials, trialsOf(1))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('a stop', () => {
  test('workers can read it at once, what they hand in within the grace is heard, what waits is never begun', async () => {
    const clock = createFakeClock();
    const stop = createStopSource(clock, 50);
    const { pool, workers } = fakePool({ clock });
    const trials = await pool.open(setup);
    const heard: number[] = [];
    const outcomes = trials.run(trialsOf(100), { stop, onOutcome: (index) => void heard.push(index) });
    outcomes.catch(() => undefined);
    const [one] = workers;
    expect(one!.inbox[0]!.stop[0]).toBe(0);
    clock.advance(50);
    await expect.poll(() => one!.inbox[0]!.stop[0], { interval: 1 }).toBe(2);
    one!.part([0], true);
    expect(heard).toEqual([0]);
    clock.advance(200);
    await expect(outcomes).rejects.toMatchObject({ code: 'DEADLINE' });
    for (const worker of workers) while (worker.inbox.length > 0) worker.answer();
    expect(heard, 'nobody hears what comes later').toEqual([0]);
    expect(
      workers.flatMap(({ inbox }) => inbox),
      'nothing more is handed out',
    ).toEqual([]);
    expect(pool.status().trials.waiting).toBe(0);
  });

  test('a run that was stopped leaves another one of the same pool alone', async () => {
    const { pool, alive } = fakePool();
    const trials = await pool.open(setup);
    const stop = createStopSource(testClock);
    const stopped = trials.run(trialsOf(50, 100), { stop });
    stopped.catch(() => undefined);
    const other = start(trials, trialsOf(10));
    stop.cancel();
    await new Promise((resolve) => setTimeout(resolve, 30));
    answerAll(alive);
    expect(numbers(await other)).toEqual(upTo(10));
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('an error of the listener ends its run and nothing else', async () => {
    const { pool, alive } = fakePool();
    const trials = await pool.open(setup);
    const onOutcome = (): never => {
      throw new Error('full');
    };
    const outcomes = trials.run(trialsOf(6), { stop: NEVER_STOP, onOutcome });
    outcomes.catch(() => undefined);
    const other = start(trials, trialsOf(6));
    answerAll(alive);
    await expect(outcomes).rejects.toThrow('full');
    expect(numbers(await other)).toEqual(upTo(6));
  });
});

describe('collections', () => {
  test('are answered once every worker has collected, and by those that die as missed', async () => {
    const workers: FakeWorker[] = [];
    const pool = createTurboPool({
      workers: 3,
      clock: testClock,
      start: (events, number) => {
        const worker = new FakeWorker(events, number);
        workers.push(worker);
        return worker;
      },
    });
    open.push(pool);
    expect(await pool.collect()).toBe(3);
    workers[1]!.loads = false;
    const waits = pool.collect();
    workers[1]!.die(NOT_SCORING);
    expect(await waits).toBe(2);
    expect(pool.status().isOpen).toBe(true);
    await pool.close();
    expect(pool.status().isOpen).toBe(false);
  });
});
