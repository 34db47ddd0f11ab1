// gridmill cloud on a stack of tests: the real clients, a fake AWS Batch that starts real processes, a fake S3 of two buckets.
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BIN, createWorkplace, csvOf, json, minuteCandles, type Workplace } from '../e2e/cli-harness.ts';
import { type FakeS3, startFakeS3 } from '../faults/fake-s3.ts';
import { type BatchApi, startBatchApi } from './batch-api.ts';
import type { ExecuteChild } from './batch-attempt.ts';

const ARN = 'arn:aws:batch:eu-central-1:123456789012';
const DIGEST = `sha256:${'5'.repeat(64)}`;
const OUTPUTS: Readonly<Record<string, string>> = {
  InputBucket: 'inputs',
  ResultBucket: 'results',
  Repository: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/gridmill',
  SpotQueue: `${ARN}:job-queue/spot`,
  OnDemandQueue: `${ARN}:job-queue/on-demand`,
  ShardDefinition: 'stack-shard',
  MergeDefinition: 'stack-merge',
  JobRole: 'arn:aws:iam::123456789012:role/job',
  ExecutionRole: 'arn:aws:iam::123456789012:role/execution',
  LogGroup: '/gridmill/stack',
};

let place: Workplace;
let s3: FakeS3;
let batch: BatchApi;
let aws: Server;
let interrupts = 0;

beforeAll(async () => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(8_000)));
  s3 = await startFakeS3();
  batch = await startBatchApi({ execute, slots: 2 });
  for (const [name, command] of [
    ['stack-shard', ['--manifest', 'Ref::manifest']],
    ['stack-merge', ['shard', 'merge', '--manifest', 'Ref::manifest']],
  ] as const) {
    batch.definitions.register(
      {
        jobDefinitionName: name,
        type: 'container',
        platformCapabilities: ['FARGATE'],
        containerProperties: {
          image: 'repository:none',
          command: [...command],
          executionRoleArn: OUTPUTS['ExecutionRole'],
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '2048' },
          ],
        },
      },
      0,
    );
  }
  aws = createServer((from, to) => void (from.url?.startsWith('/v1/') ? forward(from, to) : describeStack(to)));
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await batch.close();
  await s3.close();
  aws.closeAllConnections();
  aws.close();
  place.remove();
});

/** A container is a process that has nothing but its environment; the first of all is interrupted by Spot. */
const execute: ExecuteChild = ({ command, environment, jobId, attempt, onSignal }) => {
  if (interrupts++ === 0) return Promise.resolve({ statusReason: 'Your Spot Task was interrupted.' });
  const home = join(place.folder, 'nodes', `${jobId.replace(':', '-')}-${attempt}`);
  const env = { ...process.env, ...settings(), ...environment, GRIDMILL_HOME: home };
  const child = spawn(process.execPath, [BIN, ...command], { cwd: place.folder, env, stdio: 'ignore' });
  onSignal((signal) => child.kill(signal));
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? 137 })));
};

function forward(from: IncomingMessage, to: ServerResponse): void {
  const there = request(`${batch.endpoint}${from.url}`, { method: from.method, headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(to);
  });
  there.on('error', () => to.destroy());
  from.pipe(there);
}

function describeStack(to: ServerResponse): void {
  const outputs = Object.entries(OUTPUTS)
    .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
    .join('');
  const id = 'arn:aws:cloudformation:eu-central-1:123456789012:stack/stack/1';
  to.writeHead(200, { 'content-type': 'text/xml' }).end(
    `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>stack</StackName><StackId>${id}</StackId><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  );
}

const settings = () => ({
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  GRIDMILL_S3_ENDPOINT: s3.endpoint,
  GRIDMILL_AWS_ENDPOINT: `http://127.0.0.1:${(aws.address() as AddressInfo).port}`,
  NODE_NO_WARNINGS: '1',
});

const gridmill = (...args: readonly string[]) => place.start(args, settings()).ended;
const SWEEP = ['sma-cross', '--data', 'btc.csv', '--set', 'fast=2..9', '--set', 'slow=22..31', '--rank', 'sharpe'];
const TASKS = ['--image', DIGEST, '--attempts', '3', '--env', 'A=b'];

interface Submitted {
  readonly run: string;
  readonly tasks: number;
  readonly merge: string;
  readonly image: string;
}
const statesOf = () => [...batch.jobs.all.values()].map(({ status }) => status);
const submissions = () => batch.requests.filter(({ operation }) => operation === 'submitjob').length;

