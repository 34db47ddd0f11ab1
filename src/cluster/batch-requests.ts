// What is said to AWS Batch when shards and their merge are submitted: short, whatever the size of the run.
import type { SubmitJobCommandInput } from '@aws-sdk/client-batch';
import type { Submission } from './batch-journal.ts';
import type { TaskSize } from './batch-size.ts';
import { ranges, TASKS_NAME } from './index-ranges.ts';

export interface BatchJob {
  /** URI. The grid and all else is there: what goes to Batch is short, however large the run. */
  readonly manifest: string;
  /** Tasks that share all shards. */
  readonly tasks: number;
  /** Scoring threads of a task. */
  readonly workers: number;
  /** ARN or name. */
  readonly queue: string;
  /** ARN of a revision that is pinned to an image. */
  readonly definition: string;
  readonly size: TaskSize;
  readonly timeoutSeconds: number;
  /** For containers, besides what the definition says. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ids of jobs that must have succeeded before. */
  readonly dependsOn: readonly string[];
  readonly logGroup: string;
  /** Milliseconds that tasks may wait while none runs and nothing changes. */
  readonly capacityMs: number;
}

/** An array of one is no array for Batch: a plain job, whose index is 0. */
export function shardsRequest(
  job: BatchJob,
  { name }: Pick<Submission, 'name'>,
  indices: readonly number[],
  region: string,
): SubmitJobCommandInput {
  const isPlain = indices.every((index, child) => index === child);
  const numbered: Readonly<Record<string, string>> = isPlain ? {} : { [TASKS_NAME]: ranges(indices) };
  const more = ['--tasks', String(job.tasks), '--workers', String(job.workers)];
  return {
    ...baseRequest(job, name, region, ['shard', 'run', '--manifest', job.manifest, ...more], numbered),
    ...(indices.length === 1 ? {} : { arrayProperties: { size: indices.length } }),
    dependsOn: job.dependsOn.map((jobId) => ({ jobId })),
  };
}

/** Waits for arrays of shards, and puts what they handed in together beside it. */
export function mergeRequest(
  job: BatchJob,
  { name }: Pick<Submission, 'name'>,
  region: string,
  arrayIds: readonly string[],
): SubmitJobCommandInput {
  const command = ['shard', 'merge', '--manifest', job.manifest, '--workers', String(job.workers), '--hand-in'];
  return {
    ...baseRequest(job, name, region, command, {}),
    dependsOn: arrayIds.map((jobId) => ({ jobId })),
  };
}

function baseRequest(
  { queue, definition, size, environment, timeoutSeconds }: BatchJob,
  jobName: string,
  region: string,
  command: string[],
  more: Readonly<Record<string, string>>,
): SubmitJobCommandInput {
  // Machines of EC2 do not say their region to containers.
  const all = { AWS_REGION: region, ...environment, ...more };
  return {
    jobName,
    jobQueue: queue,
    jobDefinition: definition,
    containerOverrides: {
      command,
      environment: Object.entries(all).map(([name, value]) => ({ name, value })),
      resourceRequirements: [
        { type: 'VCPU', value: String(size.vcpus) },
        { type: 'MEMORY', value: String(size.memoryMib) },
      ],
    },
    timeout: { attemptDurationSeconds: timeoutSeconds },
  };
}
