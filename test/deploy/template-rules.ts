// What a template for runs of Gridmill must hold besides being valid: retries that end, times that end, closed buckets, narrow roles.
import type { Block, Parameter, Resolved, Resource, Template, Value } from './template-parts.ts';

/** CloudFormation takes a template of this size in a request; a larger one would have to lie in a bucket first. */
export const TEMPLATE_BYTES_MAX = 51_200;

/** Every parameter works without being given, and says what it is. */
export function parameterProblems({ Parameters }: Template): string[] {
  return Object.entries(Parameters).flatMap(([name, parameter]) => {
    const { Default, Description = '' } = parameter;
    if (Default === undefined) return [`${name}: no default`];
    return [
      ...(Description.length < 10 ? [`${name}: no description`] : []),
      ...(isAllowed(parameter, String(Default)) ? [] : [`${name}: its default is not allowed`]),
    ];
  });
}

function isAllowed(parameter: Parameter, value: string): boolean {
  const { Type, AllowedValues, AllowedPattern, MinValue = -Infinity, MaxValue = Infinity } = parameter;
  if (AllowedValues !== undefined && !AllowedValues.map(String).includes(value)) return false;
  if (AllowedPattern !== undefined && !new RegExp(AllowedPattern).test(value)) return false;
  return Type !== 'Number' || (Number(value) >= MinValue && Number(value) <= MaxValue);
}

export function ruleProblems(resolved: Resolved): string[] {
  const of = (type: string): [string, Block][] =>
    Object.entries(resolved.resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties }]) => [id, Properties!]);
  return [
    ...of('AWS::Batch::JobDefinition').flatMap(([id, job]) => jobProblems(id, job)),
    ...of('AWS::Batch::ComputeEnvironment').flatMap(([id, { ComputeResources }]) =>
      capacityProblems(id, ComputeResources),
    ),
    ...of('AWS::Batch::JobQueue').flatMap(([id, queue]) => queueProblems(id, queue, resolved.resources)),
    ...of('AWS::S3::Bucket').flatMap(([id, bucket]) => bucketProblems(id, bucket, of('AWS::S3::BucketPolicy'))),
    ...Object.entries(resolved.resources).flatMap(([id, resource]) => policyProblems(id, resource)),
    ...of('AWS::Logs::LogGroup')
      .filter(([, { RetentionInDays }]) => !(Number(RetentionInDays) > 0))
      .map(([id]) => `${id}: logs are kept for ever`),
    ...Object.entries(resolved.resources)
      .filter(([, { Type, DeletionPolicy, UpdateReplacePolicy }]) => {
        const keeps = ['AWS::S3::Bucket', 'AWS::ECR::Repository', 'AWS::Logs::LogGroup'].includes(Type);
        return keeps && (DeletionPolicy === undefined || DeletionPolicy !== UpdateReplacePolicy);
      })
      .map(([id]) => `${id}: does not say what becomes of it`),
    ...fixedNames(resolved.resources),
  ];
}

/** Memory in MiB that Fargate has for so many vCPUs. */
const FARGATE_MEMORY: Readonly<Record<string, (mib: number) => boolean>> = {
  '0.25': (mib) => [512, 1024, 2048].includes(mib),
  '0.5': (mib) => mib % 1024 === 0 && mib >= 1024 && mib <= 4096,
  '1': (mib) => mib % 1024 === 0 && mib >= 2048 && mib <= 8192,
  '2': (mib) => mib % 1024 === 0 && mib >= 4096 && mib <= 16_384,
  '4': (mib) => mib % 1024 === 0 && mib >= 8192 && mib <= 30_720,
  '8': (mib) => mib % 4096 === 0 && mib >= 16_384 && mib <= 61_440,
  '16': (mib) => mib % 8192 === 0 && mib >= 32_768 && mib <= 122_880,
};
const FARGATE_ONLY = ['NetworkConfiguration', 'FargatePlatformConfiguration', 'RuntimePlatform', 'EphemeralStorage'];
/** Beginnings only: a star at the end, and no other character that means something. */
const GLOBS: Readonly<Record<string, RegExp>> = {
  OnExitCode: /^[0-9]*\*?$/,
  OnReason: /^[a-zA-Z0-9.:\s]*\*?$/,
  OnStatusReason: /^[a-zA-Z0-9.:\s]*\*?$/,
};

