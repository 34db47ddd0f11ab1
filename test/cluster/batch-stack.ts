// The stack of deploy/aws/template.yaml as tests have it: its queues and job definitions for the fake of AWS Batch, its outputs for who asks CloudFormation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CRType, RegisterJobDefinitionRequest } from '@aws-sdk/client-batch';
import { type Block, readTemplate, resolveTemplate, type Value } from '../deploy/template-parts.ts';
import { repository } from '../e2e/cli-harness.ts';
import { ARN, type QueueGiven } from './batch-queues.ts';

export interface BatchStack {
  readonly queues: readonly QueueGiven[];
  readonly definitions: readonly RegisterJobDefinitionRequest[];
  /** Answers CloudFormation's part of a request: undefined for what is none of it. */
  describe(body: string): { readonly status: number; readonly xml: string } | undefined;
}

const NAME = 'lab';

/** As `gridmill cloud up` makes it with these parameters, with buckets that are there. Errors: what is wrong with the template. */
export function batchStack(
  parameters: Readonly<Record<string, string>>,
  buckets: { readonly input: string; readonly result: string },
): BatchStack {
  const { template } = readTemplate(readFileSync(join(repository, 'deploy/aws/template.yaml'), 'utf8'));
  // Attributes are those that Batch knows; what names other services stays a name here.
  const { resources, outputs } = resolveTemplate(template, parameters, () => ['Arn', 'RepositoryUri']);
  const known: Record<string, string> = {
    '<InputBucketResource>': buckets.input,
    '<ResultBucketResource>': buckets.result,
    '<RepositoryResource.RepositoryUri>': `123456789012.dkr.ecr.eu-central-1.amazonaws.com/${NAME}`,
  };
  const ofType = (type: string): (readonly [string, Block])[] =>
    Object.entries(resources).flatMap(([id, { Type, Properties = {} }]) => (Type === type ? [[id, Properties]] : []));
  const environments = new Map(
    ofType('AWS::Batch::ComputeEnvironment').map(([id, { ComputeResources }]) => [
      `<${id}>`,
      { name: `${NAME}-${id}`, type: (ComputeResources as Block)['Type'] as CRType },
    ]),
  );
  const queues = ofType('AWS::Batch::JobQueue').map(([id, { Priority, ComputeEnvironmentOrder }]) => {
    known[`<${id}>`] = `${ARN}:job-queue/${NAME}-${id}`;
    const order = ComputeEnvironmentOrder as readonly Block[];
    return {
      name: known[`<${id}>`]!,
      priority: Number(Priority),
      environments: order.map(({ ComputeEnvironment }) => environments.get(ComputeEnvironment as string)!),
    };
  });
  const definitions = ofType('AWS::Batch::JobDefinition').map(
    ([, properties]) => asRequest(properties, known) as unknown as RegisterJobDefinitionRequest,
  );
  return { queues, definitions, describe: (body) => describeStacks(body, outputs, known) };
}

const NUMBERS: readonly string[] = ['attempts', 'attemptDurationSeconds', 'sizeInGiB'];
/** Of these maps the keys are data. */
const DATA: readonly string[] = ['options', 'tags', 'parameters'];

/** CloudFormation begins names with a capital, where the API does not, and makes numbers and truths of text. */
function asRequest(value: Value, known: Readonly<Record<string, string>>, key = ''): Value {
  if (Array.isArray(value)) return value.map((one: Value) => asRequest(one, known, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        const lower = DATA.includes(key) ? name : name[0]!.toLowerCase() + name.slice(1);
        return [lower, asRequest(one, known, lower)];
      }),
    );
  }
  if (typeof value !== 'string') return value;
  if (NUMBERS.includes(key)) return Number(value);
  if (value === 'true' || value === 'false') return value === 'true';
  return value.replace(/<[A-Za-z0-9.]+>/g, (name) => known[name] ?? name);
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The query protocol: a form comes, XML goes. */
function describeStacks(
  body: string,
  outputs: Readonly<Record<string, Value>>,
  known: Readonly<Record<string, string>>,
): ReturnType<BatchStack['describe']> {
  const form = new URLSearchParams(body);
  if (form.get('Action') !== 'DescribeStacks') return undefined;
  const wanted = form.get('StackName');
  if (wanted !== NAME) {
    const words = `Stack with id ${wanted} does not exist`;
    const xml = `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${words}</Message></Error></ErrorResponse>`;
    return { status: 400, xml };
  }
  const members = Object.entries(outputs).map(([key, value]) => {
    const text = String(asRequest(value, known));
    return `<member><OutputKey>${key}</OutputKey><OutputValue>${escaped(text)}</OutputValue></member>`;
  });
  const xml = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>${NAME}</StackName><StackId>arn:aws:cloudformation:eu-central-1:123456789012:stack/${NAME}/0f</StackId>
<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  return { status: 200, xml };
}
