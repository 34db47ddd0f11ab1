// Real trial threads whose strategy throws, hangs, leaves, hoards and lies: only the configuration at fault fails.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createStopSource } from '../../src/core/cancel.ts';
import { type AppError, isAppError } from '../../src/core/errors.ts';
import { hasFailed, type TrialFailure, type TrialSpec } from '../../src/trials/trial.ts';
import type { TurboPool } from '../../src/turbo/turbo-port.ts';
import { testClock } from '../synthetic-request.ts';
import { misbehavingStrategy, temporaryFolder } from './pool-fixtures.ts';
import { closePools, run, testPool, testSetup, textOf } from './turbo-fixtures.ts';

const folder = temporaryFolder();
afterAll(folder.remove);
afterEach(closePools);

const TRIALS = 40;
const BAD = 20;
const specs: readonly TrialSpec[] = Array.from({ length: TRIALS }, (_, i) => ({
  cell: 0,
  parameters: { bars: i + 2 },
  barriers: i % 3 === 0 ? { stopLoss: 0.01 } : {},
}));
const bad = specs.findIndex(({ parameters }) => parameters['bars'] === BAD);
const LIMITED = { workers: 2, heapMb: 24 };

/** A sound strategy of which `misdeed` runs in threads, at the start of each trial. */
async function strategyRef(name: string, misdeed: string, atImport = '') {
  return (await misbehavingStrategy(folder.path, name, TRIALS, misdeed, atImport)).strategyRef;
}

/** What every trial comes to when nothing goes wrong. */
let clean: Promise<string[]> | undefined;
function cleanOutcomes(): Promise<string[]> {
  clean ??= (async () => {
    const trials = await testPool({ workers: 1 }).open(testSetup(await strategyRef('sound', '')));
    return textOf(await run(trials, specs));
  })();
  return clean;
}

async function expectOnlyBadFails(outcomes: Awaited<ReturnType<typeof run>>): Promise<TrialFailure> {
  const expected = await cleanOutcomes();
  const found = textOf(outcomes);
  found[bad] = expected[bad]!;
  expect(found).toEqual(expected);
  const failure = outcomes[bad]!;
  if (!hasFailed(failure)) return expect.fail('the configuration at fault has metrics');
  return failure;
}

/** The promise is two seconds; a machine with other work gets more. */
async function expectStrength(pool: TurboPool): Promise<void> {
  const { expected } = pool.status().workers;
  await expect.poll(() => pool.status().workers.online, { timeout: 6000, interval: 20 }).toBe(expected);
}

async function refused(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) return expect.fail(`not refused, but ${String(error)}`);
  return error;
}

const FATAL: readonly (readonly [name: string, misdeed: string, code: string, how: string])[] = [
  ['leaves', 'process.exit(3)', 'WORKER_DIED', 'left with exit code 3'],
  ['loops', 'for (;;);', 'TIME_LIMIT', 'gave no sign of life for 0.5 s'],
  ['hoards', 'const hoard = []; for (;;) hoard.push({ calls, more: [calls++] })', 'OUT_OF_MEMORY', 'memory'],
  ['overflows', 'const buffers = []; for (;;) buffers.push(new Array(1e6).fill(calls))', 'OUT_OF_MEMORY', 'memory'],
];

describe('a trial that kills its worker', () => {
  test.each(FATAL)('%s: it alone fails, by name, and the pool is whole again', async (name, misdeed, code, how) => {
    const pool = testPool({ ...LIMITED, batchSize: 8, trialMsMax: name === 'loops' ? 500 : 60_000 });
    const trials = await pool.open(testSetup(await strategyRef(name, `if (bars === ${BAD}) { ${misdeed}; }`)));
    const failure = await expectOnlyBadFails(await run(trials, specs));
    expect(failure).toMatchObject({ code, trial: specs[bad], seed: 7 });
    expect(failure.error).toContain(`bars=${BAD}`);
    expect(failure.error).toContain('on BTC (cell 0, seed 7)');
    expect(failure.error).toContain(how);
    await expectStrength(pool);
    const { trials: counts, failures } = pool.status();
    expect(counts).toEqual({ done: TRIALS, failed: 1, waiting: 0 });
    expect(failures).toEqual([failure]);
    // The same workers go on with the next run.
    const others = specs.filter((_, i) => i !== bad);
    expect(textOf(await run(trials, others))).toEqual((await cleanOutcomes()).filter((_, i) => i !== bad));
  });

  test('every batch size and number of workers contains it, with the same outcomes in the same order', async () => {
    const ref = await strategyRef('leaves-anywhere', `if (bars === ${BAD}) process.exit(3);`);
    for (const [workers, batchSize] of [
      [1, 1],
      [1, 40],
      [3, 7],
      [4, undefined],
    ] as const) {
      const pool = testPool({ workers, batchSize });
      await expectOnlyBadFails(await run(await pool.open(testSetup(ref)), specs));
      await pool.close();
    }
  });

  test('once only: it is tried again by itself and nothing fails', async () => {
    const pool = testPool(LIMITED);
    const ref = await strategyRef('once', `if (bars === ${BAD} && once('')) process.exit(1);`);
    const trials = await pool.open(testSetup(ref));
    expect(textOf(await run(trials, specs))).toEqual(await cleanOutcomes());
    expect(pool.status().workers.restarted).toBe(1);
  });

  test('late, from a timer or a forgotten promise: no innocent trial is blamed', async () => {
    const misdeed = `
      if (bars % 4 === 1 && once(bars)) setImmediate(() => process.exit(1));
      if (bars % 4 === 3 && once(bars)) void Promise.reject(new Error('late'));`;
    const pool = testPool({ workers: 3, batchSize: 1 });
    const trials = await pool.open(testSetup(await strategyRef('late', misdeed)));
    expect(textOf(await run(trials, specs))).toEqual(await cleanOutcomes());
    await expectStrength(pool);
  });

  test('half of all configurations: the other half is scored', async () => {
    const pool = testPool({ workers: 2 });
    const trials = await pool.open(testSetup(await strategyRef('half', 'if (bars % 2 === 0) process.exit(1);')));
    const outcomes = await run(trials, specs);
    expect(outcomes.map(hasFailed)).toEqual(specs.map(({ parameters }) => parameters['bars']! % 2 === 0));
    await expectStrength(pool);
  });
});

