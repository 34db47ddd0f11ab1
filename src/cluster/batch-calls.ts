// AWS Batch through the official client: what is asked of it, by pages and bounded, and which failures leave open whether a job was taken.
import type * as Sdk from '@aws-sdk/client-batch';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type AwsSettings, awsProblem, clientSettings, loadAwsClient } from './aws-calls.ts';

/** How a submission ended. `refused-for-now`: too many calls, nothing was taken. `unknown`: no answer came, or one of a broken server. */
export type Submitted =
  | { readonly how: 'taken'; readonly jobId: string }
  | { readonly how: 'refused-for-now' | 'unknown'; readonly error: AppError };

/** Every call throws ENGINE_UNREACHABLE when AWS does not answer after bounded attempts, CLOUD_REFUSED when it says no. */
export interface BatchCalls {
  readonly region: string;
  /** Asks once. Errors: ENGINE_REFUSED; LIMIT_EXCEEDED for a request that Batch does not take. */
  submit(request: Sdk.SubmitJobCommandInput): Promise<Submitted>;
  /** Jobs of exactly this name, newest first. */
  named(queue: string, name: string): Promise<readonly Sdk.JobSummary[]>;
  /** Those that it still knows of. */
  describe(ids: readonly string[]): Promise<readonly Sdk.JobDetail[]>;
  /** Children of an array in this state. */
  children(arrayId: string, state: Sdk.JobStatus): Promise<readonly Sdk.JobSummary[]>;
  /** Ends a job with all its children, whatever its state. */
  terminate(id: string, reason: string): Promise<void>;
  /** Active revisions. */
  definitions(name: string): Promise<readonly Sdk.JobDefinition[]>;
  /** Answers the ARN of the revision. Errors: LIMIT_EXCEEDED. */
  register(request: Sdk.RegisterJobDefinitionCommandInput): Promise<string>;
  close(): void;
}

/** Errors: DEPENDENCY_MISSING without the package @aws-sdk/client-batch. */
export async function openBatch(settings: AwsSettings): Promise<BatchCalls> {
  const sdk = await loadAwsClient('@aws-sdk/client-batch', () => import('@aws-sdk/client-batch'));
  const client = new sdk.BatchClient(clientSettings(settings));
  // A submission that is repeated after a lost answer would be a second job: the client must not do that by itself.
  const once = new sdk.BatchClient({ ...clientSettings(settings), maxAttempts: 1 });
  const region = await client.config.region().catch((error: unknown) => {
    throw awsProblem(error, 'batch');
  });

  async function listed(input: Sdk.ListJobsCommandInput): Promise<Sdk.JobSummary[]> {
    const found: Sdk.JobSummary[] = [];
    let nextToken: string | undefined;
    do {
      const page = await asked('batch:ListJobs', client.send(new sdk.ListJobsCommand({ ...input, nextToken })));
      found.push(...(page.jobSummaryList ?? []));
      nextToken = page.nextToken || undefined;
    } while (nextToken !== undefined && found.length < LIMITS.shardsMax);
    return found;
  }

  return {
    region,
    async submit(request) {
      checkPayload(request, LIMITS.batchPayloadBytesMax, 'SubmitJob');
      try {
        const { jobId } = await once.send(new sdk.SubmitJobCommand(request));
        if (jobId !== undefined) return { how: 'taken', jobId };
        return { how: 'unknown', error: unreachable('an answer without the id of a job.') };
      } catch (error) {
        return submission(error);
      }
    },
    async named(jobQueue, name) {
      const found = await listed({ jobQueue, filters: [{ name: 'JOB_NAME', values: [name] }] });
      // The filter does not heed capitals.
      return found.filter(({ jobName }) => jobName === name);
    },
    async describe(ids) {
      const found: Sdk.JobDetail[] = [];
      for (let from = 0; from < ids.length; from += PAGE) {
        const jobs = ids.slice(from, from + PAGE);
        const page = await asked('batch:DescribeJobs', client.send(new sdk.DescribeJobsCommand({ jobs })));
        found.push(...(page.jobs ?? []));
      }
      return found;
    },
    children: (arrayJobId, jobStatus) => listed({ arrayJobId, jobStatus }),
    async terminate(jobId, reason) {
      await asked('batch:TerminateJob', client.send(new sdk.TerminateJobCommand({ jobId, reason })));
    },
    async definitions(jobDefinitionName) {
      const found: Sdk.JobDefinition[] = [];
      let nextToken: string | undefined;
      do {
        const request = new sdk.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE', nextToken });
        const page = await asked('batch:DescribeJobDefinitions', client.send(request));
        found.push(...(page.jobDefinitions ?? []));
        nextToken = page.nextToken || undefined;
      } while (nextToken !== undefined && found.length < LIMITS.batchRevisionsMax);
      return found;
    },
    async register(request) {
      checkPayload(request, LIMITS.batchDefinitionBytesMax, 'RegisterJobDefinition');
      const command = new sdk.RegisterJobDefinitionCommand(request);
      const { jobDefinitionArn } = await asked('batch:RegisterJobDefinition', client.send(command));
      if (jobDefinitionArn !== undefined) return jobDefinitionArn;
      throw unreachable('an answer without the ARN of a job definition.');
    },
    close() {
      client.destroy();
      once.destroy();
    },
  };
}

/** Jobs that one call describes. */
const PAGE = 100;

async function asked<T>(call: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw ofEngine(awsProblem(error, call));
  }
}

/** A driver waits for an engine that is silent, whoever it is. */
function ofEngine(error: Error): Error {
  if (!isAppError(error, 'CLOUD_UNREACHABLE')) return error;
  return new AppError('ENGINE_UNREACHABLE', { found: error.found, todo: error.todo, cause: error.cause });
}

function submission(error: unknown): Submitted {
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const said = ofEngine(awsProblem(error, 'batch:SubmitJob'));
  if (isAppError(said, 'ENGINE_UNREACHABLE')) {
    const isThrottled = status !== undefined && status >= 400 && status < 500;
    return { how: isThrottled ? 'refused-for-now' : 'unknown', error: said };
  }
  const isClient = isAppError(said, 'CLOUD_REFUSED') && status === 400;
  throw isClient ? new AppError('ENGINE_REFUSED', { found: said.found, todo: 'Correct what it names.' }) : said;
}

const unreachable = (found: string): AppError => new AppError('ENGINE_UNREACHABLE', { found, todo: 'Try again.' });

/** Before it is sent: what Batch says of a request that is too long does not name what made it so. */
function checkPayload(request: object, bytesMax: number, call: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(request));
  if (bytes <= bytesMax) return;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: `A request to ${call} may have at most ${bytesMax.toLocaleString('en')} bytes.`,
    found: `${bytes.toLocaleString('en')} bytes.`,
    todo: 'Give fewer or shorter --env; what is long belongs into the strategy or the shared place.',
  });
}
