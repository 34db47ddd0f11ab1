// One sweep on this machine, on a Slurm cluster that loses a node, and on AWS Batch with interruptions: is it one hash?
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, createWorkplace, csvOf, json, minuteCandles, type Workplace } from '../e2e/cli-harness.ts';
import { type BatchApi, startBatchApi } from './batch-api.ts';
import { createBatchDouble } from './batch-double.ts';
import { isEnded } from './batch-jobs.ts';
import { planStrikes } from './batch-plan.ts';
import { batchStack } from './batch-stack.ts';
import { buildImage, podmanMissing } from './podman.ts';
import { startS3 } from './s3-lab.ts';
import { shardsIn } from './shard-files.ts';
import { missingForSlurm, startSlurm } from './slurm-lab.ts';

const noSlurm = missingForSlurm();
if (noSlurm !== undefined) console.log(`skipped: the sweep on Slurm: ${noSlurm}`);
const noPodman = podmanMissing();
if (noPodman !== undefined) console.log(`skipped: the sweep on AWS Batch: ${noPodman}`);

interface Result {
  readonly resultHash: string;
}

interface Submitted {
  readonly run: string;
  readonly arrays: readonly [string];
  readonly merge: string;
}

const SEED = Number(process.env['GRIDMILL_TEST_SEED'] ?? 20_261_121);
const SHARDS = 8;
const BARS = 40_000;
const GRID = ['--set', 'fast=2..60', '--set', 'slow=61..260', '--fee', '0.1%', '--rank', 'sharpe', '--top', '5'];
const SWEEP = ['sma-cross', '--data', 'btc.csv', ...GRID, '--stop-loss', '0.01,0.02', '--preselect', '30'];
const CUT = ['--shards', String(SHARDS), '--json'];
const STRIKES = { fargate: 2, ec2: 2, lost: 1, twin: 1 };
/** Whoever has this digest has the image of this checkout. */
const IMAGE = `123456789012.dkr.ecr.eu-central-1.amazonaws.com/lab@sha256:${'5'.repeat(64)}`;
const MINUTES = 60_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('one sweep', () => {
  let place: Workplace;
  let wanted: string;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    place = createWorkplace();
    place.write('btc.csv', csvOf(minuteCandles(BARS)));
    wanted = hashOf(await place.run('sweep', ...SWEEP, '--no-save', '--json'));
    expect(wanted).toMatch(/^[0-9a-f]{64}$/);
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    place?.remove();
  });

  function hashOf(result: CliResult): string {
    expect(result.exitCode, result.stderr).toBe(0);
    return json<Result>(result).resultHash;
  }

  test.skipIf(noSlurm !== undefined)(
    'on Slurm, with a node that is lost in mid run, it has the hash of this machine',
    async () => {
      const lab = await startSlurm(['n1', 'n2', 'n3'], 1);
      closing.push(() => lab.stop());
      const folder = join(place.folder, 'slurm');
      const run = place.start(
        ['sweep', ...SWEEP, '--cluster', 'slurm', '--place', `file://${folder}`, ...CUT],
        lab.environment,
      );
      while (shardsIn(folder) < 1 && run.child.exitCode === null) await sleep(100);
      expect(shardsIn(folder)).toBeLessThan(SHARDS);
      lab.loseNode('n3');
      expect(hashOf(await run.ended)).toBe(wanted);
    },
    15 * MINUTES,
  );

  test.skipIf(noPodman !== undefined)(
    'on AWS Batch, with interruptions, a lost host, doubled containers and a merge that depends on them, it has the hash of this machine',
    async () => {
      const image = buildImage('shard');
      const s3 = await startS3();
      closing.push(() => s3.stop());
      const stack = batchStack({ ReadOnlyRoot: 'true' }, { input: s3.buckets[0], result: s3.buckets[1] });
      const double = createBatchDouble({ imageOf: () => image, platform: s3.environment });
      const strikes = planStrikes({
        ...{ seed: SEED, each: STRIKES, again: 2, size: SHARDS, from: double.whenRunning, spreadMs: 300 },
      });
      console.log(`objects in ${s3.kind}; seed ${SEED} (GRIDMILL_TEST_SEED) strikes children ${strikes.text}`);
      const api = await startBatchApi({
        ...{ execute: double.execute, strike: strikes.strike, slots: 2, paceMs: 20 },
        ...{ queues: stack.queues, others: stack.describe },
      });
      closing.push(() => api.close());
      for (const definition of stack.definitions) api.definitions.register(definition, 0);
      // An answer is lost on its way: the job stands all the same, and must be found instead of being submitted twice.
      api.fault = losesFirst('submitjob');
      const environment = { ...s3.environment, GRIDMILL_AWS_ENDPOINT: api.endpoint, AWS_REGION: 'eu-central-1' };
      const cloud = (...args: readonly string[]): Promise<CliResult> =>
        place.start(['cloud', ...args, '--stack', 'lab', '--json'], environment).ended;

      const submitted = await cloud('submit', ...SWEEP, ...CUT.slice(0, 2), '--image', IMAGE, '--vcpus', '1');
      expect(submitted.exitCode, submitted.stderr).toBe(0);
      const { run, arrays, merge } = json<Submitted>(submitted);
      const told = (): string =>
        [...Array.from({ length: SHARDS }, (_, i) => `${arrays[0]}:${i}`), merge].map(double.logsOf).join('');
      while (!isEnded(api.jobs.find(merge)!)) await sleep(200);
      expect(api.jobs.find(merge)!.status, told()).toBe('SUCCEEDED');
      expect([...api.jobs.all.keys()].sort()).toEqual([arrays[0], merge].sort());
      // A second strike may come when its shard has been handed in: first ones find all of them at work.
      const struck = struckIn(api, arrays[0]);
      expect(struck.fargate).toBeGreaterThanOrEqual(STRIKES.fargate);
      expect(struck.ec2).toBeGreaterThanOrEqual(STRIKES.ec2 + STRIKES.lost);
      expect(told().match(/container 1: exit code/g)).toHaveLength(STRIKES.twin);
      // The cloud's own merge, and one here of what lies in the buckets.
      expect(hashOf(await cloud('merge', run, '--no-save'))).toBe(wanted);
      expect(hashOf(await cloud('merge', run, '--no-save', '--here'))).toBe(wanted);
    },
    15 * MINUTES,
  );
});

/** The answer to the first of such requests is lost. */
function losesFirst(operation: string): BatchApi['fault'] {
  let count = 0;
  return (asked) => (asked === operation && ++count === 1 ? 'lost-answer' : undefined);
}

/** Attempts that ended in the words of either platform's Spot; of a host that was lost in those of EC2. */
function struckIn({ jobs }: BatchApi, array: string): { readonly fargate: number; readonly ec2: number } {
  const reasons = jobs.find(array)!.children!.flatMap(({ attempts }) => attempts.map((one) => one.statusReason ?? ''));
  const count = (start: string): number => reasons.filter((reason) => reason.startsWith(start)).length;
  return { fargate: count('Your Spot Task'), ec2: count('Host EC2') };
}
