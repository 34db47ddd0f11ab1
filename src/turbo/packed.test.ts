// Trials and outcomes cross between threads as typed arrays and arrive as they were.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import type { TrialOutcome, TrialSpec } from '../trials/trial.ts';
import { readFromWorker } from './messages.ts';
import { OutcomeBuffer, readOutcomes, unpackOutcomes } from './packed-outcomes.ts';
import { packTrials, unpackTrials } from './packed-trials.ts';

describe('trials', () => {
  test('arrive with exactly their parameters and barriers, also when they have different ones', () => {
    const trials: TrialSpec[] = [
      { cell: 0, parameters: { fast: 3, slow: 0.1 + 0.2 }, barriers: {} },
      {
        cell: 7,
        parameters: { slow: -0, other: Number.POSITIVE_INFINITY },
        barriers: { stopLoss: 0.01, timeLimit: 60 },
      },
      { cell: 1, parameters: {}, barriers: { takeProfit: 0.5, trailingStop: 5e-324 } },
    ];
    expect(unpackTrials(structuredClone(packTrials(trials)))).toEqual(trials);
    expect(unpackTrials(packTrials([]))).toEqual([]);
  });
});

const metrics = (seed: number): Metrics =>
  Object.fromEntries(METRIC_NAMES.map((name, i) => [name, i % 5 === 4 ? null : seed + i / 7])) as Metrics;

describe('outcomes', () => {
  const outcomes: TrialOutcome[] = [
    { metrics: metrics(1) },
    { error: 'It threw.', code: 'STRATEGY_FAILED' },
    { metrics: metrics(2), profileMetrics: { 'Sharpe Ratio': 1.5, 'Win Rate [%]': null } },
    ...Array.from({ length: 50 }, (_, i) => ({ metrics: metrics(i) })),
    { metrics: metrics(3), profileMetrics: { 'Sharpe Ratio': null, 'Win Rate [%]': 7 } },
    { metrics: metrics(4), profileMetrics: { 'Win Rate [%]': 7, 'Sharpe Ratio': 1, closedByTime: 2 } },
    { metrics: metrics(5), profileMetrics: {} },
  ];

  test('arrive in parts, each once, rows with and without metrics of the profile among each other', () => {
    const buffer = new OutcomeBuffer();
    const arrived: TrialOutcome[] = [];
    const take = (): void => {
      const packed = readOutcomes(structuredClone(buffer.take()));
      for (const [index, outcome] of unpackOutcomes(packed!)) arrived[index] = outcome;
    };
    for (const [index, outcome] of outcomes.entries()) {
      buffer.add(index, outcome);
      if (index === 20) take();
    }
    take();
    // Names too come in their order.
    expect(JSON.stringify(arrived)).toBe(JSON.stringify(outcomes));
    const { scored, failures } = buffer.take();
    expect([scored.length, failures.length]).toEqual([0, 0]);
  });

  test('the text of a failure is bounded', () => {
    const buffer = new OutcomeBuffer();
    buffer.add(0, { error: 'x'.repeat(1e6), code: 'STRATEGY_FAILED' });
    expect(buffer.take().failures[0]!.error).toHaveLength(LIMITS.failureTextMax);
  });
});

describe('messages of a worker', () => {
  const memory = { heapBytes: 1, externalBytes: 2 };
  const row = new Float64Array(METRIC_NAMES.length);
  const part = { scored: Int32Array.of(0), rows: row, profile: [], failures: [] };
  const good = { token: 1, part, done: true, ms: 2, memory };

  test('are read as they are meant', () => {
    expect(readFromWorker(good)).toEqual(good);
    expect(readFromWorker({ online: true, memory })).toEqual({ online: true, memory });
    expect(readFromWorker({ token: 1, opened: true, notes: ['x'], memory })).toMatchObject({ opened: true });
    expect(readFromWorker({ token: 1, error: { name: 'E', message: 'x' } })).toMatchObject({ token: 1 });
  });

  test.each([
    undefined,
    null,
    7,
    'done',
    [],
    {},
    { online: true },
    { ...good, token: '1' },
    { ...good, memory: null },
    { ...good, memory: { heapBytes: 1 } },
    { ...good, done: 1 },
    { ...good, ms: Number.NaN },
    { ...good, ms: -1 },
    { ...good, part: null },
    { ...good, part: { ...part, scored: [0] } },
    { ...good, part: { ...part, rows: row.subarray(1) } },
    { ...good, part: { ...part, rows: [...row] } },
    { ...good, part: { ...part, failures: {} } },
    { ...good, part: { ...part, failures: [{ index: 0.5, error: 'x', code: 'y' }] } },
    { ...good, part: { ...part, failures: [null] } },
    { ...good, part: { ...part, profile: undefined } },
    { ...good, part: { ...part, profile: [null] } },
    { ...good, part: { ...part, profile: [{ of: [0], names: [], values: new Float64Array(0) }] } },
    { ...good, part: { ...part, profile: [{ of: Int32Array.of(0), names: ['a'], values: new Float64Array(2) }] } },
    { token: 1, opened: true, notes: [7], memory },
    { token: 1, error: 'text', memory },
  ])('are ignored when they are none: %j', (message) => {
    expect(readFromWorker(message)).toBeUndefined();
  });
});
