// The pool against threads that die, hang, lie and answer late, played by fakes so that every order can be tried.
import { afterEach, describe, expect, test } from 'vitest';
import { createStopSource } from '../../src/core/cancel.ts';
import { createFakeClock } from '../../src/core/clock.ts';
import { AppError, type ErrorCode } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { METRIC_NAMES } from '../../src/metrics/metrics.ts';
import { NOT_SCORING, packError, type WorkMessage } from '../../src/pool/messages.ts';
import { Pool, type PoolOptions } from '../../src/pool/pool.ts';
import type { ScoringThread, ThreadEvents } from '../../src/pool/thread.ts';
import { range } from '../../src/strategy/parameters.ts';
import { ColumnFlow } from '../../src/sweep/column-flow.ts';
import { ColumnSlots } from '../../src/sweep/column-slots.ts';
import { createGrid } from '../../src/sweep/grid.ts';
import { testRequest } from '../synthetic-request.ts';

const { strategy } = testRequest('sma-cross');
const parameters = { fast: range(1, 10), slow: range(11, 20) };
const grid = createGrid({ strategy, arithmetic: 'standard', parameters });
const stats = { columnsComputed: 1, hits: 2, misses: 3 };

const firstOf = (message: WorkMessage): number =>
  'batch' in message ? message.batch.baseIndices[0]! : -message.columns[0]!.id;

/** A thread that does only what the test says. */
class FakeThread implements ScoringThread {
  readonly inbox: WorkMessage[] = [];
  readonly events: ThreadEvents;
  readonly number: number;
  at = NOT_SCORING;
  ended = false;

  constructor(events: ThreadEvents, number = 0) {
    this.events = events;
    this.number = number;
  }

  post(message: WorkMessage): void {
    this.inbox.push(message);
  }

  position(): number {
    return this.at;
  }

  async end(): Promise<void> {
    this.ended = true;
  }

  say(message: unknown): void {
    this.events.onMessage(message);
  }

  /** First base index of each batch in the inbox; a list of columns counts as minus its first id. */
  get held(): number[] {
    return this.inbox.map(firstOf);
  }

  /** Answers the oldest message; every value of the rows of a batch is its first base index. */
  answer(): void {
    const message = this.inbox.shift()!;
    const { token } = message;
    if ('columns' in message) {
      this.say({ token, filled: true, stats, ms: 2 });
      return;
    }
    const { batch } = message;
    const rows = new Float64Array(batch.baseIndices.length * METRIC_NAMES.length).fill(batch.baseIndices[0]!);
    this.say({ token, rows, stats });
  }

  /** Dies while scoring its oldest batch, or before it began when `at` is NOT_SCORING. */
  die(at = 0, how = 'left with exit code 3'): void {
    this.at = at;
    this.events.onDeath(how);
  }
}

