// The simulation of a run against closed forms, against list scheduling computed another way, and against itself with more machines.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RunModel, simulateRun, taskSeconds } from './simulate-run.ts';

/** Machines that are there at once, alike, and never go. */
const IDEAL: RunModel = {
  shardSeconds: [],
  tasksMax: 10_000,
  queueSeconds: 0,
  startSeconds: 0,
  startSpread: 0,
  launchesPerSecond: Number.POSITIVE_INFINITY,
  setupSeconds: 0,
  fetchBytes: 0,
  fetchRequests: 0,
  nodeBytesPerSecond: 1e8,
  placeBytesPerSecond: 1e9,
  placeRequestsPerSecond: 5000,
  keepsCache: false,
  slowness: 0,
  interruptionsPerHour: 0,
  lostSeconds: 0,
  mergeSeconds: 0,
};

const total = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);
const alike = (count: number, seconds: number): number[] => new Array<number>(count).fill(seconds);
const makespan = (model: Partial<RunModel>, nodes: number, seed = 1): number =>
  simulateRun({ ...IDEAL, ...model }, nodes, seed).seconds;

const shards = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 60 });
const nodesOf = fc.integer({ min: 1, max: 70 });
const close = (value: number): number => value * (1 + 1e-9) + 1e-9;

/** Whatever a cluster may be like. */
const anyModel = fc.record({
  shardSeconds: shards,
  tasksMax: fc.constantFrom(7, 10_000),
  queueSeconds: fc.constantFrom(0, 30),
  startSeconds: fc.constantFrom(0, 20),
  startSpread: fc.constantFrom(0, 0.5),
  launchesPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, 0.5),
  setupSeconds: fc.constantFrom(0, 3),
  fetchBytes: fc.constantFrom(0, 1e9),
  fetchRequests: fc.constantFrom(0, 12),
  keepsCache: fc.boolean(),
  slowness: fc.constantFrom(0, 0.3),
  interruptionsPerHour: fc.constantFrom(0, 20),
  lostSeconds: fc.constantFrom(0, 10),
  mergeSeconds: fc.constantFrom(0, 5),
});

describe('without delays', () => {
  test('one machine takes the sum of all shards', () => {
    fc.assert(
      fc.property(shards, (shardSeconds) => {
        expect(makespan({ shardSeconds }, 1)).toBeCloseTo(total(shardSeconds), 6);
      }),
    );
  });

  test('many take what list scheduling takes, within its bound', () => {
    fc.assert(
      fc.property(shards, nodesOf, (shardSeconds, nodes) => {
        const seconds = makespan({ shardSeconds }, nodes);
        const free = alike(nodes, 0);
        for (const shard of shardSeconds) free[free.indexOf(Math.min(...free))]! += shard;
        expect(seconds).toBeCloseTo(Math.max(...free), 6);
        const [sum, longest] = [total(shardSeconds), Math.max(...shardSeconds)];
        expect(close(seconds)).toBeGreaterThanOrEqual(Math.max(sum / nodes, longest));
        expect(seconds).toBeLessThanOrEqual(close(sum / nodes + (1 - 1 / nodes) * longest));
      }),
    );
  });

  test('shards beyond the longest array go in strides, and none is left out', () => {
    expect(taskSeconds({ shardSeconds: [1, 2, 3, 4, 5], tasksMax: 2 })).toEqual([9, 6]);
    expect(makespan({ shardSeconds: [1, 2, 3, 4, 5], tasksMax: 2 }, 100)).toBe(9);
  });
});

