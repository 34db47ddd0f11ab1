// AWS Batch through the official client against a stateful fake: lost answers, throttling, rules for another attempt, capacity, limits.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BatchCalls, openBatch } from '../../src/cluster/batch-calls.ts';
import { actualCost } from '../../src/cluster/batch-cost.ts';
import { pinDefinition, RETRY_RULES, readDefinition, resolveImage } from '../../src/cluster/batch-definition.ts';
import { createBatchEngine } from '../../src/cluster/batch-engine.ts';
import { openBatchJournal } from '../../src/cluster/batch-journal.ts';
import { countStates, createBatchReader } from '../../src/cluster/batch-reader.ts';
import { type BatchJob, mergeRequest, shardsRequest } from '../../src/cluster/batch-requests.ts';
import { checkSize } from '../../src/cluster/batch-size.ts';
import { submitOnce } from '../../src/cluster/batch-submit.ts';
import { openFileObjects } from '../../src/cluster/file-objects.ts';
import { followRun } from '../../src/cluster/follow-run.ts';
import { parseRanges, ranges } from '../../src/cluster/index-ranges.ts';
import { type Manifest, type ShardRun, shardKey } from '../../src/cluster/manifest.ts';
import { readPrices } from '../../src/cluster/prices.ts';
import { NEVER_STOP } from '../../src/core/cancel.ts';
import { createFakeClock } from '../../src/core/clock.ts';
import { type BatchApi, type BatchApiOptions, startBatchApi } from '../cluster/batch-api.ts';
import type { BatchChild } from '../cluster/batch-attempt.ts';

const ID = 'a'.repeat(32);
const DIGEST = `repository/gridmill@sha256:${'0'.repeat(64)}`;
const root = mkdtempSync(join(tmpdir(), 'gridmill-batch-'));
const opened: { close(): unknown }[] = [];
const before = { ...process.env };
beforeAll(() => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_EC2_METADATA_DISABLED: 'true' });
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
afterAll(() => {
  process.env = before;
  rmSync(root, { recursive: true, force: true });
});

type End = Awaited<ReturnType<BatchApiOptions['execute']>>;
let places = 0;

/** A stack's definition, a run of so many shards, and machines that do what `execute` says. */
async function world(
  shards: number,
  execute: (child: BatchChild, handIn: (task: number) => Promise<unknown>) => End | Promise<End>,
  options: Omit<BatchApiOptions, 'execute'> = {},
) {
  const objects = openFileObjects(join(root, String(places++)));
  const handIn = (task: number) => objects.create(shardKey(ID, task), new Uint8Array(1));
  const api = await startBatchApi({ ...options, execute: async (child) => execute(child, handIn) });
  const calls = await openBatch({ region: 'eu-central-1', endpoint: api.endpoint });
  opened.push(api, calls);
  await calls.register({
    jobDefinitionName: 'shard',
    type: 'container',
    platformCapabilities: ['FARGATE'],
    containerProperties: {
      image: 'repository/gridmill:none',
      command: ['--manifest', 'Ref::manifest'],
      executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
      resourceRequirements: [
        { type: 'VCPU', value: '1' },
        { type: 'MEMORY', value: '2048' },
      ],
    },
  });
  const base = await readDefinition(calls, 'shard');
  const definition = await pinDefinition(calls, base, { image: DIGEST, attempts: 3, timeoutSeconds: 600 });
  const job: BatchJob = {
    manifest: `s3://results/runs/${ID}/manifest.json`,
    tasks: shards,
    workers: 1,
    queue: 'spot',
    definition,
    size: base.size,
    timeoutSeconds: 600,
    environment: {},
    dependsOn: [],
    logGroup: '/gridmill',
    capacityMs: 60_000,
  };
  const clock = createFakeClock();
  const journal = openBatchJournal(objects, ID, 'gridmill-run');
  const host = { calls, journal, clock, sleep: async () => undefined };
  const run: ShardRun = { id: ID, manifest: { shards: Array.from({ length: shards }) } as unknown as Manifest };
  const notes: string[] = [];
  const follow = (more: Partial<BatchJob> = {}) =>
    followRun(run, createBatchEngine({ ...job, ...more }, host), {
      objects,
      tasks: more.tasks ?? shards,
      stop: NEVER_STOP,
      sleep: () => new Promise((resolve) => setTimeout(resolve, 5)),
      onNote: (text) => notes.push(text),
      onProgress: () => undefined,
    });
  const submissions = () => api.requests.filter(({ operation }) => operation === 'submitjob');
  return { api, calls, base, job, host, objects, journal, clock, follow, notes, submissions };
}