describe('a trial that fails without killing', () => {
  test('throwing anything fails it alone, and the worker lives', async () => {
    const pool = testPool({ workers: 2, batchSize: 8 });
    const ref = await strategyRef('throws', `if (bars === ${BAD}) throw new TypeError('no such bar');`);
    const trials = await pool.open(testSetup(ref));
    const failure = await expectOnlyBadFails(await run(trials, specs));
    expect(failure.code).toBe('STRATEGY_FAILED');
    expect(failure.error).toContain('no such bar');
    expect(pool.status().workers.restarted).toBe(0);
  });

  test('messages of its own are ignored, whatever they look like', async () => {
    const misdeed = `
      const part = { scored: new Int32Array(1), rows: new Float64Array(27), profile: [], failures: [] };
      const memory = { heapBytes: 1, externalBytes: 1 };
      for (const message of ['done', null, 7, {}, { token: -1, part, done: true, ms: 1, memory }, { token: 1e9, error: { message: 'x' } },
        { token: 2, part: { scored: [], rows: [], failures: [] }, done: true, ms: 1, memory }, { online: true }]) {
        parentPort!.postMessage(message);
      }`;
    const pool = testPool({ workers: 2, batchSize: 4 });
    const trials = await pool.open(testSetup(await strategyRef('talks', misdeed)));
    expect(textOf(await run(trials, specs))).toEqual(await cleanOutcomes());
    expect(pool.status().workers.restarted).toBe(0);
  });
});

describe('a strategy that does not load', () => {
  test('dying at import ends in one clear error, soon, and other setups go on', async () => {
    const pool = testPool({ workers: 2 });
    const error = await refused(
      pool.open(testSetup(await strategyRef('dies-at-import', '', 'process.exit(5);'), { name: 'dies-at-import' })),
    );
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toBe('dies-at-import: a worker that left with exit code 5, 3 times in a row.');
    const sound = await pool.open(testSetup(await strategyRef('sound-after', '')));
    expect(textOf(await run(sound, specs))).toEqual(await cleanOutcomes());
    await expectStrength(pool);
  });

  test('throwing at import fails the opening with what it threw', async () => {
    const ref = await strategyRef('throws-at-import', '', 'throw new TypeError("not here");');
    await expect(testPool().open(testSetup(ref))).rejects.toThrow('not here');
  });

  test('one that is not the strategy of the caller is refused', async () => {
    const error = await refused(testPool().open(testSetup({ builtIn: 'macd' }, { identity: '["other"]' })));
    expect(error.rule).toBe('A strategy must be the same in every thread that loads it.');
  });
});

describe('a stop', () => {
  test.each(['cancelled', 'deadline'] as const)(
    '%s: what came is heard, the rest is refused, a hanging worker ends',
    async (reason) => {
      const pool = testPool({ workers: 2, batchSize: 4 });
      const trials = await pool.open(testSetup(await strategyRef(`hangs-${reason}`, `if (bars === ${BAD}) for (;;);`)));
      const stop = createStopSource(testClock, reason === 'deadline' ? 1000 : undefined);
      const heard = new Map<number, string>();
      const running = trials.run(specs, {
        stop,
        onOutcome: (index, outcome) => heard.set(index, JSON.stringify(outcome)),
      });
      running.catch(() => undefined);
      await expect.poll(() => heard.size, { timeout: 5000 }).toBeGreaterThanOrEqual(TRIALS - 8);
      expect(pool.status().inFlight.some(({ trial }) => trial?.parameters['bars'] === BAD)).toBe(true);
      const startedMs = performance.now();
      if (reason === 'cancelled') stop.cancel();
      const error = await refused(running);
      expect(error.code).toBe(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED');
      // 130 ms on an idle machine.
      if (reason === 'cancelled') expect(performance.now() - startedMs).toBeLessThan(1000);
      const expected = await cleanOutcomes();
      for (const [index, text] of heard) expect(text).toBe(expected[index]);
      await expect.poll(() => pool.status().workers.restarted, { timeout: 6000 }).toBe(1);
      await expectStrength(pool);
    },
  );
});
