// Submits one job to AWS Batch once: whatever answers are lost, whoever throttles, one job of that name stands in the end.
import type { SubmitJobCommandInput } from '@aws-sdk/client-batch';
import type { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { BatchCalls } from './batch-calls.ts';
import type { BatchJournal, Submission } from './batch-journal.ts';

const PAUSE_MS = 500;
/** Looks for a job whose answer was lost: a list may be some seconds behind. */
const LOOKS = 3;

export type Sleep = (ms: number) => Promise<void>;

export interface SubmitHost {
  readonly calls: BatchCalls;
  readonly journal: Pick<BatchJournal, 'complete' | 'refuse'>;
  readonly sleep: Sleep;
}

/**
 * Answers the id of the job, and completes its entry. Between two calls it asks for the name, so that a submission that was taken is not
 * made again. Errors: those of BatchCalls and the store; ENGINE_UNREACHABLE after LIMITS.awsAttemptsMax calls. When it is certain that
 * there is no job the entry says so: nobody has to look for it.
 */
export async function submitOnce(
  entry: Submission,
  request: SubmitJobCommandInput,
  { calls, journal, sleep }: SubmitHost,
): Promise<string> {
  let silence: AppError | undefined;
  let isCertain = true;
  const taken = async (jobId: string): Promise<string> => {
    await journal.complete(entry, jobId);
    return jobId;
  };
  for (let attempt = 1; attempt <= LIMITS.awsAttemptsMax; attempt++) {
    const submitted = await calls.submit(request).catch(async (error: unknown) => {
      if (isCertain) await refused(entry, journal);
      throw error;
    });
    if (submitted.how === 'taken') return await taken(submitted.jobId);
    silence = submitted.error;
    if (submitted.how === 'unknown') {
      isCertain = false;
      const found = await foundByName(request, calls, sleep);
      if (found !== undefined) return await taken(found);
    }
    if (attempt < LIMITS.awsAttemptsMax) await sleep(PAUSE_MS * 2 ** attempt);
  }
  if (isCertain) await refused(entry, journal);
  throw silence;
}

/** A place that does not answer costs looks for a job that is not there, and must not hide why it is not. */
const refused = (entry: Submission, journal: SubmitHost['journal']): Promise<void> =>
  journal.refuse(entry).catch(() => undefined);

async function foundByName(
  { jobQueue, jobName }: SubmitJobCommandInput,
  calls: BatchCalls,
  sleep: Sleep,
): Promise<string | undefined> {
  for (let look = 1; look <= LOOKS; look++) {
    const [job] = await calls.named(jobQueue!, jobName!);
    if (job?.jobId !== undefined) return job.jobId;
    if (look < LOOKS) await sleep(PAUSE_MS * 2 ** look);
  }
  return undefined;
}
