// What DescribeJobs and ListJobs of the fake AWS Batch tell of a job.
import type { JobDetail, JobSummary, ListJobsRequest } from '@aws-sdk/client-batch';
import type { Job, Jobs } from './batch-jobs.ts';
import { ARN, type Queues } from './batch-queues.ts';
import { ClientError, refuseIf } from './batch-validation.ts';

const STATES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
const PAGE_MAX = 100;

export function describeJob(job: Job): JobDetail {
  const { base, attempts, children, index } = job;
  const last = attempts.at(-1)?.container;
  return {
    ...{ ...base, jobId: job.id, jobArn: `${ARN}:job/${job.id}`, status: job.status, statusReason: job.statusReason },
    ...{ createdAt: job.createdAt, startedAt: job.startedAt, stoppedAt: job.stoppedAt, attempts: [...attempts] },
    ...{ dependsOn: [...job.dependsOn], isCancelled: job.isCancelled, isTerminated: job.isTerminated },
    container: { ...base.container, ...last },
    ...(children === undefined && index === undefined ? {} : { arrayProperties: arrayOf(job) }),
  };
}

function arrayOf({ children, index }: Job): JobDetail['arrayProperties'] {
  if (children === undefined) return { statusSummary: {}, index };
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const child of children) counts[child.status]!++;
  return { statusSummary: counts, size: children.length };
}

/** Newest first, by pages. With a filter the state that is asked for says nothing; without either, running jobs are told. */
export function listJobs(request: ListJobsRequest, jobs: Jobs, queues: Queues): object {
  const { jobQueue, arrayJobId, jobStatus, filters = [], maxResults = PAGE_MAX, nextToken } = request;
  refuseIf((jobQueue === undefined) === (arrayJobId === undefined), 'One of jobQueue and arrayJobId');
  refuseIf(filters.length > 1, 'One filter at a time');
  refuseIf(filters.length > 0 && arrayJobId !== undefined, 'Filters say nothing of children');
  const queue = jobQueue === undefined ? undefined : queues.find(jobQueue);
  const all = queue === undefined ? childrenOf(arrayJobId!, jobs) : ofQueue(queue.arn, jobs);
  const wanted = all.filter((job) =>
    filters.length > 0 ? passes(job, filters[0]!) : job.status === (jobStatus ?? 'RUNNING'),
  );
  const from = nextToken === undefined ? 0 : Number(nextToken);
  const to = from + Math.min(maxResults, PAGE_MAX);
  const page = wanted.slice(from, to).map(summaryOf);
  return { jobSummaryList: page, ...(to < wanted.length ? { nextToken: String(to) } : {}) };
}

function childrenOf(id: string, jobs: Jobs): readonly Job[] {
  const { children } = jobs.find(id) ?? {};
  if (children === undefined) throw new ClientError(`Job ${id} is no array`);
  return children;
}

const ofQueue = (arn: string, jobs: Jobs): readonly Job[] =>
  [...jobs.all.values()].filter((job) => job.base.jobQueue === arn).reverse();

function passes(job: Job, { name, values = [] }: NonNullable<ListJobsRequest['filters']>[number]): boolean {
  if (name === 'BEFORE_CREATED_AT') return job.createdAt < Number(values[0]);
  if (name === 'AFTER_CREATED_AT') return job.createdAt > Number(values[0]);
  const named = { JOB_NAME: job.base.jobName, JOB_DEFINITION: definitionName(job) }[name ?? ''];
  if (named === undefined) throw new ClientError(`Unknown filter ${name}`);
  return values.some((value) => isNamed(named.toLowerCase(), value.toLowerCase()));
}

const definitionName = ({ base }: Job): string => base.jobDefinition.replace(/^.*job-definition\//, '').split(':')[0]!;

const isNamed = (name: string, value: string): boolean =>
  value.endsWith('*') ? name.startsWith(value.slice(0, -1)) : name === value;

function summaryOf(job: Job): JobSummary {
  const { exitCode, reason } = job.attempts.at(-1)?.container ?? {};
  const { arrayProperties } = describeJob(job);
  return {
    ...{ jobId: job.id, jobName: job.base.jobName, jobArn: `${ARN}:job/${job.id}`, status: job.status },
    ...{ statusReason: job.statusReason, createdAt: job.createdAt, startedAt: job.startedAt, stoppedAt: job.stoppedAt },
    ...{ jobDefinition: job.base.jobDefinition, container: { exitCode, reason } },
    ...(arrayProperties === undefined ? {} : { arrayProperties }),
  };
}