/** What `gridmill shard run` makes of the environment of its container. */
function taskOf({ environment }: BatchChild): number {
  const place = Number(environment['AWS_BATCH_JOB_ARRAY_INDEX'] ?? 0);
  const list = environment['GRIDMILL_SHARD_INDICES'];
  return list === undefined ? place : parseRanges(list, 10_000)![place]!;
}

const allJobs = (api: BatchApi) => [...api.jobs.all.values()];
const attemptsOf = (api: BatchApi) =>
  allJobs(api).flatMap(({ children, attempts }) => (children ?? [{ attempts }]).map((one) => one.attempts.length));

describe('a run on AWS Batch', () => {
  test('is one array; a single shard is a plain job; the payload does not grow with the run', async () => {
    const { follow, api, submissions } = await world(40, async (child, handIn) => {
      await handIn(taskOf(child));
      return { exitCode: 0 };
    });
    await follow();
    const [request] = submissions();
    expect(submissions()).toHaveLength(1);
    expect(request!.body).toMatchObject({
      jobName: 'gridmill-run-0',
      arrayProperties: { size: 40 },
      timeout: { attemptDurationSeconds: 600 },
      containerOverrides: {
        command: ['shard', 'run', '--manifest', expect.stringMatching(/^s3:/), '--tasks', '40', '--workers', '1'],
      },
    });
    expect(JSON.stringify(request!.body).length).toBeLessThan(1_000);
    expect(allJobs(api)[0]!.base.container!.image).toBe(DIGEST);
    const single = await world(1, async (child, handIn) => {
      expect(child.environment['AWS_BATCH_JOB_ARRAY_INDEX']).toBeUndefined();
      await handIn(taskOf(child));
      return { exitCode: 0 };
    });
    await single.follow();
    expect(single.submissions()[0]!.body).not.toHaveProperty('arrayProperties');
  });

  test('tasks that ended for good without a result are started once more, under the numbers they have', async () => {
    const seen: number[] = [];
    const { follow, notes, submissions } = await world(7, async (child, handIn) => {
      const task = taskOf(child);
      seen.push(task);
      if ((task === 2 || task === 5) && child.jobName.endsWith('-0')) return { exitCode: 1 };
      await handIn(task);
      return { exitCode: 0 };
    });
    await follow();
    // Both in one submission or one after the other, as they were seen to end.
    expect(notes.length).toBeGreaterThan(0);
    expect([...seen].sort((x, y) => x - y)).toEqual([0, 1, 2, 2, 3, 4, 5, 5, 6]);
    const again = submissions()
      .slice(1)
      .map(({ body }) => JSON.stringify(body))
      .join();
    expect(again).toContain('GRIDMILL_SHARD_INDICES');
  });

  test('is followed again by another driver, which submits nothing that is under way', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { follow, host, job, submissions, api } = await world(3, async (child, handIn) => {
      await gate;
      await handIn(taskOf(child));
      return { exitCode: 0 };
    });
    await createBatchEngine(job, host).submit([0, 1, 2]);
    const second = follow();
    const looks = () => api.requests.filter(({ operation }) => operation === 'describejobs').length;
    await expect.poll(looks).toBeGreaterThan(2);
    open();
    await second;
    expect(submissions()).toHaveLength(1);
  });

  test('a driver that died between its journal and the answer is followed by one that finds the job by its name', async () => {
    const { job, calls, journal, follow, submissions } = await world(2, async (child, handIn) => {
      await handIn(taskOf(child));
      return { exitCode: 0 };
    });
    const entry = await journal.add({ kind: 'shards', tasks: '0-1', of: 2, queue: 'spot', ...job.size });
    // The driver that wrote the entry hears nothing of what became of it.
    await calls.submit(shardsRequest(job, entry, [0, 1], calls.region));
    await follow();
    expect(submissions()).toHaveLength(1);
    expect((await journal.read())[0]!.jobId).toBeDefined();
  });

  test('exit code 64 ends it at once with the job and where its output is', async () => {
    const { follow, api } = await world(2, async () => ({ exitCode: 64 }));
    await expect(follow()).rejects.toMatchObject({
      code: 'SHARD_FAILED',
      found: expect.stringMatching(/task \d ended with exit code 64/),
      todo: expect.stringMatching(/log group \/gridmill, .*job .+:\d/),
    });
    expect(attemptsOf(api)).toEqual([1, 1]);
  });

  test('a task out of memory is started once more, and then told to have more', async () => {
    const { follow, api } = await world(1, async () => ({
      exitCode: 75,
      reason: 'OutOfMemoryError: Container killed',
    }));
    await expect(follow()).rejects.toMatchObject({
      code: 'SHARD_FAILED',
      found: expect.stringContaining('after 2 attempts'),
      todo: expect.stringContaining('Give tasks more memory'),
    });
    expect(attemptsOf(api)).toEqual([1, 1]);
  });

  test('waits for machines no longer than it was told, and says where to look', async () => {
    const { host, job, clock, api } = await world(2, async () => ({ exitCode: 0 }), { slots: 0 });
    const engine = createBatchEngine(job, host);
    await engine.submit([0, 1]);
    await expect.poll(async () => (await engine.look()).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    await expect.poll(() => allJobs(api)[0]!.children!.map(({ status }) => status)).toEqual(['RUNNABLE', 'RUNNABLE']);
    await engine.look();
    clock.advance(59_000);
    await engine.look();
    clock.advance(1_000);
    await expect(engine.look()).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      todo: expect.stringContaining('compute environments'),
    });
    await engine.cancel();
    await expect.poll(() => allJobs(api)[0]!.status).toBe('FAILED');
  });

  test('a run under way is not cut anew: its shards would be scored twice, or by nobody', async () => {
    const { follow, job, host, submissions } = await world(4, async (child, handIn) => {
      await handIn(taskOf(child));
      return { exitCode: 0 };
    });
    const engine = createBatchEngine(job, host);
    await engine.submit([0, 1, 2, 3]);
    const other = createBatchEngine({ ...job, tasks: 2 }, host);
    expect(await other.look()).toEqual([]);
    await expect(other.submit([0, 1])).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      todo: expect.stringContaining('--tasks 4'),
    });
    expect(submissions()).toHaveLength(1);
    await follow();
  });

  test('cancel ends arrays with their children, the merge first, and a second time nothing', async () => {
    const { host, job, calls, journal, api } = await world(3, () => new Promise(() => undefined), {
      slots: 1,
      stopSeconds: 0,
    });
    const engine = createBatchEngine(job, host);
    await engine.submit([0, 1, 2]);
    const array = allJobs(api)[0]!;
    const entry = await journal.add({ kind: 'merge', queue: 'on-demand', ...job.size });
    const merge = mergeRequest({ ...job, queue: 'on-demand' }, entry, calls.region, [array.id]);
    const id = await submitOnce(entry, merge, host);
    await engine.cancel();
    const ended = api.requests.filter(({ operation }) => operation === 'terminatejob');
    expect(ended.map(({ body }) => (body as { jobId: string }).jobId)).toEqual([id, array.id]);
    await expect.poll(() => allJobs(api).map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
    await engine.cancel();
    expect(api.requests.filter(({ operation }) => operation === 'terminatejob')).toHaveLength(2);
  });

  test('cancel ends a second job of the same name, too, that a lost answer made', async () => {
    const { host, job, calls, journal, api } = await world(2, () => new Promise(() => undefined), { stopSeconds: 0 });
    const entry = await journal.add({ kind: 'shards', tasks: '0-1', of: 2, queue: 'spot', ...job.size });
    const request = shardsRequest(job, entry, [0, 1], calls.region);
    await calls.submit(request);
    const second = await calls.submit(request);
    await journal.complete(entry, second.how === 'taken' ? second.jobId : '');
    await createBatchEngine(job, host).cancel();
    await expect.poll(() => allJobs(api).map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
  });

  test('more than a hundred children that failed are described by pages', async () => {
    const { host, job, calls, journal } = await world(150, async () => ({ exitCode: 1 }));
    await createBatchEngine(job, host).submit(Array.from({ length: 150 }, (_, i) => i));
    const reader = createBatchReader({ calls, journal });
    await expect.poll(async () => (await reader.read())[0]!.detail.status).toBe('FAILED');
    const [array] = await reader.read();
    expect([array!.failed.size, countStates(array!)['FAILED']]).toEqual([150, 150]);
    const cost = await actualCost([array!], calls, () => 'fargate-spot', readPrices(), 0);
    expect([cost.attempts, cost.unknown]).toEqual([150, 0]);
    // Each is billed for a minute at least: 150 minutes of 1 vCPU and 2 GiB.
    expect(cost.cost).toBeCloseTo((150 / 60) * (0.01334 + 2 * 0.001465), 6);
  });
});