function jobProblems(id: string, job: Block): string[] {
  const problems: string[] = [];
  const wrong = (is: boolean, what: string): void => {
    if (is) problems.push(`${id}: ${what}`);
  };
  const timeout = Number((job['Timeout'] as Block | undefined)?.['AttemptDurationSeconds'] ?? 0);
  wrong(!(timeout >= 60), 'no timeout of 60 s or more');
  const { Attempts = 0, EvaluateOnExit = [] } = (job['RetryStrategy'] ?? {}) as Block;
  const rules = EvaluateOnExit as readonly Readonly<Record<string, string>>[];
  wrong(!(Number(Attempts) >= 1 && Number(Attempts) <= 10), 'attempts are 1 to 10');
  wrong(rules.length > 5, 'more than 5 retry rules');
  const last = JSON.stringify(Object.entries(rules.at(-1) ?? {}).sort());
  wrong(last !== '[["Action","EXIT"],["OnReason","*"]]', 'the last retry rule is not EXIT for everything');
  for (const rule of rules) {
    for (const [name, text] of Object.entries(rule)) wrong(GLOBS[name]?.test(text) === false, `${name} ${text}`);
  }
  const retried = rules.filter(({ Action }) => Action === 'RETRY');
  for (const known of ['75', 'Host EC2*', 'Your Spot Task was interrupted*'])
    wrong(!retried.some((rule) => Object.values(rule).includes(known)), `does not try again after ${known}`);
  const [first] = rules;
  wrong(first?.['OnReason'] !== 'OutOfMemory*' || first['Action'] !== 'EXIT', 'tries again what ran out of memory');
  const container = (job['ContainerProperties'] ?? {}) as Block;
  const isFargate = JSON.stringify(job['PlatformCapabilities']) === '["FARGATE"]';
  for (const name of ['JobRoleArn', 'ExecutionRoleArn', 'LogConfiguration', 'Image', 'Command'])
    wrong(container[name] === undefined, `no ${name}`);
  for (const name of FARGATE_ONLY)
    wrong(isFargate !== name in container, `${name} ${isFargate ? 'is missing' : 'is of Fargate'}`);
  const needs = new Map(
    ((container['ResourceRequirements'] ?? []) as readonly Block[]).map((one) => [one['Type'], String(one['Value'])]),
  );
  const [vcpu = '', memory = ''] = [needs.get('VCPU'), needs.get('MEMORY')];
  wrong(isFargate && FARGATE_MEMORY[vcpu]?.(Number(memory)) !== true, `Fargate has no ${vcpu} vCPU with ${memory} MiB`);
  wrong(!isFargate && !/^\d+$/.test(vcpu), 'EC2 has whole vCPUs only');
  return problems;
}

function capacityProblems(id: string, value: Value | undefined): string[] {
  const { Type, MinvCpus = 0, DesiredvCpus, MaxvCpus } = (value ?? {}) as Block;
  const [least, most] = [Number(MinvCpus), Number(MaxvCpus)];
  const desired = Number(DesiredvCpus ?? least);
  if (!['FARGATE', 'FARGATE_SPOT', 'SPOT'].includes(String(Type))) return [`${id}: an environment of ${Type}`];
  return least <= desired && desired <= most ? [] : [`${id}: not ${least} <= ${desired} <= ${most} vCPUs`];
}

