// Submits one job to AWS Batch once: whatever answers are lost, whoever throttles, one job of that name stands in the end.
import type { SubmitJobCommandInput } from '@aws-sdk/client-batch';
import type { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { BatchCalls } from './batch-calls.ts';

const PAUSE_MS = 500;
/** Looks for a job whose answer was lost: a list may be some seconds behind. */
const LOOKS = 3;

export type Sleep = (ms: number) => Promise<void>;

/**
 * Answers the id of the job. Between two calls it asks for the name, so that a submission that was taken is not made again.
 * Errors: those of BatchCalls; ENGINE_UNREACHABLE after LIMITS.awsAttemptsMax calls.
 */
export async function submitOnce(request: SubmitJobCommandInput, calls: BatchCalls, sleep: Sleep): Promise<string> {
  let silence: AppError | undefined;
  for (let attempt = 1; attempt <= LIMITS.awsAttemptsMax; attempt++) {
    const submitted = await calls.submit(request);
    if (submitted.how === 'taken') return submitted.jobId;
    silence = submitted.error;
    if (submitted.how === 'unknown') {
      const found = await foundByName(request, calls, sleep);
      if (found !== undefined) return found;
    }
    if (attempt < LIMITS.awsAttemptsMax) await sleep(PAUSE_MS * 2 ** attempt);
  }
  throw silence;
}

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
