// Forecasts: time, efficiency and cost over many simulated runs, and the delay that is named.
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { type Assumptions, assumptionsOf, assumptionWords, runModel, type Workload } from './assumptions.ts';
import { forecast, type Machines } from './forecast.ts';
import { costOf, PLATFORMS, readPrices, storageCost } from './prices.ts';
import { plannedWorkload } from './workload.ts';

const SPOT: Machines = { platform: 'fargate-spot', vcpu: 1, memoryGib: 2 };
/** Nothing but work. */
const NOTHING: Assumptions = {
  ...assumptionsOf(
    'fargate',
    'queue=0,start=0,launches=1e6,setup=0,node=1e9,place=1e9,requests=1e9,slowness=0,lost=0,merge=0,pershard=0',
  ),
};

const workload = (shardSeconds: readonly number[], more: Partial<Workload> = {}): Workload => ({
  shardSeconds,
  fetchBytes: 0,
  fetchRequests: 0,
  mergeWorkSeconds: 0,
  ...more,
});
const alike = (count: number, seconds: number): number[] => new Array<number>(count).fill(seconds);

describe('time and efficiency', () => {
  test('without delays are those of work that divides', () => {
    const row = forecast(runModel(workload(alike(300, 60)), NOTHING), 30, SPOT);
    expect(row.seconds).toBeCloseTo(600, 2);
    expect(row.efficiency).toBeCloseTo(1, 5);
    expect([row.boundBy, row.nodesUsed, row.tasks]).toEqual(['work', 30, 300]);
  });

  test('fall with the machines that have nothing to do', () => {
    const row = forecast(runModel(workload(alike(10, 60)), NOTHING), 40, SPOT);
    expect(row.speedUp).toBeCloseTo(10, 2);
    expect(row.efficiency).toBeCloseTo(1 / 4, 4);
    expect([row.boundBy, row.nodesUsed]).toEqual(['cuts', 10]);
  });

  test('of 19 of 20 runs are not below the median, and the shares of billed time are all of it', () => {
    const model = runModel(
      workload(alike(100, 100), { fetchBytes: 1e8, fetchRequests: 12 }),
      assumptionsOf('ec2-spot'),
    );
    for (const nodes of [1, 30, 150]) {
      const row = forecast(model, nodes, SPOT);
      expect(row.seconds95).toBeGreaterThanOrEqual(row.seconds);
      expect(Object.values(row.spent).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });

  test('are the same for the same seed, and differ for another', () => {
    const model = runModel(workload(alike(50, 100)), assumptionsOf('fargate-spot'));
    const of = (seed: number) => forecast(model, 20, SPOT, readPrices(), seed);
    expect(of(1)).toEqual(of(1));
    expect(of(2).seconds).not.toBe(of(1).seconds);
  });
});

describe('the delay that bounds a run is named', () => {
  const long = alike(200, 100);
  const cases: readonly (readonly [string, Workload, string, number])[] = [
    ['start', workload(alike(200, 1)), 'start=100', 100],
    ['start', workload(long), 'launches=0.5', 200],
    ['candles', workload(long, { fetchBytes: 1e9, fetchRequests: 1 }), 'node=1000,place=1000', 200],
    ['cuts', workload([...long, 5000]), 'merge=0', 200],
    ['stragglers', workload(long), 'slowness=1', 200],
    ['interruptions', workload(alike(100, 3600)), 'interruptions=5,lost=3600', 100],
    ['merge', workload(long), 'pershard=3', 200],
    ['merge', workload(long, { mergeWorkSeconds: 1e4 }), 'merge=0', 200],
  ];
  test.each(cases)('%s', (bound, work, said, nodes) => {
    const names = said.split(',').map((part) => part.split('=')[0]);
    const assumed = { ...NOTHING, ...pick(assumptionsOf('fargate', said), names) };
    expect(forecast(runModel(work, assumed), nodes, SPOT).boundBy).toBe(bound);
  });
});

const pick = (assumed: Assumptions, names: readonly (string | undefined)[]): Partial<Assumptions> =>
  Object.fromEntries(Object.entries(assumed).filter(([name]) => names.includes(name)));

describe('cost', () => {
  test('is that of the billed seconds of every container, and of its requests', () => {
    const [shards, seconds] = [40, 600];
    const row = forecast(
      runModel(workload(alike(shards, seconds), { fetchBytes: 1, fetchRequests: 12 }), NOTHING),
      7,
      SPOT,
    );
    // Each fetches its candles and four small objects, is read by the merge, and puts its progress every ten seconds.
    const requests = storageCost({ gets: shards * (12 + 4 + 1), puts: shards * (2 + seconds / 10) });
    expect(row.cost).toBeCloseTo(costOf({ ...SPOT, seconds, tasks: shards }) + requests, 6);
    expect(row.vcpuHours).toBeCloseTo((shards * seconds) / 3600, 4);
  });

  test('of containers hardly depends on how many run at once; that of rented machines does', () => {
    const model = runModel(workload(alike(100, 600)), NOTHING);
    const cost = (platform: Machines['platform'], nodes: number): number =>
      forecast(model, nodes, { ...SPOT, platform }).cost;
    expect(cost('fargate', 100)).toBeCloseTo(cost('fargate', 1), 9);
    // Two containers share a machine; the hundredth does as much as the first, but not the thousandth.
    expect(cost('vps', 100)).toBeCloseTo(cost('vps', 2), 6);
    expect(cost('vps', 1000)).toBeCloseTo(10 * cost('vps', 100), 6);
    expect(cost('server48', 48)).toBeCloseTo(cost('server48', 1) * (3 / 100), 6);
  });
});

describe('assumptions', () => {
  test('are there for every platform, each with its words', () => {
    for (const platform of PLATFORMS) {
      const words = assumptionWords(assumptionsOf(platform));
      expect(words.length).toBe(14);
      expect(words.every((text) => /^\w+=[\d.]+ \w+/.test(text))).toBe(true);
    }
  });

  test('can be said one by one', () => {
    const assumed = assumptionsOf('fargate', 'start=7, launches=99');
    expect([assumed.start, assumed.launches, assumed.setup]).toEqual([7, 99, assumptionsOf('fargate').setup]);
  });

  test.each([
    ['starts=7', 'start'],
    ['start=-1', 'from 0'],
    ['launches=0', 'from 0.001'],
    ['start', 'from 0'],
    ['start=soon', 'from 0'],
  ])('%s is refused with %s', (said, words) => {
    try {
      assumptionsOf('fargate', said);
    } catch (error) {
      expect(isAppError(error, 'REQUEST_INVALID') && `${error.found} ${error.todo}`).toContain(words);
      return;
    }
    expect.fail('nothing was refused');
  });
});

describe('a planned workload', () => {
  const whole = { sweep: 'x' };
  const shards = [
    { from: 0, to: 30, count: 10, variants: 10, stage: 'A', isLast: false, whole },
    { from: 30, to: 60, count: 30, variants: 30, stage: 'A', isLast: false, whole },
  ] as const;

  test('divides the estimate by variants, and leaves the second stage to the merge', () => {
    const plan = { shards, toScore: 100, seconds: 50, bars: 1000, timeframeMs: 60_000 };
    expect(plannedWorkload(plan)).toMatchObject({ shardSeconds: [5, 15], mergeWorkSeconds: 30, fetchBytes: 48_000 });
  });

  test('of a sweep that is not cut is one shard', () => {
    const plan = { shards: undefined, toScore: 100, seconds: 50, bars: 1000, timeframeMs: 60_000 };
    expect(plannedWorkload(plan)).toMatchObject({ shardSeconds: [50], mergeWorkSeconds: 0 });
  });
});