describe('another attempt', () => {
  const attempts = async (end: (attempt: number) => End): Promise<number[]> => {
    const { host, job, api } = await world(1, async ({ attempt }) => end(attempt));
    await createBatchEngine(job, host).submit([0]);
    await expect.poll(() => allJobs(api)[0]!.status).toMatch(/SUCCEEDED|FAILED/);
    return attemptsOf(api);
  };

  test('is had by what was interrupted, killed or not, at most as often as was said', async () => {
    expect(await attempts((attempt) => ({ exitCode: attempt === 1 ? 75 : 0 }))).toEqual([2]);
    expect(await attempts(() => ({ exitCode: 75 }))).toEqual([3]);
    expect(
      await attempts((one) => (one === 1 ? { statusReason: 'Host EC2 (instance i-1) terminated.' } : { exitCode: 0 })),
    ).toEqual([2]);
    expect(
      await attempts((one) =>
        one === 1 ? { exitCode: 137, statusReason: 'Your Spot Task was interrupted.' } : { exitCode: 0 },
      ),
    ).toEqual([2]);
  });

  test('is not had by what ran out of memory, whatever it ended with', async () => {
    const reason = 'OutOfMemoryError: Container killed due to memory usage';
    expect(await attempts(() => ({ exitCode: 137, reason }))).toEqual([1]);
    expect(await attempts(() => ({ exitCode: 75, reason }))).toEqual([1]);
    expect(await attempts(() => ({ exitCode: 137 }))).toEqual([1]);
  });

  test('is not had by anything else: the last rule ends it', async () => {
    expect(await attempts(() => ({ exitCode: 64 }))).toEqual([1]);
    expect(await attempts(() => ({ exitCode: 1 }))).toEqual([1]);
    expect(await attempts(() => ({ statusReason: 'CannotPullContainerError' }))).toEqual([1]);
    expect(RETRY_RULES).toHaveLength(5);
    expect(RETRY_RULES.at(-1)).toEqual({ onReason: '*', action: 'EXIT' });
  });
});