test('a sweep: estimated, submitted once, interrupted, merged in the cloud; the hash of one machine', async () => {
  const estimate = await gridmill('cloud', 'submit', ...SWEEP, '--stack', 'stack', '--estimate');
  expect([estimate.exitCode, estimate.stderr]).toEqual([0, '']);
  expect(estimate.stdout).toMatch(
    /^Estimated cost: .* USD \(fargate-spot, prices of \d{4}-\d\d-\d\d\): .* vCPU-seconds/,
  );
  expect([s3.objects.size, submissions()]).toEqual([0, 0]);

  const submit = ['cloud', 'submit', ...SWEEP, '--shards', '3', '--stack', 'stack', ...TASKS, '--json'];
  const first = await gridmill(...submit);
  expect([first.exitCode, first.stderr]).toEqual([0, '']);
  const { run, tasks, image } = json<Submitted>(first);
  expect([tasks, image]).toEqual([3, `${OUTPUTS['Repository']}@${DIGEST}`]);
  expect(submissions()).toBe(2);
  // The same again is the same run: under way or handed in, nothing is submitted.
  expect(json<Submitted>(await gridmill(...submit))).toMatchObject({ run, tasks: 0 });
  expect(submissions()).toBe(2);
  await expect.poll(statesOf, { timeout: 250_000 }).toEqual(['SUCCEEDED', 'SUCCEEDED']);

  const status = await gridmill('cloud', 'status', run, '--stack', 'stack');
  expect(status.stdout).toMatch(
    /3 of 3 shards handed in\nshards .*: 3 succeeded\nmerge .*: 1 succeeded\nCost so far: .* USD .* 5 attempts/,
  );
  const merged = json<{ resultHash: string }>(await gridmill('cloud', 'merge', run, '--stack', 'stack', '--json'));
  const alone = json<{ resultHash: string }>(await place.run('sweep', ...SWEEP, '--no-save', '--json'));
  expect(merged.resultHash).toBe(alone.resultHash);
  const keys = [...s3.objects.keys()];
  expect(keys.filter((key) => key.startsWith('content/')).length).toBeGreaterThan(0);
  expect(keys).toContain(`runs/${run}/result.json`);
  const puts = new Set(
    s3.requests.filter((one) => one.startsWith('PUT')).map((one) => one.split('/').slice(0, 2).join('/')),
  );
  expect([...puts].sort()).toEqual(['PUT inputs/content', 'PUT results/runs']);
});

test('sweep --cluster aws-batch prints what a sweep prints; cancel of a run that ended ends nothing', async () => {
  const sweep = ['sma-cross', '--data', 'btc.csv', '--set', 'fast=2..7', '--set', 'slow=22..31'];
  const cluster = ['--cluster', 'aws-batch', '--stack', 'stack', '--cluster-args', `--image ${DIGEST} --every 200ms`];
  const there = await gridmill('sweep', ...sweep, ...cluster, '--shards', '2', '--no-save', '--json');
  expect([there.exitCode, there.stderr]).toEqual([0, expect.stringContaining('2 shards on stack stack')]);
  const alone = json<{ resultHash: string }>(await place.run('sweep', ...sweep, '--no-save', '--json'));
  expect(json<{ resultHash: string }>(there).resultHash).toBe(alone.resultHash);
  const run = /run ([0-9a-f]{32})/.exec(there.stderr)![1]!;
  const cancelled = await gridmill('cloud', 'cancel', run, '--stack', 'stack');
  expect(cancelled.stdout).toContain('2 of 2 shards handed in');
  const wrong = await gridmill('sweep', ...sweep, ...cluster.slice(0, 4), '--cluster-args', '--vcpus 3 --memory 4GB');
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('--vcpus 4 --memory 8192MiB')]);
});

test('many markets and windows: merged in the cloud, fetched, and printed as a sweep prints them', async () => {
  place.write('eth.csv', csvOf(minuteCandles(8_000, 2)));
  const windows = ['--windows', '2024-01-02..2024-01-04,2024-01-04..2024-01-06', '--across', 'worst'];
  const sweep = [...SWEEP, '--data', 'eth.csv', ...windows];
  const submit = await gridmill('cloud', 'submit', ...sweep, '--shards', '3', '--stack', 'stack', ...TASKS, '--json');
  expect([submit.exitCode, submit.stderr]).toEqual([0, '']);
  const { run, tasks } = json<Submitted>(submit);
  expect(tasks).toBe(3);
  await expect.poll(() => statesOf().slice(-2), { timeout: 250_000 }).toEqual(['SUCCEEDED', 'SUCCEEDED']);

  const alone = await place.run('sweep', ...sweep, '--no-save');
  expect([alone.exitCode, alone.stdout]).toEqual([0, expect.stringContaining('sma-cross on 2 markets in 2 windows')]);
  // All is handed in: the same sweep as one command submits nothing, and merges on this machine.
  const follow = ['--cluster', 'aws-batch', '--stack', 'stack', '--cluster-args', `--image ${DIGEST}`, '--shards', '3'];
  const asked = submissions();
  const followed = await gridmill('sweep', ...sweep, ...follow, '--no-save');
  expect([followed.exitCode, submissions(), timeless(followed.stdout)]).toEqual([0, asked, timeless(alone.stdout)]);
  // Without the values of its pieces nobody can merge: what is fetched is the result of the cloud.
  for (const key of s3.objects.keys()) if (key.startsWith(`runs/${run}/pieces/`)) s3.objects.delete(key);
  const here = await gridmill('cloud', 'merge', run, '--stack', 'stack', '--here', '--no-save');
  expect([here.exitCode, here.stderr]).toEqual([64, expect.stringContaining('piece 0 is missing')]);
  const merged = await gridmill('cloud', 'merge', run, '--stack', 'stack', '--no-save');
  expect([merged.exitCode, timeless(merged.stdout)]).toEqual([0, timeless(alone.stdout)]);
});

/** Without its last sentences: how long it took, at which pace. */
const timeless = (text: string): string => text.slice(0, text.lastIndexOf(' back-tests, in '));
