// The job definition of a submission: that of the stack, pinned to an image by its digest, with rules for what is tried again.
import type { ContainerProperties, EvaluateOnExit, JobDefinition } from '@aws-sdk/client-batch';
import { AppError } from '../core/errors.ts';
import { hashJson, type Json } from '../core/hash.ts';
import { ecrAddress, openEcr } from '../images/ecr.ts';
import type { BatchCalls } from './batch-calls.ts';
import type { TaskSize } from './batch-size.ts';

/**
 * The first rule that fits decides, five are possible, and what no rule fits Batch tries again: so the last one ends everything else, exit code
 * 64 among it. What ran out of memory would do so again, whatever its exit code: a driver starts it once more, and then says what to give. 75 is
 * an interrupted shard that saved its progress. A host or task that Spot takes away may leave no exit code at all, and is known by what is said of
 * it, 137 included. A 137 of which nothing is said ends: time limits and cancellation, which Batch never repeats, and memory are what else kills.
 */
export const RETRY_RULES: readonly EvaluateOnExit[] = [
  { onReason: 'OutOfMemory*', action: 'EXIT' },
  { onExitCode: '75', action: 'RETRY' },
  { onStatusReason: 'Host EC2*', action: 'RETRY' },
  { onStatusReason: 'Your Spot Task was interrupted*', action: 'RETRY' },
  { onReason: '*', action: 'EXIT' },
];

/** Tag of a revision: the hash of all that it says. */
const CONTENT_TAG = 'gridmill-content';

export interface Pinned {
  /** `repository@sha256:…`. */
  readonly image: string;
  /** Of one task, the first one included; 1 to 10. */
  readonly attempts: number;
  /** Of one attempt; 60 or more. */
  readonly timeoutSeconds: number;
}

export interface BaseDefinition {
  readonly name: string;
  readonly latest: JobDefinition;
  readonly all: readonly JobDefinition[];
  readonly platform: 'FARGATE' | 'EC2';
  readonly size: TaskSize;
}

/** The newest revision that the stack itself has, and what it gives a task. Errors: STACK_FAILED when there is none. */
export async function readDefinition(calls: BatchCalls, nameOrArn: string): Promise<BaseDefinition> {
  const name = nameOrArn.replace(/^.*job-definition\//, '').split(':')[0]!;
  const all = await calls.definitions(name);
  const sorted = [...all].sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
  const latest = sorted.find((one) => one.tags?.[CONTENT_TAG] === undefined) ?? sorted[0];
  if (latest?.containerProperties === undefined) {
    throw new AppError('STACK_FAILED', {
      rule: 'The job definitions of a stack must be there.',
      found: `no active revision of ${name} for a container.`,
      todo: 'Bring the stack up to date: gridmill cloud up',
    });
  }
  const { resourceRequirements = [] } = latest.containerProperties;
  const of = (type: string): number =>
    Number(resourceRequirements.find((one) => one.type === type)?.value ?? Number.NaN);
  const platform = latest.platformCapabilities?.includes('FARGATE') === true ? 'FARGATE' : 'EC2';
  return { name, latest, all, platform, size: { vcpus: of('VCPU'), memoryMib: of('MEMORY') } };
}

/** The ARN of a revision that says exactly this; registered only when there is none. Errors: those of BatchCalls. */
export async function pinDefinition(calls: BatchCalls, base: BaseDefinition, pinned: Pinned): Promise<string> {
  const { name, latest, all } = base;
  const { image, attempts, timeoutSeconds } = pinned;
  const said = {
    jobDefinitionName: name,
    type: 'container' as const,
    containerProperties: { ...withoutEmpty(latest.containerProperties!), image },
    retryStrategy: { attempts, evaluateOnExit: [...RETRY_RULES] },
    timeout: { attemptDurationSeconds: timeoutSeconds },
    ...(latest.platformCapabilities === undefined ? {} : { platformCapabilities: latest.platformCapabilities }),
    ...(latest.parameters === undefined ? {} : { parameters: latest.parameters }),
    ...(latest.propagateTags === undefined ? {} : { propagateTags: latest.propagateTags }),
  };
  const hash = hashJson(JSON.parse(JSON.stringify(said)) as Json).slice(0, 32);
  const there = all.find((one) => one.tags?.[CONTENT_TAG] === hash && one.jobDefinitionArn !== undefined);
  if (there !== undefined) return there.jobDefinitionArn!;
  return calls.register({ ...said, tags: { ...latest.tags, [CONTENT_TAG]: hash } });
}

/** Lists that Batch describes though nobody said them, and refuses on Fargate when they are said back. */
const withoutEmpty = (properties: ContainerProperties): ContainerProperties =>
  Object.fromEntries(
    Object.entries(properties).filter(([, value]) => !(Array.isArray(value) && value.length === 0)),
  ) as ContainerProperties;

const DIGEST = /^[^@\s]+@sha256:[0-9a-f]{64}$/;

/**
 * `repository@sha256:…` as it is; of `repository:tag` the digest that ECR has now. Errors: REQUEST_INVALID for a tag that is not there or
 * a registry other than ECR; DEPENDENCY_MISSING; IMAGE_FAILED.
 */
export async function resolveImage(image: string, endpoint?: string): Promise<string> {
  if (DIGEST.test(image)) return image;
  const [, repository = image, tag = 'latest'] = /^(.+?)(?::([\w][\w.-]{0,127}))?$/.exec(image) ?? [];
  const address = ecrAddress(repository);
  if (address === undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Tasks run an image that is known by its digest.',
      found: `${JSON.stringify(image.slice(0, 200))}, which is not in ECR.`,
      todo: 'Give --image repository@sha256:…',
    });
  }
  const ecr = await openEcr(address, endpoint);
  try {
    const digest = await ecr.digestOf(tag);
    if (digest !== undefined) return `${repository}@${digest}`;
  } finally {
    ecr.close();
  }
  throw new AppError('REQUEST_INVALID', {
    rule: 'Tasks run an image of the repository of the stack.',
    found: `no image ${JSON.stringify(tag)} in ${repository}.`,
    todo: `Push one (gridmill image STRATEGY_DIR --push ${repository}), and give --image with what that prints.`,
  });
}
