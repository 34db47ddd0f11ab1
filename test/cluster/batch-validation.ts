// What AWS Batch refuses of a request: shapes by the official client's own schemas, limits and patterns by its documentation.

import type {
  ContainerProperties,
  RegisterJobDefinitionRequest,
  ResourceRequirement,
  RetryStrategy,
  SubmitJobRequest,
} from '@aws-sdk/client-batch';
import * as client from '@aws-sdk/client-batch';

/** A request that is the caller's mistake: HTTP 400, never of use to repeat. */
export class ClientError extends Error {}

const SUBMIT_BYTES_MAX = 30 * 1024;
const DEFINITION_BYTES_MAX = 24 * 1024;
const DEPENDENCIES_MAX = 20;
const RULES_MAX = 5;
const ATTEMPT_SECONDS_MIN = 60;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const DIGITS_GLOB = /^[0-9]*\*?$/;
const TEXT_GLOB = /^[A-Za-z0-9.:\s]*\*?$/;

const SCHEMAS: Readonly<Record<string, unknown>> = {
  submitjob: client.SubmitJobRequest$,
  describejobs: client.DescribeJobsRequest$,
  listjobs: client.ListJobsRequest$,
  terminatejob: client.TerminateJobRequest$,
  canceljob: client.CancelJobRequest$,
  registerjobdefinition: client.RegisterJobDefinitionRequest$,
  describejobdefinitions: client.DescribeJobDefinitionsRequest$,
  deregisterjobdefinition: client.DeregisterJobDefinitionRequest$,
  describejobqueues: client.DescribeJobQueuesRequest$,
  describecomputeenvironments: client.DescribeComputeEnvironmentsRequest$,
};

export const OPERATIONS = Object.keys(SCHEMAS);

/** Errors: ClientError for members that the operation does not have, of another type, or missing. */
export function checkShape(operation: string, body: unknown): void {
  checkMember(body, SCHEMAS[operation], operation);
}

/** Schemas of the client: numbers for plain members (64 and 128 added for lists and maps of them), tuples for the rest. */
function checkMember(value: unknown, given: unknown, path: string): void {
  let schema: unknown = given;
  while (typeof schema === 'function') schema = (schema as () => unknown)();
  if (Array.isArray(schema) && schema.length === 2) {
    checkMember(value, schema[0], path);
    return;
  }
  if (typeof schema === 'number') {
    checkPlain(value, schema, path);
    return;
  }
  const [kind, , , , first, second, required = 0] = schema as readonly unknown[];
  if (kind === 0) checkMember(value, first, path);
  else if (kind === 1) for (const one of listOf(value, path)) checkMember(one, first, `${path}[]`);
  else if (kind === 2) {
    for (const [name, one] of Object.entries(mapOf(value, path))) checkMember(one, second, `${path}.${name}`);
  } else {
    const names = first as readonly string[];
    const members = mapOf(value, path);
    for (const name of Object.keys(members)) {
      if (!names.includes(name)) throw new ClientError(`Unknown member ${name} of ${path}`);
      if (members[name] !== null) {
        checkMember(members[name], (second as readonly unknown[])[names.indexOf(name)], `${path}.${name}`);
      }
    }
    const absent = names.slice(0, required as number).find((name) => members[name] === undefined);
    if (absent !== undefined) throw new ClientError(`${absent} of ${path} is missing`);
  }
}

const PLAIN: readonly string[] = ['string', 'number', 'boolean'];

function checkPlain(value: unknown, schema: number, path: string): void {
  if (schema >= 128) {
    for (const one of Object.values(mapOf(value, path))) checkPlain(one, schema - 128, path);
  } else if (schema >= 64) {
    for (const one of listOf(value, path)) checkPlain(one, schema - 64, path);
  } else if (typeof value !== (PLAIN[schema] ?? 'number')) {
    throw new ClientError(`${path} is a ${typeof value}`);
  }
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ClientError(`${path} is no list`);
  return value;
}

function mapOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ClientError(`${path} is no structure`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** What SubmitJob refuses before it looks at queues, definitions and dependencies. */
export function checkSubmit(request: SubmitJobRequest, bytes: number): void {
  refuseIf(bytes > SUBMIT_BYTES_MAX, `The payload of SubmitJob has ${bytes} bytes, at most ${SUBMIT_BYTES_MAX}`);
  checkName('Job name', request.jobName);
  const size = request.arrayProperties?.size;
  refuseIf(
    size !== undefined && !(Number.isInteger(size) && size >= 2 && size <= 10_000),
    `Array size ${size} must be between 2 and 10000`,
  );
  const dependencies = request.dependsOn ?? [];
  refuseIf(dependencies.length > DEPENDENCIES_MAX, `A job has at most ${DEPENDENCIES_MAX} dependencies`);
  for (const { jobId, type } of dependencies) {
    refuseIf(type !== undefined && type !== 'N_TO_N' && type !== 'SEQUENTIAL', `Unknown type of dependency ${type}`);
    refuseIf(type !== undefined && size === undefined, `${type} dependencies need an array job`);
    refuseIf(type === 'SEQUENTIAL' ? jobId !== undefined : jobId === undefined, `jobId with ${type ?? 'no type'}`);
  }
  checkRetry(request.retryStrategy);
  checkTimeout(request.timeout?.attemptDurationSeconds);
  checkEnvironment(request.containerOverrides?.environment);
}

/** What RegisterJobDefinition refuses. Definitions of one container are the only ones known here. */
export function checkDefinition(request: RegisterJobDefinitionRequest, bytes: number): void {
  refuseIf(bytes > DEFINITION_BYTES_MAX, `A job definition has ${bytes} bytes, at most ${DEFINITION_BYTES_MAX}`);
  checkName('Job definition name', request.jobDefinitionName);
  const { containerProperties: container, type } = request;
  if (type !== 'container' || container === undefined) throw new ClientError('type container with containerProperties');
  refuseIf(!container.image, 'image of containerProperties is missing');
  checkRetry(request.retryStrategy);
  checkTimeout(request.timeout?.attemptDurationSeconds);
  checkEnvironment(container.environment);
  const platforms = request.platformCapabilities ?? ['EC2'];
  refuseIf(
    platforms.some((platform) => platform !== 'EC2' && platform !== 'FARGATE'),
    `Unknown platform ${platforms}`,
  );
  checkResources(container.resourceRequirements ?? [], platforms.includes('FARGATE'));
  if (platforms.includes('FARGATE')) checkFargate(container);
}

function checkFargate(container: ContainerProperties): void {
  refuseIf(!container.executionRoleArn, 'executionRoleArn is required for Fargate');
  for (const name of ['privileged', 'ulimits', 'instanceType', 'vcpus', 'memory'] as const) {
    refuseIf(container[name] !== undefined && container[name] !== false, `${name} is not applicable for Fargate`);
  }
  const size = container.ephemeralStorage?.sizeInGiB;
  refuseIf(size !== undefined && (size < 21 || size > 200), `ephemeralStorage of ${size} GiB; 21 to 200 are possible`);
  const { linuxParameters } = container;
  const more = Object.keys(linuxParameters ?? {}).filter((name) => name !== 'initProcessEnabled');
  refuseIf(more.length > 0, `linuxParameters.${more} is not applicable for Fargate`);
}

const steps = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);

/** MiB that each size of a Fargate task may have, by its vCPUs. */
const FARGATE: ReadonlyMap<number, readonly number[]> = new Map([
  [0.25, [512, 1_024, 2_048]],
  [0.5, steps(1_024, 4_096, 1_024)],
  [1, steps(2_048, 8_192, 1_024)],
  [2, steps(4_096, 16_384, 1_024)],
  [4, steps(8_192, 30_720, 1_024)],
  [8, steps(16_384, 61_440, 4_096)],
  [16, steps(32_768, 122_880, 8_192)],
]);

/** Also of what overrides make of a definition. */
export function checkResources(requirements: readonly ResourceRequirement[], isFargate: boolean): void {
  const of = (type: string): number => Number(requirements.find((one) => one.type === type)?.value);
  const [vcpus, memory] = [of('VCPU'), of('MEMORY')];
  refuseIf(!(vcpus > 0), 'resourceRequirements without VCPU');
  refuseIf(!(memory >= 4 && Number.isInteger(memory)), 'resourceRequirements without MEMORY of 4 MiB or more');
  if (!isFargate) {
    refuseIf(!Number.isInteger(vcpus), `${vcpus} vCPUs; whole ones on EC2`);
    return;
  }
  refuseIf(
    requirements.some(({ type }) => type === 'GPU'),
    'GPU is not applicable for Fargate',
  );
  const isPair = FARGATE.get(vcpus)?.includes(memory) === true;
  refuseIf(!isPair, `Fargate has no pair of ${vcpus} vCPUs and ${memory} MiB`);
}

function checkRetry(strategy: RetryStrategy | undefined): void {
  if (strategy === undefined) return;
  const { attempts, evaluateOnExit = [] } = strategy;
  const isCount = attempts !== undefined && Number.isInteger(attempts) && attempts >= 1 && attempts <= 10;
  refuseIf(attempts !== undefined && !isCount, `attempts ${attempts} must be between 1 and 10`);
  refuseIf(evaluateOnExit.length > 0 && attempts === undefined, 'evaluateOnExit needs attempts');
  refuseIf(evaluateOnExit.length > RULES_MAX, `evaluateOnExit has at most ${RULES_MAX} rules`);
  for (const { action, onExitCode, onReason, onStatusReason } of evaluateOnExit) {
    refuseIf(!/^(RETRY|EXIT)$/i.test(action ?? ''), `Unknown action ${action}`);
    checkGlob('onExitCode', onExitCode, DIGITS_GLOB);
    checkGlob('onReason', onReason, TEXT_GLOB);
    checkGlob('onStatusReason', onStatusReason, TEXT_GLOB);
    refuseIf((onExitCode ?? onReason ?? onStatusReason) === undefined, 'A rule of evaluateOnExit without a condition');
  }
}

function checkGlob(name: string, glob: string | undefined, pattern: RegExp): void {
  refuseIf(glob !== undefined && (glob.length > 512 || !pattern.test(glob)), `${name} ${JSON.stringify(glob)}`);
}

function checkTimeout(seconds: number | undefined): void {
  refuseIf(seconds !== undefined && !(seconds >= ATTEMPT_SECONDS_MIN), `A timeout of ${seconds} s; at least 60`);
}

function checkEnvironment(variables: ContainerProperties['environment']): void {
  for (const { name } of variables ?? []) {
    refuseIf(/^AWS_BATCH/.test(name ?? ''), `Environment variables cannot start with AWS_BATCH: ${name}`);
  }
}

function checkName(what: string, name: string | undefined): void {
  refuseIf(!NAME.test(name ?? ''), `${what} ${JSON.stringify(name)} must match ${NAME.source}`);
}

export function refuseIf(isWrong: boolean, message: string): void {
  if (isWrong) throw new ClientError(message);
}
