// What a run on AWS costs: predicted from the pace of a sample, and counted from the attempts that Batch remembers.
import type { JobDetail } from '@aws-sdk/client-batch';
import type { BatchCalls } from './batch-calls.ts';
import type { SubmittedJob } from './batch-reader.ts';
import type { TaskSize } from './batch-size.ts';
import { costOf, type Platform, type PriceTable } from './prices.ts';

/** Billed before a task scores: fetching the image, starting, fetching candles. */
const START_SECONDS = 45;

export interface CostEstimate {
  /** Of one task, from the pull of its image to its end. */
  readonly taskSeconds: number;
  /** All tasks together. */
  readonly vcpuSeconds: number;
  /** In the currency of the table; without the merge, storage, logs, and what interruptions repeat. */
  readonly cost: number;
}

/** `coreSeconds`: predicted scoring of all variants by one core of this machine; a vCPU is taken to be as fast. */
export function estimateCost(
  { coreSeconds, tasks, size }: { readonly coreSeconds: number; readonly tasks: number; readonly size: TaskSize },
  platform: Platform,
  table: PriceTable,
): CostEstimate {
  const taskSeconds = START_SECONDS + coreSeconds / tasks / size.vcpus;
  const use = { platform, vcpu: size.vcpus, memoryGib: size.memoryMib / 1024, seconds: taskSeconds, tasks };
  return { taskSeconds, vcpuSeconds: taskSeconds * tasks * size.vcpus, cost: costOf(use, table) };
}

export interface ActualCost {
  readonly attempts: number;
  readonly seconds: number;
  readonly vcpuSeconds: number;
  readonly cost: number;
  /** Attempts without times: Batch told none, and they are not in the cost. */
  readonly unknown: number;
}

const STARTED = ['RUNNING', 'SUCCEEDED', 'FAILED'] as const;

/** Attempts that run now are counted up to now. Errors: those of BatchCalls. */
export async function actualCost(
  jobs: readonly SubmittedJob[],
  calls: BatchCalls,
  platformOf: (queue: string) => Platform,
  table: PriceTable,
  nowMs: number,
): Promise<ActualCost> {
  const total = { attempts: 0, seconds: 0, vcpuSeconds: 0, cost: 0, unknown: 0 };
  for (const { submission, detail } of jobs) {
    const { vcpus, memoryMib, queue } = submission;
    for (const child of await childrenOf(detail, calls)) {
      for (const seconds of attemptSeconds(child, nowMs)) {
        total.attempts++;
        if (seconds === undefined) {
          total.unknown++;
          continue;
        }
        total.seconds += seconds;
        total.vcpuSeconds += seconds * vcpus;
        total.cost += costOf({ platform: platformOf(queue), vcpu: vcpus, memoryGib: memoryMib / 1024, seconds }, table);
      }
    }
  }
  return total;
}

async function childrenOf(detail: JobDetail, calls: BatchCalls): Promise<readonly JobDetail[]> {
  if (detail.arrayProperties?.size === undefined) return [detail];
  const ids: string[] = [];
  for (const state of STARTED) {
    for (const { jobId } of await calls.children(detail.jobId!, state)) if (jobId !== undefined) ids.push(jobId);
  }
  // Between two lists a child may have moved from one to the next.
  return calls.describe([...new Set(ids)]);
}

function attemptSeconds({ attempts = [], status, startedAt }: JobDetail, nowMs: number): (number | undefined)[] {
  const ended = attempts.map((one) =>
    one.startedAt === undefined || one.stoppedAt === undefined
      ? undefined
      : Math.max(0, one.stoppedAt - one.startedAt) / 1000,
  );
  const isRunning = status === 'RUNNING' && startedAt !== undefined;
  return isRunning ? [...ended, Math.max(0, nowMs - startedAt) / 1000] : ended;
}
