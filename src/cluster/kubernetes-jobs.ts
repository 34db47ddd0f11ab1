// Kubernetes manifests for a cut sweep: an Indexed Job that scores its shards, and a Job that merges them.

export interface KubernetesRun {
  /** URI of the manifest. */
  readonly manifest: string;
  readonly id: string;
  readonly shards: number;
  /** By digest, so that every pod runs the same. */
  readonly image: string;
  /** Pods that score at once. */
  readonly parallelism: number;
  /** Pods of the Job; fewer than shards score several each. */
  readonly tasks: number;
  readonly cpu: number;
  readonly memoryBytes: number;
  /** Of the folder that containers write to: candles, strategy, progress. */
  readonly scratchBytes: number;
  readonly deadlineSeconds: number;
  readonly namespace?: string | undefined;
  readonly serviceAccount?: string | undefined;
  /** A Secret whose keys become variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION. */
  readonly secret?: string | undefined;
  /** Further variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** A claim that holds a place of `file://`, and the folder of that. */
  readonly place?: { readonly claim: string; readonly folder: string } | undefined;
  /** A claim for the store of the merge, where its result is kept. */
  readonly storeClaim?: string | undefined;
}

/** Times that the pod of an index may fail before the index does. Disruptions do not count. */
const FAILURES_PER_INDEX = 6;
/** One in so many indices may fail before the whole Job is ended. */
const FAILED_SHARE = 20;
/** Pods of the merge begin at most this far apart, as Kubernetes waits between failures. */
const BACKOFF_SECONDS_MAX = 360;
/** First failures come quicker. */
const QUICK_FAILURES = 8;
/** A task saves its progress within 25 s of SIGTERM. */
const GRACE_SECONDS = 60;
const KEPT_SECONDS = 86_400;
/** Of the images of Gridmill. */
const USER = 1000;

const PERMANENT = 64;
/** Try again; killed by the kernel, mostly for memory; ended by SIGTERM before anything could be saved. */
const TRY_AGAIN = [75, 137, 143];
/** A merge is started again hundreds of times while shards are missing: what it dies of must not be. */
const MERGE_AGAIN = [75, 143];

export type KubernetesObject = Readonly<Record<string, unknown>>;

export const jobName = (id: string): string => `gridmill-${id.slice(0, 16)}`;

/** Pods find their shard by JOB_COMPLETION_INDEX. */
export function shardJob(run: KubernetesRun): KubernetesObject {
  const { manifest, tasks, cpu } = run;
  const args = ['shard', 'run', '--manifest', manifest, '--tasks', String(tasks), '--workers', String(workers(cpu))];
  return {
    ...head(run, jobName(run.id), 'shard'),
    spec: {
      completions: tasks,
      parallelism: Math.min(run.parallelism, tasks),
      completionMode: 'Indexed',
      backoffLimitPerIndex: FAILURES_PER_INDEX,
      maxFailedIndexes: Math.ceil(tasks / FAILED_SHARE),
      podFailurePolicy: failurePolicy('shard'),
      activeDeadlineSeconds: run.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: template(run, 'shard', args),
    },
  };
}

/** A Job of plain Kubernetes waits for no other: this one fails with 75 until all shards are there, and is started again, ever less often. */
export function mergeJob(run: KubernetesRun): KubernetesObject {
  const keep = run.storeClaim === undefined ? ['--no-save'] : [];
  const args = ['shard', 'merge', '--manifest', run.manifest, '--json', ...keep];
  return {
    ...head(run, `${jobName(run.id)}-merge`, 'merge'),
    spec: {
      completions: 1,
      parallelism: 1,
      completionMode: 'NonIndexed',
      backoffLimit: QUICK_FAILURES + Math.ceil(run.deadlineSeconds / BACKOFF_SECONDS_MAX),
      podFailurePolicy: failurePolicy('merge'),
      activeDeadlineSeconds: run.deadlineSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: template(run, 'merge', args),
    },
  };
}

type Part = 'shard' | 'merge';

const workers = (cpu: number): number => Math.max(1, Math.floor(cpu));

const labels = ({ id }: KubernetesRun, part: Part): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': 'gridmill',
  'app.kubernetes.io/component': part,
  'app.kubernetes.io/instance': jobName(id),
});

const head = (run: KubernetesRun, name: string, part: Part): KubernetesObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name,
    ...(run.namespace === undefined ? {} : { namespace: run.namespace }),
    labels: labels(run, part),
  },
});

/** The first rule that holds counts: a pod that was evicted or whose node went is nobody's failure, whatever its exit code. */
const failurePolicy = (containerName: Part): KubernetesObject => {
  const isMerge = containerName === 'merge';
  const ends = isMerge ? { operator: 'NotIn', values: MERGE_AGAIN } : { operator: 'In', values: [PERMANENT] };
  const values = isMerge ? MERGE_AGAIN : TRY_AGAIN;
  return {
    rules: [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName, ...ends } },
      { action: 'Count', onExitCodes: { containerName, operator: 'In', values } },
    ],
  };
};

function template(run: KubernetesRun, part: Part, args: readonly string[]): KubernetesObject {
  const amounts = {
    cpu: String(run.cpu),
    memory: mebibytes(run.memoryBytes),
    'ephemeral-storage': mebibytes(run.scratchBytes + TMP_BYTES + LOG_BYTES),
  };
  const { place, storeClaim } = run;
  const store = part === 'merge' && storeClaim !== undefined ? { claimName: storeClaim } : undefined;
  return {
    metadata: { labels: labels(run, part) },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(run.serviceAccount === undefined ? {} : { serviceAccountName: run.serviceAccount }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: part,
          image: run.image,
          imagePullPolicy: 'IfNotPresent',
          args,
          env: Object.entries({ GRIDMILL_HOME: HOME, ...run.environment }).map(([name, value]) => ({ name, value })),
          ...(run.secret === undefined ? {} : { envFrom: [{ secretRef: { name: run.secret } }] }),
          // Requests that equal limits make pods Guaranteed: the last to be evicted.
          resources: { requests: amounts, limits: amounts },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            { name: 'home', mountPath: HOME },
            { name: 'tmp', mountPath: '/tmp' },
            ...(place === undefined ? [] : [{ name: 'place', mountPath: place.folder }]),
          ],
        },
      ],
      volumes: [
        {
          name: 'home',
          ...(store === undefined
            ? { emptyDir: { sizeLimit: mebibytes(run.scratchBytes) } }
            : { persistentVolumeClaim: store }),
        },
        { name: 'tmp', emptyDir: { sizeLimit: mebibytes(TMP_BYTES) } },
        ...(place === undefined ? [] : [{ name: 'place', persistentVolumeClaim: { claimName: place.claim } }]),
      ],
    },
  };
}

const HOME = '/data';
const TMP_BYTES = 64 * 2 ** 20;
const LOG_BYTES = 64 * 2 ** 20;

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
