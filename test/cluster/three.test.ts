// One sweep on this machine, on a Slurm cluster that loses a node, and on AWS Batch with interruptions: is it one hash?
import { join } from 'node:path';
import {
  BatchClient,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
} from '@aws-sdk/client-batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from '../e2e/cli-harness.ts';
import { startBatchApi } from './batch-api.ts';
import { createBatchDouble } from './batch-double.ts';
import { planStrikes } from './batch-plan.ts';
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
  readonly scored: number;
}

const SHARDS = 8;
const GRID = ['--set', 'fast=2..60', '--set', 'slow=61..260', '--fee', '0.1%', '--rank', 'sharpe', '--top', '5'];
const SWEEP = ['sma-cross', '--data', 'btc.csv', ...GRID, '--stop-loss', '0.01,0.02', '--preselect', '30'];
const CUT = ['--shards', String(SHARDS)];
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('one sweep', () => {
  let place: Workplace;
  const hashes: Record<string, string> = {};

  beforeAll(async () => {
    place = createWorkplace();
    place.write('btc.csv', csvOf(minuteCandles(120_000)));
    const result = await place.run('sweep', ...SWEEP, '--no-save', '--json');
    expect(result.exitCode, result.stderr).toBe(0);
    hashes['this machine'] = json<Result>(result).resultHash;
  });
  afterAll(() => place?.remove());

  test.skipIf(noSlurm !== undefined)('on Slurm, with a node that is lost in mid run', async () => {
    const lab = await startSlurm(['n1', 'n2', 'n3'], 1);
    try {
      const folder = join(place.folder, 'slurm');
      const run = place.start(
        ['sweep', ...SWEEP, '--cluster', 'slurm', '--place', `file://${folder}`, ...CUT, '--json'],
        lab.environment,
      );
      while (shardsIn(folder) < 1 && run.child.exitCode === null) await sleep(100);
      lab.loseNode('n3');
      const result = await run.ended;
      expect(result.exitCode, result.stderr).toBe(0);
      hashes['Slurm'] = json<Result>(result).resultHash;
    } finally {
      lab.stop();
    }
  });

  test.skipIf(noPodman !== undefined)(
    'on AWS Batch, with interruptions, lost hosts and doubled containers',
    async () => {
      const image = buildImage('shard');
      const s3 = await startS3();
      const double = createBatchDouble({ imageOf: () => image, platform: s3.environment });
      const strikes = planStrikes({
        seed: 20_261_121,
        each: { fargate: 2, ec2: 2, lost: 1, twin: 1 },
        again: 2,
        size: SHARDS,
        from: double.whenRunning,
        spreadMs: 1_500,
      });
      const api = await startBatchApi({ execute: double.execute, strike: strikes.strike, slots: 2, paceMs: 20 });
      const client = new BatchClient({
        endpoint: api.endpoint,
        region: 'eu-central-1',
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      });
      try {
        console.log(`objects in ${s3.kind}; strikes at ${strikes.text}`);
        const planned = await place.start(
          ['shard', 'plan', ...SWEEP, ...CUT, '--place', `s3://${s3.buckets[1]}/r`, '--json'],
          s3.environment,
        ).ended;
        expect(planned.exitCode, planned.stderr).toBe(0);
        const { manifest } = json<{ manifest: string }>(planned);
        await client.send(
          new RegisterJobDefinitionCommand({
            jobDefinitionName: 'shard',
            type: 'container',
            platformCapabilities: ['FARGATE'],
            parameters: { manifest },
            timeout: { attemptDurationSeconds: 600 },
            retryStrategy: {
              attempts: 5,
              evaluateOnExit: [
                { onReason: 'OutOfMemory*', action: 'EXIT' },
                { onExitCode: '75', action: 'RETRY' },
                { onStatusReason: 'Host EC2*', action: 'RETRY' },
                { onStatusReason: 'Your Spot Task was interrupted*', action: 'RETRY' },
                { onReason: '*', action: 'EXIT' },
              ],
            },
            containerProperties: {
              image: 'repo/gridmill@sha256:1',
              command: ['--manifest', 'Ref::manifest'],
              executionRoleArn: 'arn:aws:iam::1:role/e',
              readonlyRootFilesystem: true,
              resourceRequirements: [
                { type: 'VCPU', value: '1' },
                { type: 'MEMORY', value: '2048' },
              ],
            },
          }),
        );
        const shared = { jobQueue: 'spot', jobDefinition: 'shard' };
        const array = await client.send(
          new SubmitJobCommand({ ...shared, jobName: 'run', arrayProperties: { size: SHARDS } }),
        );
        const merge = await client.send(
          new SubmitJobCommand({
            ...shared,
            jobName: 'merge',
            dependsOn: [{ jobId: array.jobId }],
            containerOverrides: { command: ['shard', 'merge', '--manifest', 'Ref::manifest', '--json', '--no-save'] },
          }),
        );
        for (;;) {
          const { jobs } = await client.send(new DescribeJobsCommand({ jobs: [merge.jobId!, array.jobId!] }));
          if (jobs![0]!.status === 'SUCCEEDED' || jobs![0]!.status === 'FAILED') break;
          await sleep(500);
        }
        for (let i = 0; i < SHARDS; i++)
          console.log(i, double.logsOf(`${array.jobId}:${i}`), api.jobs.find(`${array.jobId}:${i}`)!.attempts);
        const log = double.logsOf(merge.jobId!);
        hashes['AWS Batch'] = /"resultHash":"([0-9a-f]{64})"/.exec(log)?.[1] ?? log;
      } finally {
        client.destroy();
        await api.close();
        await s3.stop();
      }
    },
  );

  test('it is one hash', () => {
    console.log(hashes);
    expect(new Set(Object.values(hashes)).size).toBe(1);
  });
});
