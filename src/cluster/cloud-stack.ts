// What runs on AWS need to know of their stack, read from the outputs of CloudFormation: nothing is copied by hand.
import type * as Sdk from '@aws-sdk/client-cloudformation';
import { AppError } from '../core/errors.ts';
import { type AwsSettings, awsProblem, clientSettings, loadAwsClient, wordsOf } from './aws-calls.ts';

/** A stack made from deploy/aws/template.yaml. */
export interface CloudStack {
  readonly name: string;
  readonly region: string;
  readonly account: string;
  /** Candles and strategies, by their hash: `content/…`. */
  readonly inputBucket: string;
  /** Manifests, and what shards and merges hand in: `runs/…`. */
  readonly resultBucket: string;
  /** URI of the ECR repository, without a tag. */
  readonly repository: string;
  /** ARNs. */
  readonly queues: { readonly spot: string; readonly onDemand: string };
  /** ARN of the queue of EC2 Spot, where the stack has one. */
  readonly ec2Queue?: string;
  /**
   * Names, without a revision. What the stack registers names no image that can be pulled, unless its parameter Image does:
   * runs register revisions of their own, pinned to a digest, and keep all else that is said there.
   */
  readonly definitions: { readonly shard: string; readonly merge: string; readonly ec2Shard?: string };
  /** ARNs. */
  readonly roles: { readonly job: string; readonly execution: string };
  readonly logGroup: string;
}

/** Outputs of the template, by what they are here. `?` may be missing. */
export const OUTPUTS = {
  inputBucket: 'InputBucket',
  resultBucket: 'ResultBucket',
  repository: 'Repository',
  spotQueue: 'SpotQueue',
  onDemandQueue: 'OnDemandQueue',
  ec2Queue: 'Ec2Queue?',
  shardDefinition: 'ShardDefinition',
  mergeDefinition: 'MergeDefinition',
  ec2ShardDefinition: 'Ec2ShardDefinition?',
  jobRole: 'JobRole',
  executionRole: 'ExecutionRole',
  logGroup: 'LogGroup',
} as const;

/**
 * Errors: DEPENDENCY_MISSING without @aws-sdk/client-cloudformation; STACK_NOT_FOUND; STACK_NOT_READY while it is being created
 * or changed, and STACK_FAILED when that went wrong; STACK_FAILED for outputs that are not those of the template;
 * CLOUD_REFUSED, CLOUD_UNREACHABLE.
 */
export async function readCloudStack(name: string, settings: AwsSettings = {}): Promise<CloudStack> {
  const formation = await openFormation(settings);
  try {
    const found = await describeStack(formation, name);
    if (found === undefined) throw notFound(name, await formation.client.config.region());
    return stackOf(checkAtRest(found));
  } finally {
    formation.client.destroy();
  }
}

/** The client of CloudFormation with the module of its commands. */
export interface Formation {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.CloudFormationClient;
}

/** Errors: DEPENDENCY_MISSING. */
export async function openFormation(settings: AwsSettings): Promise<Formation> {
  const sdk = await loadAwsClient('@aws-sdk/client-cloudformation', () => import('@aws-sdk/client-cloudformation'));
  return { sdk, client: new sdk.CloudFormationClient(clientSettings(settings)) };
}

/** Undefined when there is none of that name or id. Errors: CLOUD_REFUSED, CLOUD_UNREACHABLE. */
export async function describeStack({ sdk, client }: Formation, nameOrId: string): Promise<Sdk.Stack | undefined> {
  try {
    const { Stacks = [] } = await client.send(new sdk.DescribeStacksCommand({ StackName: nameOrId }));
    return Stacks[0];
  } catch (error) {
    if (/does not exist/.test(wordsOf(error) ?? '')) return undefined;
    throw awsProblem(error, 'cloudformation:DescribeStacks');
  }
}

/** Whole, though the last change may have been undone. */
const USABLE = /^(CREATE_COMPLETE|UPDATE_COMPLETE|UPDATE_COMPLETE_CLEANUP_IN_PROGRESS|UPDATE_ROLLBACK_COMPLETE)$/;

function checkAtRest(stack: Sdk.Stack): Sdk.Stack {
  const { StackName: name, StackStatus: status = '', StackStatusReason: reason } = stack;
  if (USABLE.test(status)) return stack;
  const found = `stack ${name} is ${status}${reason === undefined ? '.' : `: ${reason}`}`;
  throw status.endsWith('_IN_PROGRESS')
    ? new AppError('STACK_NOT_READY', {
        found,
        todo: 'Wait until it is at rest, or follow it with "gridmill cloud up".',
      })
    : new AppError('STACK_FAILED', {
        found,
        todo: `See its events, then "gridmill cloud down --stack ${name}" and "gridmill cloud up" again.`,
      });
}

/** Errors: STACK_FAILED when an output is missing. */
function stackOf({ StackId = '', StackName: name = '', Outputs = [] }: Sdk.Stack): CloudStack {
  const values = new Map(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const required = Object.values(OUTPUTS).filter((key) => !key.endsWith('?'));
  const missing = required.filter((key) => !values.get(key));
  if (missing.length > 0) {
    throw new AppError('STACK_FAILED', {
      rule: 'A stack must have the outputs of deploy/aws/template.yaml.',
      found: `stack ${name} without ${missing.join(', ')}.`,
      todo: `Name a stack of this program, or bring it up to date: gridmill cloud up --stack ${name}`,
    });
  }
  const output = (key: keyof typeof OUTPUTS): string => values.get(OUTPUTS[key])!;
  const ec2Queue = values.get('Ec2Queue');
  const ec2Shard = values.get('Ec2ShardDefinition');
  const [, , , region = '', account = ''] = StackId.split(':');
  return {
    name,
    region,
    account,
    inputBucket: output('inputBucket'),
    resultBucket: output('resultBucket'),
    repository: output('repository'),
    queues: { spot: output('spotQueue'), onDemand: output('onDemandQueue') },
    ...(ec2Queue ? { ec2Queue } : {}),
    definitions: {
      shard: output('shardDefinition'),
      merge: output('mergeDefinition'),
      ...(ec2Shard ? { ec2Shard } : {}),
    },
    roles: { job: output('jobRole'), execution: output('executionRole') },
    logGroup: output('logGroup'),
  };
}

export const notFound = (name: string, region: string): AppError =>
  new AppError('STACK_NOT_FOUND', {
    found: `no stack ${JSON.stringify(name)} in ${region}.`,
    todo: `Make it (gridmill cloud up --stack ${name}), or give another --region or profile.`,
  });
