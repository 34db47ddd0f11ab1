// Studies over made-up functions, for tests: a runner that answers out of order, and a request with one line of code.
import { NEVER_STOP, type StopToken } from '../../src/core/cancel.ts';
import { AppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { METRIC_NAMES, type Metrics } from '../../src/metrics/metrics.ts';
import { metricObjective } from '../../src/optimise/objective.ts';
import { runStudy, type StudyHost, type StudyOutcome } from '../../src/optimise/run-study.ts';
import { createSpace } from '../../src/optimise/space.ts';
import type { StudyRequest } from '../../src/optimise/study.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import type { Axis } from '../../src/strategy/parameters.ts';
import { defineStrategy } from '../../src/strategy/strategy.ts';
import type { RunTrials, TrialOutcome, TrialSpec } from '../../src/trials/trial.ts';

export const metricsWith = (values: Partial<Metrics>): Metrics =>
  ({ ...Object.fromEntries(METRIC_NAMES.map((name) => [name, 0])), ...values }) as Metrics;

export type Score = (spec: TrialSpec) => TrialOutcome;

export interface Scatter {
  readonly seed: number;
  readonly workers: number;
  readonly batchSize: number;
  readonly stop?: StopToken;
}

/** Answers as so many workers would, batch by batch, in an order and after delays that the seed draws. */
export function scatteredRunner(score: Score, { seed, workers, batchSize }: Scatter): RunTrials {
  const prng = createPrng(seed);
  const queue: (() => void)[] = [];
  let free = workers;
  const next = (): void => {
    while (free > 0 && queue.length > 0) {
      free--;
      const [work] = queue.splice(prng.nextBelow(queue.length), 1);
      const turns = prng.nextBelow(6);
      const later = (left: number): void => {
        if (left > 0) setImmediate(() => later(left - 1));
        else {
          free++;
          work!();
          next();
        }
      };
      later(turns);
    }
  };
  return {
    appetite: workers * batchSize,
    run: (specs, { stop, onOutcome }) =>
      new Promise((resolve, reject) => {
        const outcomes: TrialOutcome[] = new Array(specs.length);
        let missing = specs.length;
        for (let at = 0; at < specs.length; at += batchSize) {
          queue.push(() => {
            if (stop.reason() !== undefined) {
              reject(
                new AppError(stop.reason() === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found: 'a stop.', todo: '' }),
              );
              return;
            }
            for (let i = at; i < Math.min(at + batchSize, specs.length); i++) {
              outcomes[i] = score(specs[i]!);
              onOutcome?.(i, outcomes[i]!);
              missing--;
            }
            if (missing === 0) resolve(outcomes);
          });
        }
        next();
      }),
  };
}

export function studyRequest(
  parameters: Readonly<Record<string, Axis>>,
  given: Partial<StudyRequest> & {
    readonly constraint?: (parameters: Readonly<Record<string, number>>) => boolean;
  } = {},
): StudyRequest {
  const strategy = defineStrategy({
    name: 'made-up',
    parameters,
    constraint: given.constraint,
    compute: ({ barCount }) => new Int8Array(barCount),
  });
  const profile = PROFILES.close;
  const { rungs = 1, ...rest } = given;
  const markets = (given.cells?.length ?? rungs) / rungs;
  return {
    ...profile.defaults,
    profile,
    calendar: 'continuous',
    strategyHash: 'test',
    space: createSpace({ strategy, arithmetic: profile.arithmetic, parameters: {}, risk: {} }),
    mode: 'random',
    seed: 1,
    trials: 100,
    lag: 16,
    objectives: [metricObjective('sharpe')],
    where: [],
    across: 'median',
    rungs,
    cells: Array.from({ length: rungs * markets }, (_, i) => ({
      market: `m${i % markets}`,
      rung: Math.floor(i / markets),
      dataHash: `hash ${i % markets}`,
      timeframe: '1m',
      fromBar: 0,
      toBar: 100,
    })),
    anchors: [],
    ...rest,
  };
}

export function runMadeUp(
  request: StudyRequest,
  score: Score,
  scatter: Scatter = { seed: 1, workers: 1, batchSize: 1 },
  host: Partial<StudyHost> = {},
): Promise<StudyOutcome> {
  return runStudy(request, {
    engineVersion: 'test',
    run: scatteredRunner(score, scatter),
    stop: NEVER_STOP,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    top: 20,
    ...host,
  });
}
