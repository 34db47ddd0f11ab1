// Is the template of the stack on AWS valid in every variant, and does it hold what runs rely on? Each check is seen to fail.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { OUTPUTS } from '../../src/cluster/cloud-stack.ts';
import { loadSchemas } from './resource-schemas.ts';
import { readTemplate, resolveTemplate, type Template, type Value } from './template-parts.ts';
import { parameterProblems, ruleProblems, TEMPLATE_BYTES_MAX } from './template-rules.ts';

const path = fileURLToPath(new URL('../../deploy/aws/template.yaml', import.meta.url));
const text = readFileSync(path, 'utf8');
const { template, aliases } = readTemplate(text);
const schemas = loadSchemas();

const OWN = { VpcId: 'vpc-0123456789abcdef0', SubnetIds: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1' };
const EVERYTHING = { Ec2Spot: 'true', SpotOverflow: 'true', BudgetEmail: 'a@b.example', Notebook: 'true' };
/** Parameters that change what is made. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'the defaults': {},
  'everything, in public': EVERYTHING,
  'everything, in private': { ...EVERYTHING, Network: 'private' },
  'private, without EC2': { Network: 'private' },
  'own subnets': { ...OWN, Ec2Spot: 'true' },
  'own subnets and group': { ...OWN, SecurityGroupIds: 'sg-0123456789abcdef0', Network: 'private' },
  'nothing forgotten': { RunDays: '0', InputDays: '0' },
  'inputs forgotten, own image, EC2 warm': {
    InputDays: '30',
    Image: 'repo@sha256:0',
    Ec2Spot: 'true',
    Ec2DesiredVcpus: '8',
    Ec2MinVcpus: '4',
  },
};

/** Everything that is wrong with a template, in some variants. */
function problemsOf(template: Template, variants: readonly string[]): string[] {
  const problems = new Set<string>(parameterProblems(template));
  for (const name of variants) {
    const parameters = VARIANTS[name]!;
    const resolved = resolveTemplate(template, parameters, schemas.attributesOf);
    const found = [...resolved.problems, ...schemas.problemsOf(resolved.resources), ...ruleProblems(resolved)];
    for (const problem of found) problems.add(`${problem} (${name})`);
    for (const key of Object.values(OUTPUTS)) {
      const output = key.replace('?', '');
      const isThere = resolved.outputs[output] !== undefined;
      const isWanted = !key.endsWith('?') || parameters['Ec2Spot'] === 'true';
      if (isThere !== isWanted) problems.add(`output ${output} is ${isThere ? 'there' : 'missing'} (${name})`);
    }
  }
  return [...problems];
}

test('it is valid in every variant, and its retries, times, buckets and roles are as they must be', () => {
  expect(problemsOf(template, Object.keys(VARIANTS))).toEqual([]);
});

test('CloudFormation takes it in a request: it is small enough, and has no aliases', () => {
  expect(aliases).toEqual([]);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TEMPLATE_BYTES_MAX);
  expect(readTemplate('Resources: { A: &a { Type: T }, B: *a }').aliases).toEqual(['a']);
  expect(() => readTemplate('Resources: { A: !Reference B }')).toThrow('Unresolved tag: !Reference');
});