describe('one delay at a time, against its closed form', () => {
  const shardSeconds = alike(100, 10);

  test('a launch rate: the last of a hundred containers is launched after 99 intervals', () => {
    expect(makespan({ shardSeconds, launchesPerSecond: 4 }, 100)).toBeCloseTo(99 / 4 + 10, 9);
  });

  test('queue, start and setup come before the work of every container', () => {
    expect(makespan({ shardSeconds, queueSeconds: 60, startSeconds: 7, setupSeconds: 2 }, 50)).toBeCloseTo(
      60 + 2 * (7 + 2 + 10),
      9,
    );
  });

  test('the line of a node: bytes by bytes a second', () => {
    expect(makespan({ shardSeconds, fetchBytes: 4e8, placeBytesPerSecond: 1e12 }, 100)).toBeCloseTo(4 + 10, 9);
  });

  test('the place: all bytes of all nodes by what it gives in a second', () => {
    expect(makespan({ shardSeconds, fetchBytes: 4e8, placeBytesPerSecond: 1e9 }, 100)).toBeCloseTo(40 + 10, 6);
    expect(makespan({ shardSeconds, fetchRequests: 100, placeRequestsPerSecond: 500 }, 100)).toBeCloseTo(20 + 10, 6);
  });

  test('a cache on the node: fetched once for all its containers', () => {
    const fetch = { shardSeconds, fetchBytes: 4e8, placeBytesPerSecond: 1e12 };
    expect(makespan({ ...fetch, keepsCache: true }, 10)).toBeCloseTo(4 + 100, 9);
    expect(makespan({ ...fetch, keepsCache: false }, 10)).toBeCloseTo(10 * 14, 9);
  });

  test('readers that come one after the other share the place only while they read together', () => {
    // The second comes when the first has had a quarter: 1 s alone, then halves of 1 GB/s until the first is done, then alone.
    const model = { ...IDEAL, nodeBytesPerSecond: 1e9, placeBytesPerSecond: 1e9, fetchBytes: 4e9 };
    expect(simulateRun({ ...model, shardSeconds: [1, 1], launchesPerSecond: 1 }, 2, 1).seconds).toBeCloseTo(8 + 1, 6);
  });

  test('the merge comes last, in a container of its own', () => {
    expect(makespan({ shardSeconds, startSeconds: 5, mergeSeconds: 3 }, 100)).toBeCloseTo(5 + 10 + 5 + 3, 9);
  });

  test('interruptions: as many as their rate says, each costing its wait and half of the work at stake', () => {
    // Work of an hour, 4 interruptions an hour, on average 5 s of each done again, and 30 s until the next machine.
    const model = { shardSeconds: [3600], interruptionsPerHour: 4, lostSeconds: 10, queueSeconds: 30 };
    const runs = Array.from({ length: 2000 }, (_, seed) => simulateRun({ ...IDEAL, ...model }, 1, seed));
    const mean = total(runs.map(({ seconds }) => seconds)) / runs.length;
    // Work done again can be interrupted too: the rate is that of all work.
    const work = 3600 / (1 - (4 / 3600) * 5);
    const expected = 30 + work + (4 / 3600) * work * 30;
    expect(total(runs.map(({ interruptions }) => interruptions)) / runs.length).toBeCloseTo((4 / 3600) * work, 0);
    // Two interruptions more or less are 70 s; of two thousand runs the mean is within 2 s.
    expect(Math.abs(mean - expected)).toBeLessThan(10);
  });

  test('slow machines: the mean of all is that of the usual one', () => {
    const runs = Array.from({ length: 50 }, (_, seed) =>
      makespan({ shardSeconds: alike(1000, 1), slowness: 0.3 }, 1, seed),
    );
    expect(Math.abs(total(runs) / runs.length - 1000)).toBeLessThan(10);
  });
});

describe('whatever the cluster is like', () => {
  test('the same seed gives the same run', () => {
    fc.assert(
      fc.property(anyModel, nodesOf, fc.nat(1000), (model, nodes, seed) => {
        const run = (): unknown => simulateRun({ ...IDEAL, ...model }, nodes, seed);
        expect(run()).toEqual(run());
      }),
    );
  });

  test('all work is done once, and every billed second went into something', () => {
    fc.assert(
      fc.property(anyModel, nodesOf, fc.nat(1000), (model, nodes, seed) => {
        const { spent, billedSeconds, tasks, interruptions } = simulateRun({ ...IDEAL, ...model }, nodes, seed);
        expect(spent.work).toBeCloseTo(total(model.shardSeconds), 6);
        expect(total(billedSeconds)).toBeCloseTo(total(Object.values(spent)), 6);
        expect(billedSeconds.length).toBe(tasks + interruptions + (spent.merge > 0 ? 1 : 0));
      }),
    );
  });

  test('no run beats its work spread over all machines', () => {
    fc.assert(
      fc.property(anyModel, nodesOf, fc.nat(1000), (model, nodes, seed) => {
        const run = simulateRun({ ...IDEAL, ...model, slowness: 0 }, nodes, seed);
        expect(close(run.seconds)).toBeGreaterThanOrEqual(total(model.shardSeconds) / nodes + run.spent.merge);
      }),
    );
  });

  test('more machines are never slower where nothing is shared between them', () => {
    fc.assert(
      fc.property(anyModel, nodesOf, nodesOf, fc.nat(1000), (model, nodes, more, seed) => {
        const apart = { ...IDEAL, ...model, fetchBytes: 0, fetchRequests: 0, queueSeconds: 0 };
        const free = { ...apart, launchesPerSecond: Number.POSITIVE_INFINITY };
        expect(simulateRun(free, nodes + more, seed).seconds).toBeLessThanOrEqual(
          close(simulateRun(free, nodes, seed).seconds),
        );
      }),
    );
  });

  test('no delay makes a run faster', () => {
    const delays: Partial<RunModel>[] = [
      { startSeconds: 20 },
      { setupSeconds: 3 },
      { mergeSeconds: 60 },
      { queueSeconds: 100 },
      { launchesPerSecond: 0.1 },
    ];
    fc.assert(
      fc.property(shards, nodesOf, fc.constantFrom(...delays), (shardSeconds, nodes, delay) => {
        expect(close(makespan({ shardSeconds, ...delay }, nodes))).toBeGreaterThanOrEqual(
          makespan({ shardSeconds }, nodes),
        );
      }),
    );
  });
});