function queueProblems(id: string, queue: Block, resources: Resolved['resources']): string[] {
  const order = (queue['ComputeEnvironmentOrder'] ?? []) as readonly Block[];
  const families = order.map(({ ComputeEnvironment }) => {
    const environment = resources[String(ComputeEnvironment).replace(/[<>]/g, '')];
    const { Type } = (environment?.Properties?.['ComputeResources'] ?? {}) as Block;
    return String(Type).startsWith('FARGATE') ? 'Fargate' : 'EC2';
  });
  const limits = ((queue['JobStateTimeLimitActions'] ?? []) as readonly Block[]).map(({ Reason }) => Reason);
  return [
    ...(order.length === 0 ? [`${id}: no environment`] : []),
    ...(new Set(families).size > 1 ? [`${id}: Fargate and EC2 in one queue`] : []),
    ...(order.some(({ Order }, i) => Order !== i + 1) ? [`${id}: environments are not in order`] : []),
    ...(limits.includes('MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT')
      ? []
      : [`${id}: jobs that cannot start wait for ever`]),
  ];
}

function bucketProblems(id: string, bucket: Block, policies: readonly [string, Block][]): string[] {
  const blocks = Object.values((bucket['PublicAccessBlockConfiguration'] ?? {}) as Block);
  const policy = policies.find(([, { Bucket }]) => Bucket === `<${id}>`)?.[1];
  const lifecycle = JSON.stringify(bucket['LifecycleConfiguration'] ?? '');
  return [
    ...(JSON.stringify(bucket['BucketEncryption'] ?? '').includes('SSEAlgorithm') ? [] : [`${id}: not encrypted`]),
    ...(blocks.length === 4 && blocks.every((one) => one === true) ? [] : [`${id}: public access is not blocked`]),
    ...(/"Effect":"Deny".*"aws:SecureTransport":"false"/.test(JSON.stringify(policy ?? ''))
      ? []
      : [`${id}: takes connections that are not encrypted`]),
    ...(lifecycle.includes('AbortIncompleteMultipartUpload') ? [] : [`${id}: keeps broken uploads`]),
  ];
}

/** Actions that know no narrower resource than everything, by the service authorization reference of AWS. */
const WIDE_ACTIONS: readonly string[] = [
  'ecr:GetAuthorizationToken',
  'batch:DescribeJobs',
  'batch:ListJobs',
  'batch:DescribeJobDefinitions',
  'batch:DescribeJobQueues',
];

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: Value;
}

/** Allowances of roles and policies: no action by a pattern, no resource that is everything. */
function policyProblems(id: string, { Type, Properties = {} }: Resource): string[] {
  const inline = ((Properties['Policies'] ?? []) as readonly Block[]).map(({ PolicyDocument }) => PolicyDocument);
  const own = Type === 'AWS::IAM::ManagedPolicy' ? [Properties['PolicyDocument']] : [];
  const statements = [...inline, ...own].flatMap(
    (document) => (document as Block)['Statement'] as unknown as Statement[],
  );
  return statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource }) => {
      const actions = [Action].flat() as string[];
      const isWide = [Resource].flat().some((one) => one === undefined || one === '*');
      return [
        ...actions.filter((one) => one.includes('*')).map((one) => `${id}: allows ${one}`),
        ...actions
          .filter((one) => isWide && !WIDE_ACTIONS.includes(one))
          .map((one) => `${id}: allows ${one} on everything`),
      ];
    });
}

/** What has a name of its own takes it from that of the stack: an account holds several. */
const NAMES =
  /^(BucketName|RepositoryName|RoleName|ManagedPolicyName|LogGroupName|JobQueueName|JobDefinitionName|ComputeEnvironmentName|InstanceProfileName|BudgetName|NotebookInstanceName|NotebookInstanceLifecycleConfigName|GroupName|LaunchTemplateName)$/;

function fixedNames(resources: Readonly<Record<string, Resource>>): string[] {
  return Object.entries(resources).flatMap(([id, { Properties = {} }]) =>
    Object.entries(Properties)
      .filter(([name, value]) => NAMES.test(name) && !String(value).startsWith('lab-'))
      .map(([name, value]) => `${id}: ${name} is ${value} in every stack`),
  );
}
