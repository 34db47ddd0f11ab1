// Queues and compute environments of the fake AWS Batch.
import type {
  CRType,
  DescribeComputeEnvironmentsRequest,
  DescribeJobQueuesRequest,
  PlatformCapability,
} from '@aws-sdk/client-batch';
import { ClientError, refuseIf } from './batch-validation.ts';

/** What names of everything here begin with. */
export const ARN = 'arn:aws:batch:eu-central-1:123456789012';

export interface QueueGiven {
  /** Name, or ARN. */
  readonly name: string;
  readonly environments: readonly { readonly name: string; readonly type: CRType }[];
  readonly priority?: number;
  readonly state?: 'ENABLED' | 'DISABLED';
}

interface Queue extends QueueGiven {
  readonly arn: string;
}

export interface Queues {
  readonly arnPrefix: string;
  /** By name or ARN. Errors: ClientError. */
  find(nameOrArn: string): Queue;
  /** The first that takes jobs. */
  environmentOf(queue: Queue): string;
  checkPlatform(queue: Queue, platforms: readonly PlatformCapability[]): void;
  describe(request: DescribeJobQueuesRequest): object;
  describeEnvironments(request: DescribeComputeEnvironmentsRequest): object;
}

const FARGATE_QUEUES: readonly QueueGiven[] = [
  {
    name: 'spot',
    priority: 10,
    environments: [
      { name: 'fargate-spot', type: 'FARGATE_SPOT' },
      { name: 'fargate', type: 'FARGATE' },
    ],
  },
  { name: 'on-demand', priority: 20, environments: [{ name: 'fargate', type: 'FARGATE' }] },
];

export function createQueues(given: readonly QueueGiven[] = FARGATE_QUEUES): Queues {
  const queues = given.map((one) => {
    const name = one.name.replace(/^arn:.*job-queue\//, '');
    return { ...one, name, arn: one.name === name ? `${ARN}:job-queue/${name}` : one.name };
  });
  const environments = new Map(queues.flatMap((queue) => queue.environments).map((one) => [one.name, one]));
  const environmentArn = (name: string): string => `${ARN}:compute-environment/${name}`;
  return {
    arnPrefix: ARN,
    find(nameOrArn) {
      const queue = queues.find(({ name, arn }) => name === nameOrArn || arn === nameOrArn);
      if (queue === undefined) throw new ClientError(`JobQueue ${nameOrArn} does not exist`);
      refuseIf(queue.state === 'DISABLED', `JobQueue ${nameOrArn} is disabled`);
      return queue;
    },
    environmentOf: (queue) => queue.environments[0]!.name,
    checkPlatform(queue, platforms) {
      const wanted = queue.environments[0]!.type.startsWith('FARGATE') ? 'FARGATE' : 'EC2';
      refuseIf(!platforms.includes(wanted), `Definition for ${platforms} on a queue for ${wanted}`);
    },
    describe: ({ jobQueues }) => ({
      jobQueues: queues
        .filter(({ name, arn }) => jobQueues === undefined || jobQueues.some((one) => one === name || one === arn))
        .map(({ name, arn, priority = 1, state = 'ENABLED', environments: order }) => ({
          ...{ jobQueueName: name, jobQueueArn: arn, priority, state, status: 'VALID' },
          computeEnvironmentOrder: order.map((one, i) => ({
            ...{ order: i + 1, computeEnvironment: environmentArn(one.name) },
          })),
        })),
    }),
    describeEnvironments: ({ computeEnvironments: asked }) => ({
      computeEnvironments: [...environments.values()]
        .filter(({ name }) => asked === undefined || asked.some((one) => one === name || one === environmentArn(name)))
        .map(({ name, type }) => ({
          ...{ computeEnvironmentName: name, computeEnvironmentArn: environmentArn(name), type: 'MANAGED' },
          ...{ state: 'ENABLED', status: 'VALID', computeResources: { type, maxvCpus: 256, subnets: [] } },
        })),
    }),
  };
}
