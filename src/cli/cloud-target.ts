// A stack of AWS as the commands of `gridmill cloud` use it: its places, its queues, AWS Batch, and what runs are called there.
import type { AwsSettings } from '../cluster/aws-calls.ts';
import type { BatchCalls } from '../cluster/batch-calls.ts';
import type { CloudStack } from '../cluster/cloud-stack.ts';
import type { ObjectStore } from '../cluster/object-store.ts';
import type { Platform } from '../cluster/prices.ts';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { awsSettings, checkStack, type StackOptions } from './cloud-up.ts';
import type { Host } from './host.ts';
import { openPlace } from './shard-work.ts';

export interface CloudTarget {
  readonly stack: CloudStack;
  readonly calls: BatchCalls;
  /** Result bucket: manifests, and what is handed in. */
  readonly objects: ObjectStore;
  /** Input bucket: candles and strategies. */
  readonly content: ObjectStore;
  readonly settings: AwsSettings;
  close(): void;
}

/** Errors: those of readCloudStack, openBatch and of the places. */
export async function openCloud(options: StackOptions, host: Host): Promise<CloudTarget> {
  const name = checkStack(options.stack);
  const [{ readCloudStack }, { openBatch }] = await Promise.all([
    import('../cluster/cloud-stack.ts'),
    import('../cluster/batch-calls.ts'),
  ]);
  const stack = await readCloudStack(name, awsSettings(options, host));
  const settings = awsSettings({ stack: name, region: stack.region }, host);
  const objects = await openPlace(`s3://${stack.resultBucket}`, host, stack.region);
  const content = await openPlace(`s3://${stack.inputBucket}`, host, stack.region);
  const calls = await openBatch(settings);
  const close = (): void => {
    for (const one of [objects, content, calls]) one.close();
  };
  return { stack, calls, objects, content, settings, close };
}

/** Beginning of the names of all jobs of a run: the same run in another place is another. */
export const jobName = ({ objects }: Pick<CloudTarget, 'objects'>, run: string): string =>
  `gridmill-${sha256Hex(`${objects.uri} ${run}`).slice(0, 24)}`;

export interface Queue {
  /** ARN, or the name that was given. */
  readonly queue: string;
  readonly isEc2: boolean;
}

/** Errors: REQUEST_INVALID for the queue of EC2 in a stack without. */
export function queueOf({ queues, ec2Queue, name }: CloudStack, wanted = 'spot'): Queue {
  if (wanted === 'spot') return { queue: queues.spot, isEc2: false };
  if (wanted === 'on-demand') return { queue: queues.onDemand, isEc2: false };
  if (wanted !== 'ec2') return { queue: wanted, isEc2: wanted === ec2Queue };
  if (ec2Queue !== undefined) return { queue: ec2Queue, isEc2: true };
  throw new AppError('REQUEST_INVALID', {
    rule: '--queue ec2 needs a stack with machines of EC2.',
    found: `stack ${name} without.`,
    todo: `Bring it up with them (docs/aws.md), or give --queue spot.`,
  });
}

/** What a queue is charged as: the first of its compute environments; a queue that is not of the stack as Fargate on demand. */
export function platformOf({ queues, ec2Queue }: CloudStack, queue: string): Platform {
  if (queue === queues.spot) return 'fargate-spot';
  return queue === ec2Queue ? 'ec2-spot' : 'fargate';
}