describe('one submission is one job', () => {
  const submitted = async (fault: BatchApi['fault']) => {
    const { api, calls, job, host, journal, objects, submissions } = await world(2, async () => ({ exitCode: 0 }));
    let count = 0;
    api.fault = (operation) => (operation === 'submitjob' ? fault(operation, ++count) : undefined);
    const entry = await journal.add({ kind: 'shards', tasks: '0-1', of: 2, queue: 'spot', ...job.size });
    const id = submitOnce(entry, shardsRequest(job, entry, [0, 1], calls.region), host);
    await id.catch(() => undefined);
    const asked = submissions().length;
    /** How often a driver that comes later asks for jobs by their name. */
    const looks = async (): Promise<number> => {
      const before = api.requests.length;
      await createBatchEngine(job, { ...host, journal: openBatchJournal(objects, ID, 'gridmill-run') }).look();
      return api.requests.slice(before).filter(({ operation }) => operation === 'listjobs').length;
    };
    return { id, jobs: allJobs(api), asked, looks, journal };
  };

  test('when its answer is lost', async () => {
    const { id, jobs, asked } = await submitted((_, count) => (count === 1 ? 'lost-answer' : undefined));
    expect(jobs.map((job) => job.id)).toEqual([await id]);
    expect(asked).toBe(1);
  });

  test('when it is throttled, or the connection breaks before it arrives', async () => {
    for (const fault of ['throttle', 'reset', 'server-error'] as const) {
      const { id, jobs, asked } = await submitted((_, count) => (count <= 3 ? fault : undefined));
      expect(jobs.map((job) => job.id)).toEqual([await id]);
      expect(asked).toBe(4);
    }
  });

  test('a server that stays broken is asked five times; who may not submit is told so at once', async () => {
    const broken = await submitted(() => 'server-error');
    await expect(broken.id).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    expect([broken.jobs.length, broken.asked]).toEqual([0, 5]);
    const denied = await submitted(() => 'denied');
    await expect(denied.id).rejects.toMatchObject({
      code: 'CLOUD_REFUSED',
      todo: expect.stringContaining('batch:SubmitJob'),
    });
    expect(denied.asked).toBe(1);
  });

  test('what was refused is looked for by nobody, and what may have been taken is', async () => {
    const denied = await submitted(() => 'denied');
    const throttled = await submitted(() => 'throttle');
    await expect(throttled.id).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    for (const { looks, journal, jobs } of [denied, throttled]) {
      expect([jobs.length, await journal.read(), await looks()]).toEqual([0, [], 0]);
      // Its number is taken all the same.
      expect((await journal.add({ kind: 'merge', queue: 'spot', vcpus: 1, memoryMib: 2048 })).number).toBe(1);
    }
    const silent = await submitted((_, count) => (count === 1 ? 'server-error' : 'denied'));
    await expect(silent.id).rejects.toMatchObject({ code: 'CLOUD_REFUSED' });
    expect([(await silent.journal.read()).length, await silent.looks()]).toEqual([1, 1]);
  });

  test('two drivers at once take numbers of their own', async () => {
    const { journal, job } = await world(2, async () => ({ exitCode: 0 }));
    const said = { kind: 'shards' as const, tasks: '0-1', queue: 'spot', ...job.size };
    const [one, two] = await Promise.all([journal.add(said), journal.add(said)]);
    expect([one.name, two.name].sort()).toEqual(['gridmill-run-0', 'gridmill-run-1']);
  });
});

