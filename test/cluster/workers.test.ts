// Workers in containers of their own on one store: does the loss of one cost its batch alone, and is one that merely stands still left alone?
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, csvOf, minuteCandles } from '../e2e/cli-harness.ts';
import { ask, buildImage, podman, podmanMissing, request, waitFor } from './podman.ts';

const TOKEN = 'a-token-of-this-test';
/** Leases that never run out while this test lasts: only a lock that is free gives a job back. */
const LEASE = ['--env', 'GRIDMILL_JOBS_LEASE_SECONDS=3600', '--env', 'GRIDMILL_JOBS_SWEEP_SECONDS=0.5'];
const SWEEP = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: '2..60:1', slow: '61..800:1' },
  shards: 6,
};

interface JobAnswer {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly progress: { readonly scored: number };
}

const missing = podmanMissing();
if (missing !== undefined) process.stderr.write(`Tests of workers in containers are skipped: ${missing}.\n`);

describe.skipIf(missing !== undefined)('two workers in containers', () => {
  const started: string[] = [];
  let folder: string;
  let image: string;
  let serve: string;

  const start = (...args: readonly string[]): string => {
    const name = `gridmill-workers-${process.pid}-${started.length}`;
    started.push(name);
    const place = ['--volume', `${folder}:/data`, '--network', 'none', '--memory', '1g', ...LEASE];
    ask(['run', '--detach', '--name', name, ...place, '--env', `GRIDMILL_TOKEN=${TOKEN}`, image, ...args]);
    return name;
  };
  const get = <T>(path: string): T | undefined => {
    const answer = request(serve, TOKEN, 'GET', path);
    return answer?.status === 200 ? (JSON.parse(answer.text) as T) : undefined;
  };
  const job = (id: string): JobAnswer | undefined => get(`/api/jobs/${id}`);
  const submit = (body: object): string => {
    const answer = request(serve, TOKEN, 'POST', '/api/jobs', body);
    expect(answer?.status, answer?.text).toBe(202);
    return (JSON.parse(answer!.text) as JobAnswer).id;
  };
  const hashOf = (id: string): string =>
    get<{ record: { resultHash: string } }>(`/api/jobs/${id}/result`)!.record.resultHash;

  beforeAll(async () => {
    image = buildImage('serve');
    const place = createWorkplace();
    const csv = place.write('candles.csv', csvOf(minuteCandles(20_000)));
    folder = mkdtempSync(join(tmpdir(), 'gridmill-workers-'));
    const { exitCode, stderr } = await place
      .start(['import', csv, '--exchange', 'lab', '--symbol', 'MADE'], { GRIDMILL_HOME: folder })
      .ended;
    place.remove();
    expect(exitCode, stderr).toBe(0);
    // The user of the image is nobody here.
    expect(spawnSync('chmod', ['-R', 'a+rwX', folder]).status).toBe(0);
    serve = start('serve', '--listen', '0.0.0.0', '--jobs', '0');
    await waitFor('ready', 120, () => request(serve, TOKEN, 'GET', '/readyz')?.status === 200);
  }, 900_000);
  afterAll(() => {
    for (const name of started) podman(['rm', '--force', '--time', '2', name]);
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  test('one of them killed: its shard goes on in the other before its lease is over, with the same hash', async () => {
    const [first, second] = [start('worker'), start('worker')];
    const id = submit(SWEEP);
    await waitFor('progress', 240, () => (job(id)?.progress.scored ?? 0) > 0);
    const scored = job(id)!.progress.scored;
    ask(['kill', first]);
    await waitFor('the job', 600, () => job(id)?.state === 'done');
    expect(scored).toBeGreaterThan(0);
    const whole = submit({ ...SWEEP, shards: 1 });
    await waitFor('the job in one piece', 600, () => job(whole)?.state === 'done');
    expect(hashOf(whole)).toBe(hashOf(id));
    ask(['kill', second]);
  }, 1_200_000);

  test('one of them stopped keeps its job, however long it stands still', async () => {
    const [first, second] = [start('worker'), start('worker')];
    const id = submit({ ...SWEEP, shards: 1 });
    await waitFor('progress', 240, () => (job(id)?.progress.scored ?? 0) > 0);
    ask(['pause', first]);
    ask(['pause', second]);
    ask(['unpause', second]);
    // Many looks of the one that runs.
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    expect(job(id)!.attempts).toBe(1);
    ask(['unpause', first]);
    await waitFor('the job', 600, () => job(id)?.state === 'done');
    expect(job(id)!.attempts).toBe(1);
  }, 1_200_000);
});
