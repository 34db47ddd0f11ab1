// Manifests for Kubernetes through its own client: kubectl reads them into the types of the API, which drop what they do not know.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type KubernetesRun, mergeJob, shardJob } from '../../src/cluster/kubernetes-jobs.ts';

/** The first with limits of failures per index. */
const MINOR_MIN = 29;

const kubectl = (...args: readonly string[]) => spawnSync('kubectl', args, { encoding: 'utf8' });
const version = /"gitVersion": "(v1\.(\d+)[^"]*)"/.exec(kubectl('version', '--client', '-o', 'json').stdout ?? '');
const why =
  version === null
    ? 'kubectl is not installed'
    : Number(version[2]) < MINOR_MIN
      ? `kubectl ${version[1]} is older than 1.${MINOR_MIN}`
      : undefined;
if (why !== undefined) process.stderr.write(`Skipped: manifests through the client of Kubernetes (${why}).\n`);

const folder = mkdtempSync(join(tmpdir(), 'gridmill-kubernetes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** With names that YAML 1.1 takes for something else unless they are quoted. */
const RUN: KubernetesRun = {
  manifest: 's3://bucket/runs/0123456789abcdef0123456789abcdef/manifest.json',
  id: '0123456789abcdef0123456789abcdef',
  shards: 400,
  image: `registry.example/gridmill@sha256:${'a'.repeat(64)}`,
  parallelism: 100,
  tasks: 400,
  cpu: 2,
  // It writes 1024Mi as 1Gi: the same amount, so none of those here.
  memoryBytes: 3001 * 2 ** 20,
  scratchBytes: 1025 * 2 ** 20,
  deadlineSeconds: 86_400,
  namespace: 'on',
  serviceAccount: 'null',
  secret: 'yes',
  place: { claim: '0x10', folder: '/shared' },
  storeClaim: '1e3',
  environment: { GRIDMILL_S3_ENDPOINT: 'http://store:9000', LEVEL: '12:30', FLAG: 'off' },
};

/** What kubectl makes of YAML, without the empty members that it adds. Throws its words when it refuses. */
function throughKubectl(yaml: string): unknown {
  const path = join(folder, 'job.yaml');
  writeFileSync(path, yaml);
  const { status, stdout, stderr } = kubectl('set', 'image', '--local', '-f', path, '*=another', '-o', 'json');
  if (status !== 0) throw new Error(stderr);
  const { status: _, ...job } = JSON.parse(stdout, (name, value) => (name === 'creationTimestamp' ? undefined : value));
  // It prints what it changes, and only then.
  const [container] = job.spec.template.spec.containers;
  expect(container.image).toBe('another');
  container.image = RUN.image;
  return job;
}

describe.skipIf(why !== undefined)(`the client of Kubernetes ${version?.[1] ?? ''}`, () => {
  test.each([
    ['shards', shardJob(RUN)],
    ['merge', mergeJob(RUN)],
  ])('keeps every field of the Job of %s, with its type', (_, job) => {
    expect(throughKubectl(stringify(job, { version: '1.1', lineWidth: 0 }))).toEqual(job);
  });

  test('drops a misspelt field, and refuses a value of another type', () => {
    const yaml = stringify(shardJob(RUN), { version: '1.1', lineWidth: 0 });
    const misspelt = throughKubectl(yaml.replace('backoffLimitPerIndex:', 'backoffLimitPerIndexx:'));
    expect(misspelt).not.toEqual(shardJob(RUN));
    expect(() => throughKubectl(yaml.replace('completions: 400', 'completions: many'))).toThrow('completions');
  });

  test('would read names for truth values, were they written as YAML 1.2', () => {
    expect(() => expect(throughKubectl(stringify(shardJob(RUN)))).toEqual(shardJob(RUN))).toThrow();
  });
});
