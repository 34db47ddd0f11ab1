// Does the fake AWS Batch do what AWS documents? Asked through the official client.
import {
  BatchClient,
  type BatchClientConfig,
  CancelJobCommand,
  DeregisterJobDefinitionCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionCommandInput,
  SubmitJobCommand,
  type SubmitJobCommandInput,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { afterEach, describe, expect, test } from 'vitest';
import { type BatchApiOptions, startBatchApi } from './batch-api.ts';
import type { BatchChild, ExecuteChild } from './batch-attempt.ts';
import { isRetried } from './batch-retry.ts';

const resources = (vcpus: string, memory: string) => [
  { type: 'VCPU' as const, value: vcpus },
  { type: 'MEMORY' as const, value: memory },
];
const DEFINITION = {
  jobDefinitionName: 'shard',
  type: 'container',
  platformCapabilities: ['FARGATE'],
  containerProperties: {
    image: 'repository/gridmill@sha256:abc',
    command: ['--manifest', 'Ref::manifest'],
    executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    resourceRequirements: resources('1', '2048'),
    environment: [
      { name: 'A', value: 'definition' },
      { name: 'B', value: 'definition' },
    ],
  },
} satisfies RegisterJobDefinitionCommandInput;
const RULES = [
  { action: 'RETRY' as const, onStatusReason: 'Host EC2*' },
  { action: 'RETRY' as const, onExitCode: '75' },
  { action: 'EXIT' as const, onReason: '*' },
];

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function start(execute: ExecuteChild, options: Omit<BatchApiOptions, 'execute'> = {}, more?: BatchClientConfig) {
  const api = await startBatchApi({ execute, ...options });
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new BatchClient({ endpoint: api.endpoint, region: 'eu-central-1', credentials, ...more });
  opened.push(api, { close: () => client.destroy() });
  await client.send(new RegisterJobDefinitionCommand(DEFINITION));
  const submit = async (input: Partial<SubmitJobCommandInput> = {}): Promise<string> =>
    (await client.send(new SubmitJobCommand({ jobName: 'job', jobQueue: 'spot', jobDefinition: 'shard', ...input })))
      .jobId!;
  const look = async (id: string): Promise<JobDetail> =>
    (await client.send(new DescribeJobsCommand({ jobs: [id] }))).jobs![0]!;
  const until = async (id: string, ...states: readonly string[]): Promise<JobDetail> => {
    for (;;) {
      const job = await look(id);
      if (states.includes(job.status!)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const end = (id: string): Promise<JobDetail> => until(id, 'SUCCEEDED', 'FAILED');
  return { api, client, submit, look, until, end };
}

const succeed: ExecuteChild = async () => ({ exitCode: 0 });
/** Runs until a signal, which it ends by; SIGTERM alone when `isPolite`. */
const untilSignal =
  (isPolite: boolean): ExecuteChild =>
  ({ onSignal }) =>
    new Promise((resolve) =>
      onSignal((signal) => {
        if (isPolite || signal === 'SIGKILL') resolve({ exitCode: signal === 'SIGKILL' ? 137 : 75 });
      }),
    );

describe('jobs and arrays', () => {
  test('a child of an array knows its index, size, attempt, queue and environment; overrides stand before definitions', async () => {
    const seen: BatchChild[] = [];
    const { submit, end } = await start(async (child) => {
      seen.push(child);
      return { exitCode: 0 };
    });
    const id = await submit({
      arrayProperties: { size: 3 },
      parameters: { manifest: 's3://bucket/m' },
      containerOverrides: {
        environment: [{ name: 'B', value: 'override' }],
        resourceRequirements: [{ type: 'MEMORY', value: '4096' }],
      },
    });
    expect((await end(id)).arrayProperties).toEqual({
      size: 3,
      statusSummary: { SUBMITTED: 0, PENDING: 0, RUNNABLE: 0, STARTING: 0, RUNNING: 0, SUCCEEDED: 3, FAILED: 0 },
    });
    const child = seen.find(({ index }) => index === 2)!;
    expect(child).toMatchObject({
      jobId: `${id}:2`,
      vcpus: 1,
      memoryMib: 4096,
      command: ['--manifest', 's3://bucket/m'],
    });
    expect(child.environment).toEqual({
      A: 'definition',
      B: 'override',
      AWS_BATCH_JOB_ID: `${id}:2`,
      AWS_BATCH_JOB_ARRAY_INDEX: '2',
      AWS_BATCH_JOB_ARRAY_SIZE: '3',
      AWS_BATCH_JOB_ATTEMPT: '1',
      AWS_BATCH_JQ_NAME: 'spot',
      AWS_BATCH_CE_NAME: 'fargate-spot',
    });
    const plain = await submit();
    await end(plain);
    expect(Object.keys(seen.at(-1)!.environment)).not.toContain('AWS_BATCH_JOB_ARRAY_INDEX');
  });

  test('the parent is PENDING while children run, and fails with one of them', async () => {
    const gate: (() => void)[] = [];
    const { api, submit, until, end, look, client } = await start(
      ({ index }) => new Promise((resolve) => gate.push(() => resolve({ exitCode: index === 1 ? 1 : 0 }))),
      { slots: 1 },
    );
    const id = await submit({ arrayProperties: { size: 2 } });
    await until(`${id}:0`, 'RUNNING');
    const parent = await look(id);
    expect([parent.status, parent.arrayProperties?.statusSummary]).toEqual([
      'PENDING',
      expect.objectContaining({ RUNNING: 1, RUNNABLE: 1 }),
    ]);
    const list = await client.send(new ListJobsCommand({ arrayJobId: id, jobStatus: 'RUNNABLE' }));
    expect(list.jobSummaryList?.map(({ jobId }) => jobId)).toEqual([`${id}:1`]);
    gate.shift()!();
    api.setSlots(4);
    await until(`${id}:1`, 'RUNNING');
    gate.shift()!();
    expect(await end(id)).toMatchObject({ status: 'FAILED', statusReason: 'Array Child Job failed' });
    const failed = await look(`${id}:1`);
    expect(failed).toMatchObject({
      container: { exitCode: 1 },
      attempts: [{ container: { exitCode: 1 }, statusReason: 'Essential container in task exited' }],
    });
    expect(failed.attempts![0]!.stoppedAt).toBeGreaterThanOrEqual(failed.attempts![0]!.startedAt!);
  });

  test('dependants wait, run after success, and fail with what they depend on', async () => {
    const order: string[] = [];
    const { submit, end } = await start(async ({ jobName, index }) => {
      order.push(`${jobName}${index ?? ''}`);
      return { exitCode: jobName === 'bad' && index === 1 ? 64 : 0 };
    });
    const good = await submit({ jobName: 'good', arrayProperties: { size: 2 } });
    const merge = await submit({ jobName: 'merge', dependsOn: [{ jobId: good }] });
    const chain = await submit({ jobName: 'chain', arrayProperties: { size: 3 }, dependsOn: [{ type: 'SEQUENTIAL' }] });
    expect((await end(merge)).status).toBe('SUCCEEDED');
    expect((await end(chain)).status).toBe('SUCCEEDED');
    expect(order.indexOf('merge')).toBeGreaterThan(Math.max(order.indexOf('good0'), order.indexOf('good1')));
    expect(order.filter((name) => name.startsWith('chain'))).toEqual(['chain0', 'chain1', 'chain2']);
    const bad = await submit({ jobName: 'bad', arrayProperties: { size: 2 } });
    const after = await submit({ jobName: 'after', dependsOn: [{ jobId: bad }] });
    const pairs = await submit({
      jobName: 'pairs',
      arrayProperties: { size: 2 },
      dependsOn: [{ jobId: bad, type: 'N_TO_N' }],
    });
    expect(await end(after)).toMatchObject({ status: 'FAILED', statusReason: 'Dependent Job failed', attempts: [] });
    await end(pairs);
    expect([(await end(`${pairs}:0`)).status, (await end(`${pairs}:1`)).status]).toEqual(['SUCCEEDED', 'FAILED']);
  });

  test('jobs are found by name, case aside or by prefix, newest first and by pages; without a filter by state alone', async () => {
    const { submit, end, client } = await start(succeed);
    for (let i = 0; i < 3; i++) await end(await submit({ jobName: `Run-${i}` }));
    const names = async (value: string, maxResults?: number, nextToken?: string) => {
      const list = new ListJobsCommand({
        ...{ jobQueue: 'spot', filters: [{ name: 'JOB_NAME', values: [value] }], maxResults, nextToken },
      });
      const { jobSummaryList, nextToken: next } = await client.send(list);
      return [jobSummaryList!.map(({ jobName }) => jobName), next] as const;
    };
    expect(await names('run-1')).toEqual([['Run-1'], undefined]);
    const [first, next] = await names('run-*', 2);
    expect(first).toEqual(['Run-2', 'Run-1']);
    expect(await names('run-*', 2, next)).toEqual([['Run-0'], undefined]);
    expect((await client.send(new ListJobsCommand({ jobQueue: 'spot' }))).jobSummaryList).toEqual([]);
  });

  test('terminated jobs get SIGTERM and later SIGKILL, and are never tried again; cancelled ones run on', async () => {
    const rude = await start(untilSignal(false), { stopSeconds: 0.02 });
    const id = await rude.submit({ retryStrategy: { attempts: 5 }, arrayProperties: { size: 2 } });
    await rude.until(`${id}:1`, 'RUNNING');
    await rude.client.send(new CancelJobCommand({ jobId: `${id}:1`, reason: 'too late' }));
    expect((await rude.look(`${id}:1`)).status).toBe('RUNNING');
    await rude.client.send(new TerminateJobCommand({ jobId: id, reason: 'enough' }));
    expect(await rude.end(id)).toMatchObject({ status: 'FAILED', statusReason: 'enough', isTerminated: true });
    const child = await rude.look(`${id}:0`);
    expect(child).toMatchObject({ status: 'FAILED', statusReason: 'enough', container: { exitCode: 137 } });
    expect(child.attempts).toHaveLength(1);
    rude.api.setSlots(0);
    const waits = await rude.submit();
    await rude.until(waits, 'RUNNABLE');
    await rude.client.send(new CancelJobCommand({ jobId: waits, reason: 'no more' }));
    expect(await rude.look(waits)).toMatchObject({ status: 'FAILED', statusReason: 'no more', isCancelled: true });
  });
});

describe('retries', () => {
  const retried = (end: object, attempt = 1, evaluateOnExit = RULES): boolean =>
    isRetried({ attempts: 3, evaluateOnExit }, attempt, { statusReason: 'Essential container in task exited', ...end });

  test('the first rule that holds decides, none that holds is a retry, and attempts run out', () => {
    expect(retried({ exitCode: 75 })).toBe(true);
    expect(retried({ exitCode: 75 }, 3)).toBe(false);
    expect(retried({ exitCode: 64 })).toBe(false);
    expect(retried({ exitCode: 64 }, 1, RULES.slice(0, 2))).toBe(true);
    expect(retried({ statusReason: 'Host EC2 (instance i-1) terminated.' })).toBe(true);
    expect(retried({ exitCode: 7 }, 1, [{ action: 'EXIT', onExitCode: '7*' }] as never)).toBe(false);
    const both = [{ action: 'EXIT', onExitCode: '1', onReason: 'OutOfMemory*' }] as never;
    expect(retried({ exitCode: 1 }, 1, both)).toBe(true);
    expect(retried({ exitCode: 1, reason: 'OutOfMemoryError: x' }, 1, both)).toBe(false);
    // A host that is gone has no exit code: no condition on one holds.
    expect(retried({ statusReason: 'Host' }, 1, [{ action: 'EXIT', onExitCode: '*' }] as never)).toBe(true);
    expect(isRetried({ attempts: 2 }, 1, { exitCode: 64, statusReason: '' })).toBe(true);
    expect(isRetried(undefined, 1, { exitCode: 75, statusReason: '' })).toBe(false);
  });

  test('attempts are counted, told, and say why they ended; the last one gives the job its words', async () => {
    const ends = [
      { exitCode: 75 },
      { reason: 'CannotPullContainerError: not found', statusReason: 'Task failed to start' },
    ];
    const { submit, end } = await start(async ({ attempt }) => ends[attempt - 1] ?? { exitCode: 0 });
    const job = await end(await submit({ retryStrategy: { attempts: 5, evaluateOnExit: RULES } }));
    expect(job).toMatchObject({ status: 'FAILED', statusReason: 'Task failed to start' });
    expect(job.attempts!.map(({ container }) => [container!.exitCode, container!.reason])).toEqual([
      [75, undefined],
      [undefined, 'CannotPullContainerError: not found'],
    ]);
  });

  test('an attempt that takes too long is ended and never tried again', async () => {
    const { submit, end } = await start(untilSignal(true), { secondMs: 0.5 });
    const job = await end(await submit({ retryStrategy: { attempts: 5 }, timeout: { attemptDurationSeconds: 60 } }));
    expect(job).toMatchObject({
      ...{ status: 'FAILED', statusReason: 'Job attempt duration exceeded timeout', container: { exitCode: 75 } },
    });
    expect(job.attempts).toHaveLength(1);
  });

  test('interruptions of Spot come in the words of their platform; lost and double containers live beside the next attempt', async () => {
    const alive: string[] = [];
    let most = 0;
    const execute: ExecuteChild = async (child) => {
      const name = `${child.index}.${child.attempt}.${child.copy}`;
      alive.push(name);
      most = Math.max(most, alive.filter((one) => one.startsWith('2.')).length);
      const end = child.attempt === 1 && child.index !== 3 ? await untilSignal(true)(child) : { exitCode: 0 };
      alive.splice(alive.indexOf(name), 1);
      return end;
    };
    const { api, submit, end, look } = await start(execute, {
      strike: ({ index, attempt }) => {
        if (attempt > 1) return undefined;
        return index === 3
          ? { how: 'twin' }
          : { how: (['fargate', 'ec2', 'lost'] as const)[index!]!, after: Promise.resolve() };
      },
    });
    const evaluateOnExit = [{ action: 'RETRY' as const, onStatusReason: 'Your Spot Task was interrupted*' }, ...RULES];
    const id = await submit({ arrayProperties: { size: 4 }, retryStrategy: { attempts: 3, evaluateOnExit } });
    expect((await end(id)).status).toBe('SUCCEEDED');
    const firsts = await Promise.all([0, 1, 2, 3].map(async (index) => (await look(`${id}:${index}`)).attempts![0]!));
    expect(firsts.map(({ statusReason, container }) => [statusReason, container!.exitCode])).toEqual([
      ['Your Spot Task was interrupted.', 75],
      [expect.stringMatching(/^Host EC2 \(instance i-0[0-9a-f]{16}\) terminated\.$/), undefined],
      [expect.stringMatching(/^Host EC2/), undefined],
      ['Essential container in task exited', 0],
    ]);
    expect([most, alive]).toEqual([2, ['2.1.0']]);
    await api.close();
    opened.splice(0, 1);
    expect(alive).toEqual([]);
  });
});

describe('what is refused', () => {
  const wrong: readonly (readonly [string, Partial<SubmitJobCommandInput>])[] = [
    ['an array of one', { arrayProperties: { size: 1 } }],
    ['an array of 10,001', { arrayProperties: { size: 10_001 } }],
    ['eleven attempts', { retryStrategy: { attempts: 11 } }],
    ['six rules', { retryStrategy: { attempts: 2, evaluateOnExit: Array(6).fill(RULES[0]) } }],
    ['rules without attempts', { retryStrategy: { evaluateOnExit: RULES } }],
    ['a glob in the middle', { retryStrategy: { attempts: 2, evaluateOnExit: [{ action: 'EXIT', onReason: 'a*b' }] } }],
    [
      'brackets in a pattern',
      { retryStrategy: { attempts: 2, evaluateOnExit: [{ action: 'EXIT', onStatusReason: 'EC2 (i' }] } },
    ],
    ['a timeout of 59 s', { timeout: { attemptDurationSeconds: 59 } }],
    ['a payload beyond 30 KiB', { parameters: { grid: 'x'.repeat(30 * 1024) } }],
    ['a reserved variable', { containerOverrides: { environment: [{ name: 'AWS_BATCH_JOB_ID', value: '1' }] } }],
    ['a pair that Fargate lacks', { containerOverrides: { resourceRequirements: resources('1', '9216') } }],
    ['a quarter with 1.5 GiB', { containerOverrides: { resourceRequirements: resources('0.25', '1536') } }],
    ['an unknown definition', { jobDefinition: 'shard:7' }],
    ['an unknown queue', { jobQueue: 'nowhere' }],
    ['a dependency that is not there', { dependsOn: [{ jobId: 'gone' }] }],
    ['a name with a dot', { jobName: 'a.b' }],
  ];
  test.each(wrong)('%s', async (_, input) => {
    const { submit, api } = await start(succeed);
    await expect(submit(input)).rejects.toMatchObject({ name: 'ClientException', $metadata: { httpStatusCode: 400 } });
    expect(api.jobs.all.size).toBe(0);
  });

  test('members that do not exist, unsigned requests, definitions that Fargate lacks, and 101 jobs at once', async () => {
    const { api, client } = await start(succeed);
    const post = async (body: object, signature: string): Promise<string> => {
      const headers = { authorization: signature, 'content-type': 'application/json' };
      const answer = await fetch(`${api.endpoint}/v1/submitjob`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return `${answer.status} ${((await answer.json()) as { message: string }).message}`;
    };
    const job = { jobName: 'a', jobQueue: 'spot', jobDefinition: 'shard' };
    expect(await post({ ...job, retry: 1 }, 'AWS4-HMAC-SHA256 x')).toBe('400 Unknown member retry of submitjob');
    expect(await post({ ...job, arrayProperties: { size: '2' } }, 'AWS4-HMAC-SHA256 x')).toContain('is a string');
    expect(await post(job, '')).toContain('400 Missing Authentication');
    const container = DEFINITION.containerProperties;
    for (const containerProperties of [
      { ...container, executionRoleArn: undefined },
      { ...container, privileged: true },
      { ...container, resourceRequirements: resources('3', '8192') },
      { ...container, ephemeralStorage: { sizeInGiB: 20 } },
    ]) {
      const register = new RegisterJobDefinitionCommand({
        ...DEFINITION,
        type: 'container',
        containerProperties,
      } as never);
      await expect(client.send(register)).rejects.toMatchObject({ name: 'ClientException' });
    }
    const many = new DescribeJobsCommand({ jobs: Array.from({ length: 101 }, (_, i) => `${i}`) });
    await expect(client.send(many)).rejects.toMatchObject({ name: 'ClientException' });
  });

  test('a definition has revisions: its name means the newest active one, and one that is gone takes no jobs', async () => {
    const { client, submit, look } = await start(succeed);
    const { revision, jobDefinitionArn } = await client.send(new RegisterJobDefinitionCommand(DEFINITION as never));
    expect(revision).toBe(2);
    expect((await look(await submit())).jobDefinition).toBe(jobDefinitionArn);
    await client.send(new DeregisterJobDefinitionCommand({ jobDefinition: jobDefinitionArn }));
    expect((await look(await submit())).jobDefinition).toMatch(/shard:1$/);
    await expect(submit({ jobDefinition: jobDefinitionArn })).rejects.toMatchObject({ name: 'ClientException' });
    const active = new DescribeJobDefinitionsCommand({ jobDefinitionName: 'shard', status: 'ACTIVE' });
    expect((await client.send(active)).jobDefinitions?.map((one) => one.revision)).toEqual([1]);
    const { jobQueues } = await client.send(new DescribeJobQueuesCommand({ jobQueues: ['spot'] }));
    const names = jobQueues![0]!.computeEnvironmentOrder!.map((one) => one.computeEnvironment!);
    const environments = new DescribeComputeEnvironmentsCommand({ computeEnvironments: names });
    const { computeEnvironments } = await client.send(environments);
    expect(computeEnvironments!.map((one) => one.computeResources!.type)).toEqual(['FARGATE_SPOT', 'FARGATE']);
  });
});

test('the client repeats what was throttled or failed; an answer that was lost makes a second job of one submission', async () => {
  const { api, client, submit } = await start(succeed, {}, { maxAttempts: 10 });
  const faults = ['throttle', 'server-error', 'lost-answer'] as const;
  let count = 0;
  api.fault = (operation) => (operation === 'submitjob' ? faults[count++] : undefined);
  const id = await submit({ jobName: 'once' }).catch((error: Error) => error.name);
  const named = new ListJobsCommand({ jobQueue: 'spot', filters: [{ name: 'JOB_NAME', values: ['once'] }] });
  const { jobSummaryList } = await client.send(named);
  expect([count, id, jobSummaryList!.length]).toEqual([4, expect.any(String), 2]);
});