const open: Pool[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

function createPool(options: Partial<PoolOptions> = {}) {
  const threads: FakeThread[] = [];
  const start = (events: ThreadEvents, number: number): FakeThread => {
    const thread = new FakeThread(events, number);
    threads.push(thread);
    return thread;
  };
  const pool = new Pool({ workers: 2, start, grid, silenceMs: 60_000, ...options });
  open.push(pool);
  const score = (...baseIndices: number[]) => {
    const rows = pool.score({ stage: 'A', baseIndices });
    rows.catch(() => undefined);
    return rows;
  };
  return { pool, threads, score };
}

const first = async (rows: Promise<Float64Array>): Promise<number> => (await rows)[0]!;

async function failure(rows: Promise<unknown>): Promise<AppError> {
  const error = await rows.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

async function isPending(rows: Promise<unknown>): Promise<boolean> {
  const nothing = Symbol();
  const settled = rows.catch(() => undefined);
  return (await Promise.race([settled, new Promise((resolve) => setImmediate(resolve, nothing))])) === nothing;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('handing out', () => {
  test('threads start as batches need them, then each gets a second batch to keep at its door, and no third', () => {
    const { pool, threads, score } = createPool();
    expect(pool.concurrency).toBe(4);
    for (let i = 0; i < 6; i++) {
      void score(i);
      expect(pool.strength).toBe(Math.min(i + 1, 2));
    }
    expect(threads.map((thread) => thread.inbox.length)).toEqual([2, 2]);
    threads[0]!.answer();
    expect(threads.map((thread) => thread.inbox.length)).toEqual([2, 2]);
    expect(threads[0]!.held).toEqual([2, 4]);
  });

  test('each batch gets its own answer, in whatever order threads work', async () => {
    const seed = 20_260_101;
    const prng = createPrng(seed);
    const { pool, threads, score } = createPool({ workers: 3 });
    const scored = Array.from({ length: 200 }, (_, i) => score(i % 100));
    for (let left = 200; left > 0; left--) {
      const busy = threads.filter((thread) => thread.inbox.length > 0);
      busy[prng.nextBelow(busy.length)]!.answer();
    }
    for (const [i, rows] of scored.entries()) expect(await first(rows), `seed ${seed}`).toBe(i % 100);
    expect(pool.stats()).toMatchObject({ columnsComputed: 3, hits: 6, misses: 9 });
  });

  test('an error of the strategy fails its batch with the same code, and the thread goes on', async () => {
    const { threads, score } = createPool();
    const bad = score(1);
    const good = score(2);
    const thrown = new AppError('STRATEGY_FAILED', { found: 'x.', todo: 'y.' });
    threads[0]!.say({ token: threads[0]!.inbox[0]!.token, error: packError(thrown) });
    threads[1]!.answer();
    expect(await failure(bad)).toMatchObject({
      code: 'STRATEGY_FAILED',
      found: 'x.',
      todo: 'y.',
      message: thrown.message,
    });
    expect(await first(good)).toBe(2);
  });

  test('a thread that cannot load the strategy fails all batches with that error', async () => {
    const { threads, score } = createPool();
    const all = [score(1), score(2), score(3), score(4), score(5)];
    threads[1]!.say({ unfit: packError(new AppError('STRATEGY_FAILED', { found: 'another one.', todo: 'z.' })) });
    for (const rows of [...all, score(6)]) expect((await failure(rows)).found).toBe('another one.');
    threads[0]!.die();
    expect(threads, 'nobody replaces threads that have nothing left to do').toHaveLength(2);
  });

  test('a system that refuses another thread is an error, not a hang', async () => {
    const start = (): never => {
      throw new Error('ERR_WORKER_INIT_FAILED');
    };
    const { score } = createPool({ start });
    await expect(score(1)).rejects.toThrow('ERR_WORKER_INIT_FAILED');
  });
});

describe('death', () => {
  test('a dead thread is replaced at once, its batch is retried, the one at its door moves, nothing is lost', async () => {
    const { pool, threads, score } = createPool();
    const scored = [0, 1, 2, 3, 4, 5].map((i) => score(i));
    threads[0]!.die();
    expect(pool.strength).toBe(2);
    expect(threads).toHaveLength(3);
    while (threads.some((thread) => thread.inbox.length > 0 && !thread.ended && thread !== threads[0])) {
      for (const thread of threads.slice(1)) if (thread.inbox.length > 0) thread.answer();
    }
    for (const [i, rows] of scored.entries()) expect(await first(rows)).toBe(i);
  });

  test('a batch that kills two threads fails with WORKER_DIED, the range of variants and the one it was at', async () => {
    const { pool, threads, score } = createPool();
    const guilty = score(10, 11, 12);
    const innocent = score(99);
    threads[0]!.die(1);
    expect(await isPending(guilty)).toBe(true);
    const retry = threads.find((thread) => thread !== threads[0] && thread.held[0] === 10)!;
    retry.die(1, 'gave no sign of life for 60 s');
    const error = await failure(guilty);
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toBe(
      'base variants 10 to 12 (sma-cross|standard|fast=2,slow=11 to sma-cross|standard|fast=2,slow=13) in stage A: ' +
        'at sma-cross|standard|fast=2,slow=12 a thread gave no sign of life for 60 s, twice.',
    );
    expect(pool.strength).toBe(2);
    threads[1]!.answer();
    expect(await first(innocent)).toBe(99);
    threads[1]!.die(NOT_SCORING);
    expect(pool.stats(), 'what a dead thread had counted still counts').toMatchObject(stats);
  });

  test('only the batch being scored is blamed: one that waited at two doors is still good for two deaths', async () => {
    const { threads, score } = createPool({ workers: 2 });
    const [a, , waiting] = [score(1), score(2), score(3)];
    expect(threads[0]!.held).toEqual([1, 3]);
    threads[0]!.die(0);
    threads[2]!.answer();
    expect(await first(a)).toBe(1);
    const holder = (): FakeThread => threads.findLast((thread) => thread.held.includes(3))!;
    const second = holder();
    while (second.held[0] !== 3) second.answer();
    second.die(0);
    expect(await isPending(waiting!)).toBe(true);
    holder().answer();
    expect(await first(waiting!)).toBe(3);
  });

  test('threads that die before they score are replaced, but not for ever', async () => {
    const { threads, score } = createPool({ workers: 2 });
    const rows = score(5);
    let deaths = 0;
    for (; (await isPending(rows)) && deaths < 100; deaths++) threads.at(-1)!.die(NOT_SCORING, 'threw SyntaxError: x');
    expect(deaths).toBe(6);
    expect((await failure(rows)).message).toContain('a thread that threw SyntaxError: x, 6 times in a row.');
    // An answer in between shows that threads can live, and the count starts again.
    const other = createPool({ workers: 2 });
    const kept = other.score(1);
    for (let i = 0; i < 5; i++) other.threads.at(-1)!.die(NOT_SCORING);
    other.threads.at(-1)!.answer();
    for (let i = 0; i < 5; i++) other.threads.at(-1)!.die(NOT_SCORING);
    expect(await first(kept)).toBe(1);
    expect(other.pool.strength).toBe(1);
  });

  test('500 random deaths lose nothing, double nothing and leave the pool at full strength', async () => {
    const seed = 7;
    const prng = createPrng(seed);
    const { pool, threads, score } = createPool({ workers: 4 });
    const scored: Promise<Float64Array>[] = [];
    const killed = new Set<number>();
    let answered = 0;
    while (killed.size < 500) {
      while (scored.length - answered < 10) scored.push(score(scored.length));
      const busy = threads.filter((thread) => thread.inbox.length > 0 && !thread.ended);
      const thread = busy[prng.nextBelow(busy.length)]!;
      const variant = thread.held[0]!;
      if (prng.nextBelow(3) === 0 && !killed.has(variant)) {
        killed.add(variant);
        thread.ended = true;
        thread.die(0);
      } else {
        thread.answer();
        answered++;
      }
      expect(pool.strength, `seed ${seed}`).toBe(4);
    }
    for (let busy = true; busy; ) {
      const left = threads.filter((thread) => thread.inbox.length > 0 && !thread.ended);
      for (const thread of left) thread.answer();
      busy = left.length > 0;
    }
    for (const [i, rows] of scored.entries()) expect(await first(rows), `seed ${seed}`).toBe(i);
  });
});

describe('columns', () => {
  const columnName = (id: number): string => `sma(close,${id})`;
  const columns = (pool: Pool, ...ids: number[]) => {
    const done = pool.computeColumns!(ids.map((id, slot) => ({ id, slot })));
    done.catch(() => undefined);
    return done;
  };

  test('go before batches that wait, since other batches wait for them', () => {
    const { pool, threads, score } = createPool({ columnName });
    for (let i = 1; i <= 6; i++) void score(i);
    void columns(pool, 50);
    threads[0]!.answer();
    expect(threads.map(({ held }) => held)).toEqual([
      [3, -50],
      [2, 4],
    ]);
  });

  test('a pool whose threads keep their own columns computes none on demand', () => {
    expect(createPool().pool.computeColumns).toBeUndefined();
  });

  test('a thread that dies while it computes a column: another one does it again', async () => {
    const { pool, threads } = createPool({ columnName });
    const done = columns(pool, 20, 30);
    threads[0]!.die(1);
    expect(await isPending(done)).toBe(true);
    expect(threads[1]!.held).toEqual([-20]);
    threads[1]!.answer();
    await done;
    expect(pool.worked()).toEqual({ scoringMs: 0, columnsMs: 2 });
  });

  test('a column that kills two threads fails with WORKER_DIED and its name', async () => {
    const { pool, threads } = createPool({ columnName });
    const done = columns(pool, 20, 30);
    threads[0]!.die(1);
    threads[1]!.die(1);
    const error = await failure(done);
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toBe('the column sma(close,30): a thread left with exit code 3, twice.');
  });

  test('a thread that dies while another waits for its column: both batches are scored once it is there', async () => {
    const { pool, threads } = createPool({ columnName });
    const flow = new ColumnFlow(pool, new ColumnSlots(4));
    const [one, two] = [1, 2].map((base) => flow.score({ stage: 'A', baseIndices: [base] }, [base * 10, 99]));
    const lists = () => threads.filter(({ ended }) => !ended).flatMap(({ held }) => held);
    await expect.poll(lists).toEqual([-10, -20, -99]);
    const dying = threads.find(({ held }) => held.includes(-99))!;
    while (dying.held[0] !== -99) dying.answer();
    dying.ended = true;
    dying.die(0);
    for (const thread of threads) if (!thread.ended) while (thread.held.some((held) => held < 0)) thread.answer();
    await expect.poll(() => lists().sort()).toEqual([1, 2]);
    for (const thread of threads) if (!thread.ended) while (thread.held.length > 0) thread.answer();
    expect([await first(one!), await first(two!)]).toEqual([1, 2]);
  });
});

describe('places in the shared memory', () => {
  test('a replacement takes over the number of the dead, and no two threads have one number', () => {
    const { pool, threads, score } = createPool({ workers: 3 });
    for (let i = 0; i < 6; i++) void score(i);
    expect(threads.map(({ number }) => number)).toEqual([0, 1, 2]);
    threads[1]!.die(NOT_SCORING);
    expect(threads[3]!.number).toBe(1);
    threads[0]!.die(NOT_SCORING);
    expect(threads[4]!.number).toBe(0);
    expect(pool.strength).toBe(3);
  });

  test('the place of a hung thread is given away only when it has ended: it may write until then', async () => {
    const { threads, score } = createPool({ workers: 1, silenceMs: 80 });
    const rows = score(5);
    let end: (() => void) | undefined;
    threads[0]!.end = () => new Promise((resolve) => void (end = resolve));
    threads[0]!.at = 0;
    await expect.poll(() => end, { timeout: 2000 }).toBeDefined();
    await sleep(50);
    expect(threads).toHaveLength(1);
    threads[0]!.answer();
    expect(await isPending(rows), 'what it still says does not count').toBe(true);
    end!();
    await expect.poll(() => threads.length, { timeout: 2000 }).toBe(2);
    expect(threads[1]!.number).toBe(0);
    threads[1]!.answer();
    expect(await first(rows)).toBe(5);
  });

  test('a hung thread that cannot be ended fails the sweep instead of sharing its memory', async () => {
    const { threads, score } = createPool({ workers: 1, silenceMs: 80 });
    const rows = score(5);
    threads[0]!.end = () => new Promise(() => undefined);
    threads[0]!.at = 0;
    const error = await failure(rows);
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toContain('could not be ended');
    expect(threads).toHaveLength(1);
  });

  test('idle threads can be retired; they come back when there is work, and what they counted still counts', async () => {
    const { pool, threads, score } = createPool();
    const [one, two] = [score(1), score(2)];
    threads[0]!.answer();
    expect(await first(one!)).toBe(1);
    await pool.retire();
    expect(threads.map(({ ended }) => ended)).toEqual([true, false]);
    expect(pool.strength).toBe(1);
    expect(pool.stats()).toMatchObject(stats);
    const three = score(3);
    expect(threads).toHaveLength(3);
    expect(threads[2]!.number).toBe(0);
    threads[1]!.answer();
    threads[2]!.answer();
    expect([await first(two!), await first(three)]).toEqual([2, 3]);
  });
});

describe('lies', () => {
  const rowsOf = (value: number, variants = 1) => new Float64Array(variants * METRIC_NAMES.length).fill(value);

  test('answers for another token, answers of the wrong size and garbage are ignored', async () => {
    const { threads, score } = createPool();
    const rows = score(5);
    const [thread] = threads;
    const { token } = thread!.inbox[0]!;
    for (const message of [
      { token: token + 1, rows: rowsOf(666), stats },
      { token: token - 1, rows: rowsOf(666), stats },
      { token, rows: rowsOf(666, 2), stats },
      { token, rows: [...rowsOf(666)], stats },
      { token, rows: rowsOf(666) },
      { rows: rowsOf(666), stats },
      'done',
      null,
    ]) {
      thread!.say(message);
      expect(await isPending(rows)).toBe(true);
    }
    thread!.answer();
    expect(await first(rows)).toBe(5);
  });

  test('the token is what protects: with the right one the same lie is believed', async () => {
    const { threads, score } = createPool();
    const rows = score(5);
    threads[0]!.say({ token: threads[0]!.inbox[0]!.token, rows: rowsOf(666), stats });
    expect(await first(rows)).toBe(666);
  });

  test('an answer that comes twice, out of turn or after the death of its thread changes nothing', async () => {
    const { threads, score } = createPool();
    const [a, b, c] = [score(1), score(2), score(3)];
    const [one, two] = threads as [FakeThread, FakeThread];
    const [forA, forC] = one.inbox as [WorkMessage, WorkMessage];
    one.say({ token: forC.token, rows: rowsOf(666), stats });
    one.answer();
    one.say({ token: forA.token, rows: rowsOf(666), stats });
    expect(await first(a!)).toBe(1);
    expect(await isPending(c!)).toBe(true);
    const [forB] = two.inbox as [WorkMessage];
    two.die();
    two.say({ token: forB.token, rows: rowsOf(666), stats });
    expect(await isPending(b!)).toBe(true);
    one.answer();
    for (const thread of threads) if (thread !== two && thread.inbox.length > 0) thread.answer();
    expect(await first(b!)).toBe(2);
    expect(await first(c!)).toBe(3);
  });
});

describe('silence', () => {
  test('a thread that scores no variant within the limit is ended and replaced, its batch retried', async () => {
    const { pool, threads, score } = createPool({ silenceMs: 80 });
    const rows = score(5);
    threads[0]!.at = 0;
    await expect.poll(() => threads.length, { timeout: 2000 }).toBe(2);
    expect(threads[0]!.ended).toBe(true);
    expect(pool.strength).toBe(1);
    threads[1]!.answer();
    expect(await first(rows)).toBe(5);
  });

  test('a thread that is slow but moves from variant to variant is left alone, and so is an idle one', async () => {
    const { threads, score } = createPool({ silenceMs: 80 });
    const rows = score(...Array.from({ length: 20 }, (_, i) => i));
    for (let i = 0; i < 20; i++) {
      threads[0]!.at = i;
      await sleep(20);
    }
    threads[0]!.answer();
    threads[0]!.at = NOT_SCORING;
    await rows;
    await sleep(300);
    expect(threads).toHaveLength(1);
    expect(threads[0]!.ended).toBe(false);
  });

  test('a thread that has not begun its batch is starting, and gets longer', async () => {
    const { threads, score } = createPool({ silenceMs: 80 });
    const rows = score(5);
    await sleep(400);
    expect(threads).toHaveLength(1);
    threads[0]!.at = 0;
    await expect.poll(() => threads.length, { timeout: 2000 }).toBe(2);
    threads[1]!.answer();
    expect(await first(rows)).toBe(5);
  });

  test('a calling thread that was busy for longer than the limit finds no thread hung whose answer has come', async () => {
    const { threads, score } = createPool({ silenceMs: 80 });
    const rows = score(5);
    threads[0]!.at = 0;
    setImmediate(() => threads[0]!.answer());
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect(await first(rows)).toBe(5);
    expect(threads).toHaveLength(1);
  });
});

describe('the stop word', () => {
  test.each<['cancelled' | 'deadline', number]>([
    ['cancelled', 1],
    ['deadline', 2],
  ])('%s: threads can read it within 20 ms, and what none of them has begun is refused', async (reason, word) => {
    let stopped: 'cancelled' | 'deadline' | undefined;
    const stopWord = new Int32Array(new SharedArrayBuffer(4));
    const { threads, score } = createPool({ stop: { reason: () => stopped }, stopWord });
    const rows = [1, 2, 3, 4, 5].map((base) => score(base));
    await sleep(40);
    expect(stopWord[0]).toBe(0);
    stopped = reason;
    const started = performance.now();
    await expect.poll(() => stopWord[0], { interval: 1 }).toBe(word);
    // 20 ms on an idle machine.
    expect(performance.now() - started).toBeLessThan(300);
    expect((await failure(rows[4]!)).code).toBe(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED');
    // Threads finish or give up what they have begun.
    for (const thread of threads) while (thread.inbox.length > 0) thread.answer();
    expect(await Promise.all(rows.slice(0, 4).map(first))).toEqual([1, 2, 3, 4]);
  });
});

describe('the end', () => {
  test.each<[ErrorCode, number | undefined]>([
    ['CANCELLED', undefined],
    ['DEADLINE', 1],
  ])('after a stop a batch that hangs is given up with %s within 2 s', async (code, deadlineMs) => {
    const clock = createFakeClock();
    const stop = createStopSource(clock, deadlineMs);
    const { threads, score } = createPool({ stop });
    const [hung, late] = [score(1), score(2)];
    clock.advance(1);
    if (deadlineMs === undefined) stop.cancel();
    threads[1]!.answer();
    expect(await first(late!)).toBe(2);
    const started = performance.now();
    expect((await failure(hung!)).code).toBe(code);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('close refuses what is left and what still comes, and does not wait for a thread that cannot be ended', async () => {
    const { pool, threads, score } = createPool();
    const rows = score(1);
    threads[0]!.end = () => new Promise(() => undefined);
    const started = performance.now();
    await pool.close();
    expect(performance.now() - started).toBeLessThan(1500);
    expect((await failure(rows)).code).toBe('CANCELLED');
    expect((await failure(score(2))).code).toBe('CANCELLED');
    expect(threads).toHaveLength(1);
    threads[0]!.die();
    expect(threads).toHaveLength(1);
  });
});
