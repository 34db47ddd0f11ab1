// What `gridmill shard` says of a run before machines see it: forecasts, and manifests for Kubernetes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubernetesFaults } from '../kubernetes-fields.ts';
import { createWorkplace, csvOf, json, minuteCandles, type Workplace } from './cli-harness.ts';

interface Forecasts {
  readonly basis: string;
  readonly shards: number;
  readonly workSeconds: number;
  readonly rows: readonly { readonly nodes: number; readonly seconds: number; readonly cost: number }[];
}

let place: Workplace;
let manifest: string;
const SWEEP = ['sma-cross', '--data', 'btc.csv', '--set', 'fast=2..21', '--set', 'slow=22..31', '--shards', '4'];
beforeAll(async () => {
  place = createWorkplace();
  place.write('btc.csv', csvOf(minuteCandles(5_000)));
  const shared = `file://${place.folder}/shared`;
  manifest = json<{ manifest: string }>(
    await place.run('shard', 'plan', ...SWEEP, '--place', shared, '--json'),
  ).manifest;
});
afterAll(() => place.remove());

const IMAGE = `registry.example/gridmill@sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a forecast', () => {
  test('from the plan scores a sample, sends nothing, and tells one row for each number of containers', async () => {
    const nowhere = ['shard', 'plan', ...SWEEP, '--simulate', '1,10'];
    const forecasts = json<Forecasts>(await place.run(...nowhere, '--json'));
    expect(forecasts.shards).toBe(4);
    expect(forecasts.basis).toContain('sample');
    expect(forecasts.rows.map(({ nodes }) => nodes)).toEqual([1, 10]);
    const text = await place.run(...nowhere);
    expect(text.stdout).toMatch(/Containers +Time/);
    expect(text.stdout).toContain('prices of us-east-1');
  });

  test('from a run has the times of its shards: without delays, one container takes their sum', async () => {
    const early = await place.run('shard', 'plan', '--manifest', manifest, '--simulate', '1');
    expect(early.stderr).toContain('handed in');
    for (const index of ['0', '1', '2', '3']) {
      expect((await place.run('shard', 'run', '--manifest', manifest, '--index', index)).exitCode).toBe(0);
    }
    const nothing =
      'queue=0,start=0,launches=1e6,setup=0,node=1e9,place=1e9,requests=1e9,slowness=0,lost=0,merge=0,pershard=0';
    const args = ['shard', 'plan', '--manifest', manifest, '--simulate', '1', '--platform', 'vps', '--assume', nothing];
    const { basis, workSeconds, rows } = json<Forecasts>(await place.run(...args, '--json'));
    expect(basis).toContain('4 of 4 shards');
    expect(workSeconds).toBeGreaterThan(0);
    expect(rows[0]!.seconds).toBeCloseTo(workSeconds, 3);
  });

  test.each([
    [['--simulate', '1'], 'neither a strategy nor --manifest'],
    [SWEEP, 'no --place'],
  ])('%j is refused', async (args, words) => {
    const { exitCode, stderr } = await place.run('shard', 'plan', ...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe('manifests for Kubernetes', () => {
  const write = (...more: readonly string[]) =>
    place.run('shard', 'kubernetes', '--manifest', manifest, '--image', IMAGE, ...more);

  test('are two Jobs with fields that Kubernetes knows', async () => {
    const { exitCode, stdout } = await write('--place-claim', 'shared', '--tasks', '2');
    expect(exitCode).toBe(0);
    const jobs = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(jobs.flatMap((job) => kubernetesFaults(job))).toEqual([]);
    expect(jobs.map(({ spec }) => spec.completions)).toEqual([2, 1]);
    const { containers, volumes } = jobs[0].spec.template.spec;
    expect(containers[0].args).toEqual(['shard', 'run', '--manifest', manifest, '--tasks', '2', '--workers', '1']);
    expect(volumes).toContainEqual({ name: 'place', persistentVolumeClaim: { claimName: 'shared' } });
  });

  test.each([
    [['--place-claim', 'shared', '--image', 'gridmill:latest'], 'digest'],
    [[], 'without --place-claim'],
  ])('%j is refused', async (more, words) => {
    const { exitCode, stderr } = await write(...more);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});
