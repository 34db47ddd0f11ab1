// What a forecast assumes of machines and of the shared place: by platform, each a number that the user can say.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { Platform } from './prices.ts';
import type { RunModel } from './simulate-run.ts';

interface Assumption {
  readonly words: string;
  readonly least: number;
  readonly most: number;
}

const DAY = 86_400;

/** Times in seconds, bandwidths in MB/s. Their names are those of `--assume`. */
const ASSUMPTIONS = {
  queue: { words: 's until there is a machine', least: 0, most: DAY },
  start: { words: 's to start a container', least: 0, most: DAY },
  launches: { words: 'containers launched in a second', least: 0.001, most: 1e6 },
  setup: { words: 's to start the program and read candles', least: 0, most: DAY },
  node: { words: 'MB/s of one machine', least: 0.001, most: 1e9 },
  place: { words: 'MB/s of the shared place', least: 0.001, most: 1e9 },
  requests: { words: 'requests a second to the place', least: 0.001, most: 1e9 },
  cache: { words: '1 when containers on a machine share what they fetched', least: 0, most: 1 },
  slowness: { words: 'spread of speed between machines', least: 0, most: 2 },
  interruptions: { words: 'interruptions of a machine in an hour', least: 0, most: 100 },
  lost: { words: 's of work that one may undo', least: 0, most: DAY },
  merge: { words: 's of the merge besides its shards', least: 0, most: DAY },
  pershard: { words: 's of the merge for each shard', least: 0, most: 1000 },
  tasks: { words: 'tasks of the longest array', least: 1, most: 100_000 },
} as const satisfies Readonly<Record<string, Assumption>>;

export type AssumptionName = keyof typeof ASSUMPTIONS;
export type Assumptions = Readonly<Record<AssumptionName, number>>;

const NAMES = Object.keys(ASSUMPTIONS) as readonly AssumptionName[];

/**
 * Containers of a cloud: assumed, all of it; `lost` follows from how often a shard saves its progress, and `pershard` from 30 ms for a
 * read, LIMITS.mergeReadsMax at once, and a millisecond to check what came (docs/scaling.md).
 */
const CLOUD: Assumptions = {
  queue: 30,
  start: 40,
  launches: 10,
  setup: 1.5,
  node: 100,
  place: 10_000,
  requests: 5_500,
  cache: 0,
  slowness: 0.1,
  interruptions: 0,
  lost: 10,
  merge: 3,
  pershard: 0.003,
  tasks: 10_000,
};

/** Machines that are there already and mount one folder. */
const RENTED: Assumptions = {
  ...CLOUD,
  queue: 0,
  start: 0.5,
  launches: 6,
  place: 1_000,
  requests: 10_000,
  cache: 1,
  pershard: 0.0015,
};

const ASSUMED: Readonly<Record<Platform, Assumptions>> = {
  fargate: CLOUD,
  'fargate-spot': { ...CLOUD, interruptions: 0.05 },
  ec2: { ...CLOUD, queue: 120, start: 15 },
  'ec2-spot': { ...CLOUD, queue: 120, start: 15, interruptions: 0.05 },
  vps: RENTED,
  server48: RENTED,
};

/** Those of a platform, with what the user says otherwise: `start=20,launches=50`. Errors: REQUEST_INVALID. */
export function assumptionsOf(platform: Platform, said = ''): Assumptions {
  const entries = said.split(',').filter((part) => part.trim() !== '');
  return { ...ASSUMED[platform], ...Object.fromEntries(entries.map(readAssumption)) };
}

function readAssumption(text: string): readonly [AssumptionName, number] {
  const [name = '', value = ''] = text.split('=').map((part) => part.trim());
  const known = NAMES.find((one) => one === name);
  if (known === undefined) {
    throw invalid(
      `${JSON.stringify(name.slice(0, 40))}.${didYouMean(name, [...NAMES])}`,
      `There are: ${NAMES.join(', ')}.`,
    );
  }
  const { words, least, most } = ASSUMPTIONS[known];
  const number = value === '' ? Number.NaN : Number(value);
  if (number >= least && number <= most) return [known, number];
  throw invalid(`${known}=${value.slice(0, 40)} (${words}).`, `Write a number from ${least} to ${most}.`);
}

const invalid = (found: string, todo: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: '--assume is a list like start=20,launches=50 of what a forecast assumes.',
    found,
    todo,
  });

/** `start 40 s to start a container`: one for each, in the order of the table. */
export const assumptionWords = (assumed: Assumptions): readonly string[] =>
  NAMES.map((name) => `${name}=${assumed[name]} ${ASSUMPTIONS[name].words}`);

/** What is run, whichever machines run it. */
export interface Workload {
  /** Of one container of usual speed, for each shard. */
  readonly shardSeconds: readonly number[];
  /** Candles and strategy that a container needs. */
  readonly fetchBytes: number;
  readonly fetchRequests: number;
  /** What the merge scores itself: the second stage of a sweep. */
  readonly mergeWorkSeconds: number;
}

const MEGABYTE = 1e6;
/** Container starts differ by about as much. */
const START_SPREAD = 0.25;

export function runModel(work: Workload, assumed: Assumptions): RunModel {
  const { shardSeconds, fetchBytes, fetchRequests, mergeWorkSeconds } = work;
  return {
    shardSeconds,
    tasksMax: Math.floor(assumed.tasks),
    queueSeconds: assumed.queue,
    startSeconds: assumed.start,
    startSpread: START_SPREAD,
    launchesPerSecond: assumed.launches,
    setupSeconds: assumed.setup,
    fetchBytes,
    fetchRequests,
    nodeBytesPerSecond: assumed.node * MEGABYTE,
    placeBytesPerSecond: assumed.place * MEGABYTE,
    placeRequestsPerSecond: assumed.requests,
    keepsCache: assumed.cache > 0,
    slowness: assumed.slowness,
    interruptionsPerHour: assumed.interruptions,
    lostSeconds: assumed.lost,
    mergeSeconds: assumed.merge + assumed.pershard * shardSeconds.length + mergeWorkSeconds,
  };
}
