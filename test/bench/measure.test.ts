// The harness of the benchmarks: what it times, what it refuses to time, and what it calls noisy.
import { describe, expect, test } from 'vitest';
import { compareScores, difference, type Scores } from '../../bench/agreement.ts';
import { Contest } from '../../bench/contest.ts';
import { interleave, timingOf } from '../../bench/measure.ts';
import { agreementText } from '../../bench/report.ts';
import type { BenchContext } from '../../bench/workload.ts';

const scores = (totalReturn: number): Scores => new Map([['5/20', { totalReturn, trades: 3 }]]);
const METRICS = ['totalReturn', 'trades'];

describe('agreement', () => {
  test('differences are relative to the larger value, or to 1 below that', () => {
    expect(difference(1_000, 1_001)).toBeCloseTo(1 / 1_001, 12);
    expect(difference(0, 1e-10)).toBe(1e-10);
    expect(difference(null, null)).toBe(0);
    expect(difference(null, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(difference(Number.NaN, 1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('a disagreement is told with both values, and that there is no time', () => {
    const result = compareScores(['a', 'b'], scores(0.1), scores(0.2), METRICS);
    expect(agreementText(result)).toContain('**no time**, 1 of 1 variants disagree');
    expect(agreementText(result)).toContain('totalReturn 0.1 against 0.2');
  });

  test('a variant that one engine lacks is a disagreement', () => {
    expect(compareScores(['a', 'b'], new Map(), scores(0.1), METRICS).disagreeing).toBe(1);
  });
});

describe('a contest', () => {
  test('times those that agree and no one else', async () => {
    const context = { effort: { rounds: 3, contestantMs: 1_000 } } as BenchContext;
    const contestant = (name: string) => ({ name, units: 1, runOnce: async () => 300 });
    const contest = new Contest(context, contestant('ours'), scores(0.1), METRICS);
    contest.admit(contestant('same'), scores(0.1 + 1e-12));
    contest.admit(contestant('other'), scores(0.1 + 1e-8));
    const { timings } = await contest.section('', 'run');
    expect(timings.map(({ name }) => name)).toEqual(['ours', 'same']);
  });
});

describe('timing', () => {
  test('rounds go through all contestants in turn, after each was warmed up', async () => {
    const order: string[] = [];
    const contestant = (name: string) => ({
      name,
      units: 1,
      async runOnce() {
        order.push(name);
        return 600;
      },
    });
    await interleave([contestant('a'), contestant('b')], { rounds: 2, contestantMs: 10_000 });
    expect(order.join('')).toBe('ababab');
  });

  test('a slow contestant gets fewer rounds, and at least one', async () => {
    const slow = { name: 'slow', units: 1, runOnce: async () => 5_000 };
    const quick = { name: 'quick', units: 1, runOnce: async () => 600 };
    const timings = await interleave([slow, quick], { rounds: 4, contestantMs: 3_000 });
    expect(timings.map(({ samplesMs }) => samplesMs.length)).toEqual([1, 4]);
  });

  test('quartiles are those of numpy, and a spread above 15 % is noisy', () => {
    const timing = timingOf('x', 1, [4, 1, 3, 2]);
    expect(timing).toMatchObject({ minMs: 1, medianMs: 2.5, spread: 0.6, noisy: true });
    expect(timingOf('x', 1, [100, 101, 102, 103]).noisy).toBe(false);
    expect(timingOf('x', 1, [100, 100]).noisy).toBe(true);
  });
});