/** A template with another value at a path; none for undefined. */
function put(path: string, value: Value | undefined): Template {
  const copy = structuredClone(template);
  const names = path.split('/');
  const last = names.pop()!;
  let at = copy as unknown as Record<string, unknown>;
  for (const name of names) at = at[name] as Record<string, unknown>;
  expect(at, path).toBeDefined();
  if (value === undefined && Array.isArray(at)) at.splice(Number(last), 1);
  else if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const JOB = 'Resources/ShardJob/Properties';
const RULES = `${JOB}/RetryStrategy/EvaluateOnExit`;
const ROLE = 'Resources/JobRoleResource/Properties/Policies/0/PolicyDocument/Statement/2';
const QUEUE = 'Resources/Ec2QueueResource/Properties';
const INPUT = 'Resources/InputBucketResource/Properties';
const SPOT = 'Resources/SpotEnvironment/Properties/ComputeResources';
const BREAKS: readonly (readonly [what: string, path: string, value: Value | undefined, found: string])[] = [
  ['an unknown property', 'Resources/LogGroupResource/Properties/Retain', 1, 'unknown property Retain'],
  ['a missing property', `${SPOT}/Type`, undefined, 'SpotEnvironment.ComputeResources: missing Type'],
  ['a value of the wrong type', `${SPOT}/MaxvCpus`, 'many', 'MaxvCpus: expected a whole number, found "many"'],
  ['a value that is not allowed', `${QUEUE}/State`, 'OPEN', 'State: expected one of DISABLED, ENABLED'],
  ['an unknown type', 'Resources/Budget/Type', 'AWS::Batch::Budget', 'Budget: unknown type AWS::Batch::Budget'],
  ['a name that nothing has', `${JOB}/Tags`, { a: { Ref: 'Logs' } }, 'nothing is called Logs'],
  ['such a name in a text', `${JOB}/Tags`, { a: { 'Fn::Sub': `$${'{Logs}'}` } }, 'nothing is called Logs'],
  ['an attribute that is not there', `${JOB}/Tags`, { a: { 'Fn::GetAtt': ['Budget', 'Arn'] } }, 'has no attribute Arn'],
  ['a condition that is not there', 'Resources/Budget/Condition', 'Rich', 'no condition Rich'],
  [
    'what is not made in every variant',
    `${JOB}/Tags`,
    { a: { Ref: 'Ec2QueueResource' } },
    'Ec2QueueResource is not made (the defaults)',
  ],
  ['a missing output', 'Outputs/LogGroup', undefined, 'output LogGroup is missing'],
  [
    'an output that is not in every variant',
    'Outputs/LogGroup/Condition',
    'HasEc2',
    'output LogGroup is missing (the defaults)',
  ],
  ['a parameter without a default', 'Parameters/EphemeralGiB/Default', undefined, 'EphemeralGiB: no default'],
  [
    'a parameter without a description',
    'Parameters/EphemeralGiB/Description',
    undefined,
    'EphemeralGiB: no description',
  ],
  ['a default that is not allowed', 'Parameters/ShardVcpus/Default', '3', 'ShardVcpus: its default is not allowed'],
  ['a default out of its range', 'Parameters/Attempts/Default', 11, 'Attempts: its default is not allowed'],
  ['retries that do not end', `${RULES}/4`, undefined, 'ShardJob: the last retry rule is not EXIT for everything'],
  ['an end that is not for everything', `${RULES}/4/OnExitCode`, '1', 'ShardJob: the last retry rule is not EXIT'],
  ['too many rules', `${RULES}/5`, { OnReason: '*', Action: 'EXIT' }, 'ShardJob: more than 5 retry rules'],
  ['an interruption that is not retried', `${RULES}/2`, undefined, 'does not try again after Host EC2*'],
  ['a pattern with more than a star at its end', `${RULES}/2/OnStatusReason`, 'Host*EC2', 'OnStatusReason Host*EC2'],
  ['attempts without end', `${JOB}/RetryStrategy/Attempts`, 100, 'ShardJob: attempts are 1 to 10'],
  ['a job without a timeout', `${JOB}/Timeout`, undefined, 'ShardJob: no timeout'],
  [
    'a pair that Fargate does not have',
    'Parameters/MergeMemoryMiB/Default',
    2048,
    'Fargate has no 2 vCPU with 2048 MiB',
  ],
  ['a job of EC2 with properties of Fargate', `${JOB}/PlatformCapabilities`, ['EC2'], 'EphemeralStorage is of Fargate'],
  [
    'a job of Fargate without them',
    `${JOB}/ContainerProperties/EphemeralStorage`,
    undefined,
    'EphemeralStorage is missing',
  ],
  [
    'a part of a vCPU on EC2',
    'Resources/Ec2ShardJob/Properties/ContainerProperties/ResourceRequirements/0/Value',
    '0.5',
    'EC2 has whole vCPUs only',
  ],
  ['a job without a role', `${JOB}/ContainerProperties/JobRoleArn`, undefined, 'ShardJob: no JobRoleArn'],
  [
    'more vCPUs at least than at most',
    'Parameters/Ec2MinVcpus/Default',
    1000,
    'Ec2Environment: not 1000 <= 1000 <= 256 vCPUs',
  ],
  [
    'an environment at the full price',
    'Resources/Ec2Environment/Properties/ComputeResources/Type',
    'EC2',
    'an environment of EC2',
  ],
  [
    'a queue of both families',
    `${QUEUE}/ComputeEnvironmentOrder/1`,
    { Order: 2, ComputeEnvironment: { Ref: 'SpotEnvironment' } },
    'Fargate and EC2 in one queue',
  ],
  [
    'environments that are not in order',
    `${QUEUE}/ComputeEnvironmentOrder/0/Order`,
    2,
    'environments are not in order',
  ],
  ['a queue of nothing', `${QUEUE}/ComputeEnvironmentOrder`, [], 'Ec2QueueResource: no environment'],
  ['jobs that wait for ever', `${QUEUE}/JobStateTimeLimitActions`, [], 'jobs that cannot start wait for ever'],
  ['a role that may do anything', `${ROLE}/Action`, 's3:*', 'JobRoleResource: allows s3:*'],
  [
    'a role that may do it everywhere',
    `${ROLE}/Resource`,
    '*',
    'JobRoleResource: allows s3:DeleteObject on everything',
  ],
  [
    'a policy that may do it everywhere',
    'Resources/SubmitPolicyResource/Properties/PolicyDocument/Statement/5/Resource',
    '*',
    'allows batch:TerminateJob on everything',
  ],
  [
    'a bucket that is open',
    `${INPUT}/PublicAccessBlockConfiguration/BlockPublicPolicy`,
    false,
    'public access is not blocked',
  ],
  ['a bucket that is not encrypted', `${INPUT}/BucketEncryption`, undefined, 'InputBucketResource: not encrypted'],
  [
    'a bucket without TLS',
    'Resources/InputBucketPolicy/Properties/PolicyDocument/Statement/0/Effect',
    'Allow',
    'takes connections that are not encrypted',
  ],
  [
    'a bucket that keeps broken uploads',
    `${INPUT}/LifecycleConfiguration`,
    undefined,
    'InputBucketResource: keeps broken uploads',
  ],
  [
    'logs that are kept for ever',
    'Resources/LogGroupResource/Properties/RetentionInDays',
    undefined,
    'logs are kept for ever',
  ],
  [
    'a name that two stacks would share',
    `${JOB}/JobDefinitionName`,
    'shard',
    'JobDefinitionName is shard in every stack',
  ],
  [
    'a bucket that goes when it is replaced',
    'Resources/ResultBucketResource/UpdateReplacePolicy',
    undefined,
    'does not say what becomes of it',
  ],
];

test.each(BREAKS)('%s is found', (_, path, value, found) => {
  expect(problemsOf(put(path, value), ['the defaults', 'everything, in public']).join('\n')).toContain(found);
});
