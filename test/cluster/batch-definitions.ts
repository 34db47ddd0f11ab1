// Job definitions of the fake AWS Batch: revisions, names that mean the newest of them, and what a submission overrides.
import type {
  ContainerProperties,
  DeregisterJobDefinitionRequest,
  DescribeJobDefinitionsRequest,
  JobDefinition,
  KeyValuePair,
  RegisterJobDefinitionRequest,
  ResourceRequirement,
  SubmitJobRequest,
} from '@aws-sdk/client-batch';
import type { JobBase } from './batch-jobs.ts';
import { ARN } from './batch-queues.ts';
import { ClientError, checkDefinition, checkResources } from './batch-validation.ts';

export interface Definitions {
  register(request: RegisterJobDefinitionRequest, bytes: number): object;
  describe(request: DescribeJobDefinitionsRequest): { readonly jobDefinitions: readonly JobDefinition[] };
  deregister(request: DeregisterJobDefinitionRequest): object;
  /** What a job is: its definition with the overrides of the submission. Errors: ClientError. */
  resolve(request: SubmitJobRequest): Omit<JobBase, 'jobQueue'>;
}

export function createDefinitions(): Definitions {
  const all: JobDefinition[] = [];
  const newest = (name: string): number =>
    Math.max(0, ...all.filter((one) => one.jobDefinitionName === name).map((one) => one.revision!));

  /** `name`, `name:revision` or either as an ARN. */
  function find(wanted: string): JobDefinition {
    const text = wanted.replace(/^arn:aws:batch:[^/]*:job-definition\//, '');
    const [name, revision] = text.split(':');
    const active = all.filter((one) => one.jobDefinitionName === name && one.status === 'ACTIVE');
    const found = revision === undefined ? active.at(-1) : active.find((one) => one.revision === Number(revision));
    if (found === undefined) throw new ClientError(`JobDefinition ${wanted} does not exist or is not active`);
    return found;
  }

  return {
    register(request, bytes) {
      checkDefinition(request, bytes);
      const { jobDefinitionName, platformCapabilities = ['EC2'] } = request;
      const revision = newest(jobDefinitionName!) + 1;
      const jobDefinitionArn = `${ARN}:job-definition/${jobDefinitionName}:${revision}`;
      const status = 'ACTIVE';
      all.push({
        ...request,
        platformCapabilities,
        jobDefinitionArn,
        revision,
        status,
        containerOrchestrationType: 'ECS',
      });
      return { jobDefinitionName, jobDefinitionArn, revision };
    },
    describe({ jobDefinitions, jobDefinitionName, status }) {
      const isAsked = (one: JobDefinition): boolean =>
        (jobDefinitions === undefined ||
          jobDefinitions.some((name) =>
            [one.jobDefinitionArn, `${one.jobDefinitionName}:${one.revision}`].includes(name),
          )) &&
        (jobDefinitionName === undefined || one.jobDefinitionName === jobDefinitionName) &&
        (status === undefined || one.status === status);
      return { jobDefinitions: all.filter(isAsked).reverse() };
    },
    deregister({ jobDefinition }) {
      find(jobDefinition!).status = 'INACTIVE';
      return {};
    },
    resolve(request) {
      const definition = find(request.jobDefinition!);
      const { containerOverrides: overrides = {}, retryStrategy, timeout, parameters } = request;
      const own = definition.containerProperties as ContainerProperties;
      const resourceRequirements = merged<ResourceRequirement>(
        own.resourceRequirements,
        overrides.resourceRequirements,
        ({ type }) => type!,
      );
      checkResources(resourceRequirements, definition.platformCapabilities?.includes('FARGATE') === true);
      const environment = merged<KeyValuePair>(own.environment, overrides.environment, ({ name }) => name!);
      return {
        jobName: request.jobName!,
        jobDefinition: definition.jobDefinitionArn!,
        retryStrategy: retryStrategy ?? definition.retryStrategy,
        timeout: timeout ?? definition.timeout,
        parameters: { ...definition.parameters, ...parameters },
        tags: { ...(definition.propagateTags ? definition.tags : {}), ...request.tags },
        platformCapabilities: definition.platformCapabilities,
        container: { ...own, command: overrides.command ?? own.command, environment, resourceRequirements },
      };
    },
  };
}

/** What is given later stands in for what has its name. */
function merged<T>(own: readonly T[] = [], over: readonly T[] = [], nameOf: (one: T) => string): T[] {
  return [...new Map([...own, ...over].map((one) => [nameOf(one), one])).values()];
}
