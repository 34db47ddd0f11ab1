// What a stack holds that must be looked at before it is deleted: jobs that run, objects in its bucket, revisions of its job definitions.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type AwsSettings, awsProblem, clientSettings, loadAwsClient } from './aws-calls.ts';

const ALIVE = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING'] as const;

export interface BatchContents {
  /** Names of jobs that have not ended, arrays as one, up to LIMITS.jobPageMax. Errors: CLOUD_REFUSED, CLOUD_UNREACHABLE. */
  jobsAlive(queues: readonly string[]): Promise<readonly string[]>;
  /** Makes all revisions of a definition inactive, which is as far as they go; answers how many. */
  deregister(name: string): Promise<number>;
  close(): void;
}

/** Errors: DEPENDENCY_MISSING without @aws-sdk/client-batch. */
export async function openBatchContents(settings: AwsSettings): Promise<BatchContents> {
  const sdk = await loadAwsClient('@aws-sdk/client-batch', () => import('@aws-sdk/client-batch'));
  const client = new sdk.BatchClient(clientSettings(settings));
  return {
    async jobsAlive(queues) {
      const names: string[] = [];
      for (const jobQueue of queues) {
        for (const jobStatus of ALIVE) {
          const { jobSummaryList = [] } = await client
            .send(new sdk.ListJobsCommand({ jobQueue, jobStatus }))
            .catch((error: unknown) => {
              throw awsProblem(error, 'batch:ListJobs');
            });
          names.push(...jobSummaryList.map(({ jobName = '' }) => jobName));
          if (names.length >= LIMITS.jobPageMax) return names;
        }
      }
      return names;
    },
    async deregister(jobDefinitionName) {
      let count = 0;
      // Each page is gone when the next is asked for.
      for (;;) {
        const { jobDefinitions = [] } = await client
          .send(new sdk.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE' }))
          .catch((error: unknown) => {
            throw awsProblem(error, 'batch:DescribeJobDefinitions');
          });
        if (jobDefinitions.length === 0 || count >= LIMITS.revisionsMax) return count;
        for (const { jobDefinitionArn: jobDefinition } of jobDefinitions) {
          await client.send(new sdk.DeregisterJobDefinitionCommand({ jobDefinition })).catch((error: unknown) => {
            throw awsProblem(error, 'batch:DeregisterJobDefinition');
          });
          count++;
        }
      }
    },
    close: () => client.destroy(),
  };
}

/**
 * Removes every object of a bucket, and every version of it, also where versions were switched on by hand; answers how many.
 * A bucket that is gone has none. Errors: DEPENDENCY_MISSING without @aws-sdk/client-s3; CLOUD_REFUSED, CLOUD_UNREACHABLE.
 */
export async function emptyBucket(Bucket: string, settings: AwsSettings): Promise<number> {
  const sdk = await loadAwsClient('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'));
  const isOther = settings.endpoint !== undefined;
  const client = new sdk.S3Client({ ...clientSettings(settings), ...(isOther ? { forcePathStyle: true } : {}) });
  let count = 0;
  try {
    // What was removed is not listed again: always the first page.
    for (;;) {
      const page = await client.send(new sdk.ListObjectVersionsCommand({ Bucket }));
      const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({
        Key,
        VersionId,
      }));
      if (Objects.length === 0) return count;
      const { Errors = [] } = await client.send(
        new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      if (Errors.length > 0) throw notRemoved(Bucket, Errors[0]!.Key, Errors[0]!.Code);
      count += Objects.length;
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchBucket') return count;
    throw awsProblem(error, `s3:ListBucketVersions and s3:DeleteObjectVersion of ${Bucket}`);
  } finally {
    client.destroy();
  }
}

const notRemoved = (bucket: string, key = '', code = 'an error'): AppError =>
  new AppError('CLOUD_REFUSED', {
    rule: 'A bucket must be empty before its stack is deleted.',
    found: `${code} for s3://${bucket}/${key}.`,
    todo: 'Let who calls do s3:DeleteObject and s3:DeleteObjectVersion there, then run this again.',
  });
