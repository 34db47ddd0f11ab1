// A computation for a client that waits: admitted when there is room, ended at a deadline, given up when the client leaves.
import type { FastifyReply } from 'fastify';
import { type Computation, startComputation } from '../compute/compute-thread.ts';
import type { HandedCandles } from '../compute/handed-candles.ts';
import type { AnswerTo, ComputeAnswer, ComputeTask } from '../compute/task.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { MirroredCandles } from '../mirror/mirror.ts';
import { handedCandles, storedContent } from '../warm/warm-candles.ts';
import { onLeave } from './leaving-client.ts';
import { HTTP_LIMITS } from './limits.ts';
import type { RouteContext } from './surroundings.ts';

export interface WaitingClient<Task extends ComputeTask> {
  readonly task: Task;
  readonly user: string;
  /** From the arrival of the request. The computation is stopped then, and a sweep answers with what it has. */
  readonly seconds: number;
  readonly reply: FastifyReply;
}

/** Undefined when the client has left: then there is nobody to answer. Errors: those of the computation, BUSY. */
export async function answerWhileWaiting<Task extends ComputeTask>(
  { task, user, seconds, reply }: WaitingClient<Task>,
  context: RouteContext,
): Promise<AnswerTo<Task> | undefined> {
  const { threads, bytes } = demandOf(task);
  const { granted, leave } = context.machine.admit({ user, threads, bytes, priority: 0 });
  let computation: Computation<AnswerTo<Task>> | undefined;
  let hasLeft = false;
  const giveUp = (): void => {
    leave('cancelled');
    computation?.stop('cancelled', HTTP_LIMITS.leaveGraceMs);
  };
  context.stopping.addEventListener('abort', giveUp);
  const endWatch = onLeave(reply, () => {
    hasLeft = true;
    giveUp();
  });
  // Only a sweep has something to answer after the word to stop.
  const graceMs = task.kind === 'sweep' ? HTTP_LIMITS.stopGraceMs : HTTP_LIMITS.leaveGraceMs;
  const meetDeadline = (): void => {
    leave('deadline');
    computation?.stop('deadline', graceMs);
  };
  // What came before, such as an upload, has taken of the time.
  const deadline = setTimeout(meetDeadline, Math.max(0, seconds * 1000 - reply.elapsedTime));
  try {
    const release = await granted;
    let handed: ReturnType<typeof handedCandles>;
    try {
      // Who came while the service was stopping, or left while room was made, is not computed for.
      if (hasLeft || context.stopping.aborted) throw stopped();
      const { strategiesFolder: folder, storeRoot, engineVersion, machine } = context;
      handed = handedCandles(storedContentOf(task, storeRoot), context.warm.mirror);
      const candles = handed === undefined ? undefined : [withoutFile(handed.candles)];
      const othersBytes = machine.status().bytesGranted - bytes;
      computation = startComputation(task, {
        folder,
        storeRoot,
        engineVersion,
        othersBytes,
        ...(candles && { candles }),
      });
      const answer = await computation.done;
      if (wasCutShort(answer)) throw stopped();
      return answer;
    } finally {
      handed?.release();
      release();
    }
  } catch (error) {
    if (hasLeft) return undefined;
    throw context.stopping.aborted && isAppError(error, 'CANCELLED') ? stopped() : error;
  } finally {
    clearTimeout(deadline);
    context.stopping.removeEventListener('abort', giveUp);
    endWatch();
  }
}

/** The stored candles a task begins with, which threads are handed. */
export function storedContentOf(task: ComputeTask, storeRoot: string): ReturnType<typeof storedContent> {
  return 'selection' in task && 'window' in task.selection
    ? storedContent(task.selection.window, storeRoot)
    : undefined;
}

const withoutFile = ({ file: _, ...candles }: MirroredCandles): HandedCandles => candles;

/** A sweep that was told to stop answers with what it had. */
const wasCutShort = (answer: ComputeAnswer): boolean =>
  answer.kind === 'sweep' && answer.record.partial === 'cancelled';

const stopped = (): AppError =>
  new AppError('STOPPING', { found: 'a request that was still computed for.', todo: 'Ask again in a moment.' });

/** A task that runs one variant takes one thread and what its candles take, which no plan foretells. */
function demandOf(task: ComputeTask): { readonly threads: number; readonly bytes: number } {
  if (!('share' in task)) return { threads: 1, bytes: 0 };
  return { threads: task.share.workers, bytes: task.share.budgetBytes ?? 0 };
}
