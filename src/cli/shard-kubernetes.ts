// gridmill shard kubernetes: the manifests that have a Kubernetes cluster score and merge a cut sweep.
import { stringify } from 'yaml';
import { jobName, type KubernetesRun, mergeJob, shardJob } from '../cluster/kubernetes-jobs.ts';
import { parseManifestUri } from '../cluster/manifest.ts';
import { parseObjectUri } from '../cluster/object-store.ts';
import { contentOf } from '../cluster/workload.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { openRun } from './shard-work.ts';

export interface KubernetesOptions {
  readonly manifest: string;
  readonly image: string;
  readonly parallelism: number;
  readonly tasks?: number;
  readonly cpu: number;
  readonly memory?: number;
  readonly deadline: number;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly secret?: string;
  readonly placeClaim?: string;
  readonly storeClaim?: string;
  readonly only?: 'shards' | 'merge';
}

const MEMORY_BYTES = 2 * 2 ** 30;
/** What a pod may take beyond the budget of its process. */
const MEMORY_SLACK = 1.1;
/** Candles as they were fetched and as they are read, twice over while one is made of the other, and progress. */
const SCRATCH_TIMES = 3;
const SCRATCH_BYTES_MIN = 2 ** 30;

/** Errors: REQUEST_INVALID for an image without digest, names that are none, and a folder without a claim; those of the shared place. */
export async function writeKubernetes(options: KubernetesOptions, host: Host): Promise<ExitCode> {
  checkNames(options);
  const { run, close } = await openRun(options, host);
  close();
  const { manifest, id } = run;
  const { place } = parseManifestUri(options.manifest);
  const shards = manifest.shards.length;
  const endpoint = host.environment['GRIDMILL_S3_ENDPOINT'];
  const kubernetes: KubernetesRun = {
    ...options,
    id,
    shards,
    tasks: Math.min(options.tasks ?? shards, shards, LIMITS.shardsMax),
    memoryBytes: options.memory ?? (manifest.budgetBytes === null ? MEMORY_BYTES : manifest.budgetBytes * MEMORY_SLACK),
    scratchBytes: Math.max(SCRATCH_BYTES_MIN, SCRATCH_TIMES * contentOf(manifest).fetchBytes),
    deadlineSeconds: Math.ceil(options.deadline / 1000),
    environment: endpoint === undefined || endpoint === '' ? {} : { GRIDMILL_S3_ENDPOINT: endpoint },
    place: placeVolume(place, options.placeClaim),
  };
  const jobs = { shards: shardJob(kubernetes), merge: mergeJob(kubernetes) };
  const wanted = options.only === undefined ? [jobs.shards, jobs.merge] : [jobs[options.only]];
  // Kubernetes reads YAML 1.1, where a bare `on` is no text.
  const texts = wanted.map((job) => stringify(job, { version: '1.1', lineWidth: 0 }));
  host.stdout.write(`${comment(kubernetes)}${texts.join('---\n')}`);
  return;
}

const comment = ({ id, shards, tasks }: KubernetesRun): string =>
  `# ${shards} shards in ${tasks} pods; needs Kubernetes 1.33 or newer (docs/kubernetes.md).
# Apply: kubectl apply -f THIS    Wait: kubectl wait --for=condition=complete --timeout=24h job/${jobName(id)}-merge
`;

function placeVolume(place: string, claim: string | undefined): KubernetesRun['place'] {
  const { kind, root } = parseObjectUri(place);
  const folder = kind === 'file' ? root : undefined;
  if (folder !== undefined && claim !== undefined) return { claim, folder };
  if (folder === undefined && claim === undefined) return undefined;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Pods see a folder only through a claim for it, and need none for s3://.',
    found: folder === undefined ? `--place-claim with ${place}.` : `${place} without --place-claim.`,
    todo:
      folder === undefined ? 'Leave it out.' : 'Name the PersistentVolumeClaim (ReadWriteMany) that holds that folder.',
  });
}

const DIGEST = /^[\w.:/-]+@sha256:[0-9a-f]{64}$/;
const NAME = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;

function checkNames(options: KubernetesOptions): void {
  if (!DIGEST.test(options.image)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Pods run an image that is named by its digest, so that all run the same.',
      found: JSON.stringify(options.image.slice(0, 200)),
      todo: 'Give --image REPOSITORY@sha256:…, as pushing it prints.',
    });
  }
  const { namespace, serviceAccount, secret, placeClaim, storeClaim } = options;
  for (const [option, name] of Object.entries({ namespace, serviceAccount, secret, placeClaim, storeClaim })) {
    if (name === undefined || NAME.test(name)) continue;
    throw new AppError('REQUEST_INVALID', {
      rule: 'Objects of Kubernetes have names of a-z, 0-9, hyphens and points, at most 63 characters.',
      found: `${option} ${JSON.stringify(name.slice(0, 80))}.`,
      todo: 'Correct it.',
    });
  }
}
