// Does a study come to the same trials and the same hash, however many workers answer, in whatever order and batches?
import { expect, test } from 'vitest';
import { AppError, isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import type { SourcedInstrument } from '../../src/market/instrument.ts';
import { metricObjective } from '../../src/optimise/objective.ts';
import { MODES, studyIdentity } from '../../src/optimise/study.ts';
import { decodeTrial, encodeTrial } from '../../src/optimise/trial-codec.ts';
import type { LoggedTrial } from '../../src/optimise/trial-log.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { range } from '../../src/strategy/parameters.ts';
import type { ExecutionRequest } from '../../src/sweep/request.ts';
import type { RunTrials, TrialSpec } from '../../src/trials/trial.ts';
import { metricsWith, runMadeUp, type Score, studyRequest } from './made-up-study.ts';

const PARAMETERS = { a: range(0, 60), b: range(0, 40), c: range(1, 9) };

const bumpy: Score = ({ parameters: { a = 0, b = 0, c = 0 }, cell }) => {
  if ((a * 7 + b) % 29 === 0) return { error: 'made to fail', code: 'STRATEGY_FAILED' };
  const sharpe = -Math.abs(a - 41) / 10 - Math.abs(b - 13) / 7 + c / 9 + ((a * b) % 5) / 10 - cell / 100;
  return { metrics: metricsWith({ sharpe, trades: a + b, maxDrawdown: b / 100 }) };
};

test.each(MODES)('%s: one hash for any number of workers, batch size and order of answers', async (mode) => {
  const request = studyRequest(PARAMETERS, {
    mode,
    trials: 400,
    lag: 32,
    rungs: mode === 'discovery' ? 3 : 1,
    where: [{ metric: 'trades', operator: '>=', value: 20 }],
    anchors: [
      { a: 20, b: 20, c: 3 },
      { a: 50, b: 2, c: 8 },
    ],
  });
  const first = await runMadeUp(request, bumpy);
  expect(first.done).toBe(400);
  expect(first.failed).toBeGreaterThan(0);
  for (const [workers, batchSize, seed] of [
    [1, 7, 2],
    [2, 1, 3],
    [3, 5, 4],
    [4, 16, 5],
    [16, 3, 6],
  ] as const) {
    const other = await runMadeUp(request, bumpy, { seed, workers, batchSize });
    expect(other.studyHash).toBe(first.studyHash);
    expect(other.rows).toEqual(first.rows);
  }
  const otherSeed = await runMadeUp({ ...request, seed: 2 }, bumpy);
  expect(otherSeed.studyHash).not.toBe(first.studyHash);
});

test('one by one is a lag of 1, also when answers come at once', async () => {
  const request = studyRequest(PARAMETERS, { mode: 'tpe', trials: 60, lag: 1 });
  const atOnce = {
    appetite: 4,
    run: async (specs: readonly TrialSpec[], { onOutcome }: Parameters<RunTrials['run']>[1]) =>
      specs.map((spec, i) => {
        const outcome = bumpy(spec);
        onOutcome?.(i, outcome);
        return outcome;
      }),
  };
  const first = await runMadeUp(request, bumpy, undefined, { run: atOnce });
  expect(first.done).toBe(60);
  const second = await runMadeUp(request, bumpy, { seed: 5, workers: 4, batchSize: 1 });
  expect(second.studyHash).toBe(first.studyHash);
});

test('no trial is asked for before the results that it may depend on, nor further ahead than the lag', async () => {
  for (const [mode, lag] of [
    ['tpe', 7],
    ['discovery', 20],
    ['refine', 1],
  ] as const) {
    const request = studyRequest(PARAMETERS, { mode, trials: 120, lag, anchors: [{ a: 1, b: 1, c: 1 }] });
    let ahead = 0;
    await runMadeUp(
      request,
      bumpy,
      { seed: 4, workers: 8, batchSize: 2 },
      { onProgress: ({ inFlight }) => void (ahead = Math.max(ahead, inFlight)) },
    );
    expect(ahead).toBeLessThanOrEqual(lag);
    expect(ahead).toBeGreaterThan(0);
  }
});

/** A log in memory, through the JSON of the real one. */
function memoryLog(lines = new Map<number, string>()) {
  return {
    lines,
    find(n: number) {
      const line = lines.get(n);
      return line === undefined ? undefined : decodeTrial(JSON.parse(line));
    },
    append: (n: number, trial: LoggedTrial) => void lines.set(n, JSON.stringify(encodeTrial(n, trial))),
    sync: () => undefined,
  };
}

test.each(MODES)(
  '%s: stopped anywhere and taken up again, by other workers, it ends in the same hash',
  async (mode) => {
    const request = studyRequest(PARAMETERS, {
      mode,
      trials: 250,
      lag: 24,
      rungs: mode === 'discovery' ? 2 : 1,
      anchors: [{ a: 3, b: 4, c: 5 }],
      patience: 200,
    });
    const whole = await runMadeUp(request, bumpy);
    const log = memoryLog();
    let answers = 0;
    for (const limit of [1, 40, 41, 170]) {
      const stop = { reason: () => (answers >= limit ? ('cancelled' as const) : undefined) };
      const counted: Score = (spec) => {
        answers++;
        return bumpy(spec);
      };
      const part = await runMadeUp(request, counted, { seed: limit, workers: 3, batchSize: 4 }, { stop, log });
      expect(part.stopped).toBe('cancelled');
      expect(part.done + part.beyondGap).toBe(log.lines.size);
      const again = await runMadeUp({ ...request }, bumpy, undefined, { log: memoryLog(new Map(log.lines)) });
      expect(again.studyHash).toBe(whole.studyHash);
      expect(again.replayed).toBe(log.lines.size);
    }
    const last = await runMadeUp(request, bumpy, { seed: 9, workers: 2, batchSize: 3 }, { log });
    expect(last.studyHash).toBe(whole.studyHash);
    expect(last.rows).toEqual(whole.rows);
    expect(log.lines.size).toBe(whole.done);
  },
);

test('what ended out of turn when a study was stopped is in neither hash nor ranking, and is not run again', async () => {
  const request = studyRequest(PARAMETERS, { mode: 'random', trials: 100 });
  const log = memoryLog();
  // Trial 10 never comes back; the others do.
  let left = 60;
  const stop = { reason: () => (left <= 0 ? ('deadline' as const) : undefined) };
  const run: RunTrials = {
    appetite: 50,
    run: (specs, { onOutcome }) =>
      new Promise((_, reject) => {
        specs.forEach((spec, i) => {
          if (i !== 10 && left-- > 0) onOutcome?.(i, bumpy(spec));
        });
        setImmediate(() => {
          left = 0;
          reject(new AppError('DEADLINE', { found: 'the deadline.', todo: '' }));
        });
      }),
  };
  const part = await runMadeUp(request, bumpy, undefined, { run, stop, log });
  expect(part).toMatchObject({ done: 10, stopped: 'deadline' });
  expect(part.beyondGap).toBeGreaterThan(40);
  expect(part.rows.every(({ n }) => n < 10)).toBe(true);
  const whole = await runMadeUp({ ...request }, bumpy, undefined, { log: memoryLog() });
  expect(whole.studyHash).not.toBe(part.studyHash);
  let ran = 0;
  const rest = await runMadeUp(
    request,
    (spec) => {
      ran++;
      return bumpy(spec);
    },
    undefined,
    { log },
  );
  expect(rest.studyHash).toBe(whole.studyHash);
  expect(ran).toBe(100 - 10 - part.beyondGap);
});

test('a log of another request is refused', async () => {
  const request = studyRequest(PARAMETERS, { mode: 'random', trials: 30 });
  const log = memoryLog();
  await runMadeUp(request, bumpy, undefined, { log });
  await expect(runMadeUp({ ...request, seed: 2 }, bumpy, undefined, { log })).rejects.toMatchObject({
    code: 'RESULT_MISMATCH',
  });
});

test('when all of the first 64 fail the study ends with their error, when one does not it goes on', async () => {
  const request = studyRequest(PARAMETERS, { mode: 'random', trials: 500 });
  let ran = 0;
  const failing: Score = () => {
    ran++;
    return { error: 'no such column', code: 'STRATEGY_FAILED' };
  };
  await expect(runMadeUp(request, failing)).rejects.toMatchObject({
    code: 'STRATEGY_FAILED',
    found: expect.stringContaining('no such column'),
  });
  expect(ran).toBeLessThan(70);
  const spared = await runMadeUp(request, (spec) =>
    ++ran === 90 ? bumpy({ ...spec, parameters: { a: 1, b: 1, c: 1 } }) : failing(spec),
  );
  expect(spared).toMatchObject({ done: 500 });
});

test('patience and target end a study at the same trial whatever the workers', async () => {
  for (const rule of [{ patience: 60 }, { target: 0.2 }]) {
    const request = studyRequest(PARAMETERS, { mode: 'random', trials: 5_000, lag: 16, ...rule });
    const first = await runMadeUp(request, bumpy);
    expect(first.ended).toBe('patience' in rule ? 'patience' : 'target');
    expect(first.done).toBeLessThan(5_000);
    const second = await runMadeUp(request, bumpy, { seed: 8, workers: 5, batchSize: 3 });
    expect([second.done, second.studyHash]).toEqual([first.done, first.studyHash]);
  }
});

test('several markets: a trial is one run on each, and worth what the rule makes of them', async () => {
  const cells = [0, 1, 2].map((i) => ({
    market: `m${i}`,
    rung: 0,
    dataHash: `h${i}`,
    timeframe: '1m',
    fromBar: 0,
    toBar: 9,
  }));
  const score: Score = ({ parameters: { a = 0 }, cell }) => ({
    metrics: metricsWith({ sharpe: cell === 0 ? a : cell === 1 ? -a : 3, totalReturn: cell - 1 }),
  });
  const run = (across: 'median' | 'mean' | 'worst' | 'profitable', workers = 1) =>
    runMadeUp(studyRequest({ a: range(0, 9) }, { mode: 'grid', trials: 10, cells, across }), score, {
      seed: 2,
      workers,
      batchSize: 2,
    });
  expect((await run('median')).rows[0]).toMatchObject({ point: [3], standing: { scores: [3] } });
  expect((await run('mean')).rows[0]!.standing.scores[0]).toBe(1);
  expect((await run('worst')).rows[0]).toMatchObject({ point: [0], standing: { scores: [-0] } });
  expect((await run('profitable')).rows[0]!.standing.scores[0]).toBeCloseTo(1 / 3, 12);
  expect((await run('median', 4)).studyHash).toBe((await run('median')).studyHash);
});

const SEED = Number(process.env['GRIDMILL_SEED'] ?? Math.floor(performance.timeOrigin) % 1_000_000);

test(`random studies have one hash (replay: GRIDMILL_SEED=${SEED} npx vitest run --project fast test/optimise)`, async () => {
  const prng = createPrng(SEED);
  const one = <T>(values: readonly T[]): T => values[prng.nextBelow(values.length)]!;
  for (let round = 0; round < 12; round++) {
    const axes = Object.fromEntries(
      ['a', 'b', 'c', 'd'].slice(0, 1 + prng.nextBelow(4)).map((name) => [name, range(0, prng.nextBelow(40))]),
    );
    const rungs = 1 + prng.nextBelow(3);
    const mode = one(MODES);
    const request = studyRequest(axes, {
      mode,
      seed: prng.nextBelow(1e6),
      trials: 1 + prng.nextBelow(200),
      lag: 1 + prng.nextBelow(70),
      rungs: mode === 'discovery' ? rungs : 1,
      objectives:
        prng.next() < 0.3 ? [metricObjective('sharpe'), metricObjective('maxDrawdown')] : [metricObjective('sharpe')],
      where: prng.next() < 0.5 ? [{ metric: 'trades', operator: '>', value: prng.nextBelow(60) }] : [],
      patience: prng.next() < 0.3 ? 1 + prng.nextBelow(80) : undefined,
      anchors: [{ a: prng.nextBelow(40) }],
      constraint: prng.next() < 0.4 ? ({ a = 0, b = 1 }) => (a + b) % 3 !== 0 : undefined,
    });
    // A study of few points may hold nothing but failures, which is an error of its own.
    const score: Score = (spec) => {
      const outcome = bumpy(spec);
      return spec.parameters['a'] === 1 || 'metrics' in outcome ? outcome : { metrics: metricsWith({ sharpe: null }) };
    };
    const results = [];
    for (let i = 0; i < 3; i++) {
      const scatter = { seed: prng.nextUint32(), workers: 1 + prng.nextBelow(6), batchSize: 1 + prng.nextBelow(9) };
      const { studyHash, done, rows } = await runMadeUp(request, score, scatter).catch((error: unknown) => {
        if (isAppError(error, 'STRATEGY_FAILED')) return { studyHash: 'failed', done: 0, rows: [] };
        throw error;
      });
      results.push(JSON.stringify([studyHash, done, rows]));
    }
    expect(new Set(results).size, `round ${round}, mode ${mode}`).toBe(1);
  }
});

const INSTRUMENT: SourcedInstrument = {
  exchange: 'binance',
  symbol: 'BTCUSDT',
  tickSize: '0.01',
  stepSize: '0.00001',
  minNotional: '10',
  minAmount: null,
  quoteRates: [],
  listHash: 'list',
};

test.each<[string, Partial<ExecutionRequest>]>([
  ['profile', { profile: PROFILES['next-open'] }],
  ['direction', { direction: 'both' }],
  ['initial cash', { initialCash: 123 }],
  ['fee', { costs: { ...PROFILES.close.defaults.costs, feeRate: 0.5 } }],
  ['closing at the end', { closeAtEnd: true }],
  ['calendar', { calendar: 'equity-sessions' }],
  ['price step of the instrument', { instrument: { ...INSTRUMENT, tickSize: '0.1' } }],
  ['list of instruments', { instrument: undefined }],
])('another %s is another study', (_, change) => {
  const request = studyRequest(PARAMETERS, { instrument: INSTRUMENT });
  expect(studyIdentity('test', { ...request, ...change })).not.toBe(studyIdentity('test', request));
});
