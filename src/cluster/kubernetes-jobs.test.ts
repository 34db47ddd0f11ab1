// Manifests for Kubernetes against the fields of its OpenAPI document, and against the rules that its server has beyond them.
import { describe, expect, test } from 'vitest';
import { kubernetesFaults, release } from '../../test/kubernetes-fields.ts';
import { type KubernetesRun, mergeJob, shardJob } from './kubernetes-jobs.ts';

const RUN: KubernetesRun = {
  manifest: 's3://bucket/runs/0123456789abcdef0123456789abcdef/manifest.json',
  id: '0123456789abcdef0123456789abcdef',
  shards: 400,
  image: `registry.example/gridmill@sha256:${'a'.repeat(64)}`,
  parallelism: 100,
  tasks: 400,
  cpu: 2,
  memoryBytes: 3 * 2 ** 30,
  scratchBytes: 2 ** 30,
  deadlineSeconds: 86_400,
  environment: { GRIDMILL_S3_ENDPOINT: 'http://store:9000' },
};

/** With everything that can be said. */
const FULL: KubernetesRun = {
  ...RUN,
  namespace: 'research',
  serviceAccount: 'gridmill',
  secret: 's3',
  place: { claim: 'place', folder: '/shared' },
  storeClaim: 'store',
};

interface Rule {
  readonly action: string;
  readonly onExitCodes?: {
    readonly containerName: string;
    readonly operator: string;
    readonly values: readonly number[];
  };
  readonly onPodConditions?: readonly object[];
}

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Job {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly completions: number;
    readonly parallelism: number;
    readonly completionMode: string;
    readonly backoffLimit?: number;
    readonly backoffLimitPerIndex?: number;
    readonly maxFailedIndexes?: number;
    readonly podFailurePolicy: { readonly rules: readonly Rule[] };
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[];
      };
    };
  };
}

const job = (object: unknown): Job => object as Job;
const all = [RUN, FULL].flatMap((run) => [job(shardJob(run)), job(mergeJob(run))]);

describe(`fields of Kubernetes ${release}`, () => {
  test('hold all that is written', () => {
    for (const one of all) expect(kubernetesFaults(one)).toEqual([]);
  });

  test('refuse a misspelt field at any depth, and a value of another type', () => {
    const text = JSON.stringify(shardJob(FULL));
    const faults = (from: string, to: string): string[] => kubernetesFaults(JSON.parse(text.replace(from, to)));
    expect(faults('"backoffLimitPerIndex"', '"backoffLimitPerIndexx"')).toEqual([
      '.spec: has no field backoffLimitPerIndexx',
    ]);
    expect(faults('"onPodConditions"', '"onPodCondition"').length).toBe(1);
    expect(faults('"readOnlyRootFilesystem"', '"readonlyRootFilesystem"').length).toBe(1);
    expect(faults('"restartPolicy":"Never"', '"restartPolicy":false')).toEqual([
      '.spec.template.spec.restartPolicy: is no string',
    ]);
    expect(faults('"cpu":"2"', '"cpu":2').length).toBe(1);
  });
});