describe('limits', () => {
  test('an array of ten thousand is one job; scattered tasks are several, each below the payload', async () => {
    const { host, job, submissions, journal } = await world(2, async () => ({ exitCode: 0 }), {
      slots: 0,
      paceMs: 60_000,
    });
    const engine = createBatchEngine(job, host);
    await engine.submit(Array.from({ length: 10_000 }, (_, i) => i));
    expect(submissions().map(({ body }) => (body as { arrayProperties: object }).arrayProperties)).toEqual([
      { size: 10_000 },
    ]);
    const odd = Array.from({ length: 5_000 }, (_, i) => 2 * i + 1);
    await engine.submit(odd);
    const scattered = submissions()
      .slice(1)
      .map(({ body }) => JSON.stringify(body));
    expect(scattered.length).toBeGreaterThan(1);
    for (const body of scattered) expect(body.length).toBeLessThan(30 * 1024);
    const tasks = (await journal.read()).slice(1).flatMap((one) => parseRanges(one.tasks!, 10_000)!);
    expect(tasks).toEqual(odd);
  });

  test('a payload beyond 30 KiB is refused before it is sent, with what made it so', async () => {
    const { host, job, submissions } = await world(2, async () => ({ exitCode: 0 }));
    const engine = createBatchEngine({ ...job, environment: { A: 'x'.repeat(31_000) } }, host);
    await expect(engine.submit([0, 1])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      todo: expect.stringContaining('--env'),
    });
    expect(submissions()).toHaveLength(0);
  });

  test('Fargate has certain pairs; what is asked beside them is told the next', () => {
    for (const [vcpus, memoryMib] of [
      [0.25, 512],
      [0.25, 2048],
      [1, 2048],
      [4, 30 * 1024],
      [8, 20 * 1024],
      [16, 120 * 1024],
    ] as const) {
      checkSize({ vcpus, memoryMib }, 'FARGATE');
    }
    const next = (vcpus: number, memoryMib: number): unknown => {
      try {
        checkSize({ vcpus, memoryMib }, 'FARGATE');
      } catch (error) {
        return (error as { todo: string }).todo;
      }
      return undefined;
    };
    expect(next(1, 1024)).toContain('--vcpus 1 --memory 2048MiB');
    expect(next(3, 4096)).toContain('--vcpus 4 --memory 8192MiB');
    expect(next(8, 17 * 1024)).toContain('--vcpus 8 --memory 20480MiB');
    expect(next(1, 9000)).toContain('--vcpus 2 --memory 9216MiB');
    expect(next(32, 1024)).toContain('--queue ec2');
    expect(() => checkSize({ vcpus: 0.5, memoryMib: 100 }, 'EC2')).toThrow(/--vcpus 1/);
    checkSize({ vcpus: 3, memoryMib: 1000 }, 'EC2');
  });

  test('lists of tasks are read as they were written', () => {
    for (const list of [[0], [3, 4, 5, 9], [1, 3, 5]]) expect(parseRanges(ranges(list), 10)).toEqual(list);
    for (const text of ['', 'x', '3-1', '1,,2', '0-99']) expect(parseRanges(text, 10)).toBeUndefined();
  });
});

