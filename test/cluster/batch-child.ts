// What an attempt of the fake AWS Batch is started with, and what is told of it afterwards.
import { randomUUID } from 'node:crypto';
import type { AttemptDetail } from '@aws-sdk/client-batch';
import type { Job } from './batch-jobs.ts';
import type { AttemptEnd } from './batch-retry.ts';

export const createInstanceId = (jobId: string, attempt: number): string =>
  `0${Buffer.from(`${jobId} ${attempt}`).toString('hex').slice(-16)}`;

export const attemptDetail = ({ exitCode, reason, statusReason }: AttemptEnd, startedAt: number): AttemptDetail => ({
  container: {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    taskArn: `arn:aws:ecs:eu-central-1:123456789012:task/batch/${randomUUID().replaceAll('-', '')}`,
  },
  ...{ startedAt, stoppedAt: Date.now(), statusReason },
});

/** Variables as documented: those of arrays in their children alone. */
export function childOf({ id, base, index, parent, attempts, queueName, computeEnvironment }: Job) {
  const { container } = base;
  const attempt = attempts.length + 1;
  const resource = (type: string): number =>
    Number(container?.resourceRequirements?.find((one) => one.type === type)?.value);
  const own = Object.fromEntries((container?.environment ?? []).map(({ name, value }) => [name!, value ?? '']));
  const ofArray = {
    AWS_BATCH_JOB_ARRAY_INDEX: String(index),
    AWS_BATCH_JOB_ARRAY_SIZE: String(parent?.children?.length),
  };
  return {
    ...{ jobId: id, jobName: base.jobName, attempt, queue: queueName, computeEnvironment },
    ...(index === undefined ? {} : { index }),
    image: container!.image!,
    command: (container!.command ?? []).map((word) => parameter(word, base.parameters ?? {})),
    environment: {
      ...own,
      AWS_BATCH_JOB_ID: id,
      AWS_BATCH_JOB_ATTEMPT: String(attempt),
      AWS_BATCH_JQ_NAME: queueName,
      AWS_BATCH_CE_NAME: computeEnvironment,
      ...(index === undefined ? {} : ofArray),
    },
    vcpus: resource('VCPU'),
    memoryMib: resource('MEMORY'),
    isRootReadOnly: container?.readonlyRootFilesystem === true,
    isInitProcess: container?.linuxParameters?.initProcessEnabled === true,
  };
}

/** `Ref::name` is a parameter of the job. */
const parameter = (word: string, parameters: Readonly<Record<string, string>>): string =>
  word.startsWith('Ref::') ? (parameters[word.slice(5)] ?? word) : word;