describe('what the server asks for beyond fields', () => {
  test.each(all)('%#: pods that are never restarted in place, and names within 63 characters', ({ metadata, spec }) => {
    expect(spec.template.spec.restartPolicy).toBe('Never');
    expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });

  test('an Indexed Job has completions, limits of failures per index, and at most as many pods as completions', () => {
    const { spec } = job(shardJob(RUN));
    expect([spec.completionMode, spec.completions, spec.parallelism]).toEqual(['Indexed', 400, 100]);
    expect(spec.backoffLimitPerIndex).toBeGreaterThan(0);
    expect(spec.maxFailedIndexes).toBe(20);
    expect(job(shardJob({ ...RUN, tasks: 3 })).spec.parallelism).toBe(3);
    expect(job(shardJob({ ...RUN, tasks: 3 })).spec.maxFailedIndexes).toBe(1);
  });

  test('limits per index belong to Indexed Jobs alone', () => {
    const { spec } = job(mergeJob(RUN));
    expect([spec.completionMode, spec.backoffLimitPerIndex, spec.maxFailedIndexes]).toEqual([
      'NonIndexed',
      undefined,
      undefined,
    ]);
  });

  test.each(all)('%#: a rule asks for exit codes or conditions; codes rise, and none is 0', ({ spec }) => {
    const { rules } = spec.podFailurePolicy;
    expect(rules.length).toBeLessThanOrEqual(20);
    for (const { onExitCodes, onPodConditions } of rules) {
      expect((onExitCodes === undefined) !== (onPodConditions === undefined)).toBe(true);
      const { values = [] } = onExitCodes ?? {};
      expect([...new Set(values)].sort((a, b) => a - b)).toEqual(values);
      expect(values.includes(0)).toBe(false);
    }
  });

  test.each(all)('%#: every mount has its volume, and rules name the container', ({ spec }) => {
    const { containers, volumes } = spec.template.spec;
    const names = volumes.map(({ name }) => name);
    expect(containers[0].volumeMounts.map(({ name }) => name)).toEqual(names);
    for (const { onExitCodes } of spec.podFailurePolicy.rules) {
      expect(onExitCodes === undefined || onExitCodes.containerName === containers[0].name).toBe(true);
    }
  });
});

describe('exit codes of shards', () => {
  /** What happens to a pod, by the first rule that holds. */
  const actionOn = (exitCode: number, isDisrupted = false, made = shardJob(RUN)): string | undefined =>
    job(made).spec.podFailurePolicy.rules.find(({ onExitCodes, onPodConditions }) =>
      onPodConditions === undefined
        ? onExitCodes!.values.includes(exitCode) === (onExitCodes!.operator === 'In')
        : isDisrupted,
    )?.action;

  test('64 ends the Job, 75 and kills are tried again within the limit', () => {
    expect(actionOn(64)).toBe('FailJob');
    for (const code of [75, 137, 143]) expect(actionOn(code)).toBe('Count');
  });

  test('a merge is tried again while shards are missing; that it dies of memory, or of anything else, ends it', () => {
    const merge = mergeJob(RUN);
    for (const code of [75, 143]) expect(actionOn(code, false, merge)).toBe('Count');
    for (const code of [1, 2, 64, 134, 137, 139]) expect(actionOn(code, false, merge)).toBe('FailJob');
    expect(actionOn(137, true, merge)).toBe('Ignore');
  });

  test('a pod that was evicted, preempted or drained costs no attempt, whatever it ended with', () => {
    for (const code of [64, 75, 137, 143]) expect(actionOn(code, true)).toBe('Ignore');
  });
});

describe('pods', () => {
  test.each(all)('%#: run as nobody special, on a read-only root, with requests that equal limits', ({ spec }) => {
    const { securityContext, containers, terminationGracePeriodSeconds } = spec.template.spec;
    expect(securityContext.runAsNonRoot).toBe(true);
    expect(containers[0].securityContext.readOnlyRootFilesystem).toBe(true);
    expect(containers[0].resources.requests).toEqual(containers[0].resources.limits);
    // SIGTERM is answered within 25 s.
    expect(terminationGracePeriodSeconds).toBeGreaterThan(25);
  });

  test('share the shards in strides, and find their index by themselves', () => {
    const { args } = job(shardJob({ ...RUN, tasks: 40 })).spec.template.spec.containers[0];
    expect(args).toEqual(['shard', 'run', '--manifest', RUN.manifest, '--tasks', '40', '--workers', '2']);
  });

  test('keep the result of a merge where there is a claim for it', () => {
    const [without, kept] = [RUN, FULL].map((run) => job(mergeJob(run)).spec.template.spec);
    expect(without!.containers[0].args).toContain('--no-save');
    expect(kept!.containers[0].args).not.toContain('--no-save');
    expect(kept!.volumes.find(({ name }) => name === 'home')!.emptyDir).toBeUndefined();
  });

  test('of a merge are started again until the deadline', () => {
    expect(job(mergeJob(RUN)).spec.backoffLimit! * 360).toBeGreaterThan(RUN.deadlineSeconds);
  });
});