describe('a job definition', () => {
  test('is registered once for the same image and rules, and anew for others', async () => {
    const { calls, job } = await world(2, async () => ({ exitCode: 0 }));
    const pin = async (more: object = {}) =>
      pinDefinition(calls, await readDefinition(calls, 'shard'), {
        image: DIGEST,
        attempts: 3,
        timeoutSeconds: 600,
        ...more,
      });
    expect(await pin()).toBe(job.definition);
    const other = await pin({ attempts: 4 });
    expect(other).not.toBe(job.definition);
    expect(await pin()).toBe(job.definition);
    const revisions = await definitions(calls);
    expect(revisions).toHaveLength(3);
    const pinned = revisions.find((one) => one.jobDefinitionArn === job.definition)!;
    expect(pinned.containerProperties).toMatchObject({ image: DIGEST, executionRoleArn: expect.any(String) });
    expect(pinned.retryStrategy).toEqual({ attempts: 3, evaluateOnExit: RETRY_RULES });
    expect(pinned.timeout).toEqual({ attemptDurationSeconds: 600 });
  });

  test('names an image by digest: as given, or refused outside ECR', async () => {
    expect(await resolveImage(DIGEST)).toBe(DIGEST);
    await expect(resolveImage('docker.io/gridmill:1')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

const definitions = (calls: BatchCalls) => calls.definitions('shard');
