// A sweep that becomes a job when the client's time is up: what was scored is kept, and the job goes on from there.
import type { FastifyReply } from 'fastify';
import type { SweepAnswer, SweepTask } from '../compute/task.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { type JobRequest, jobSubmission } from './job-request.ts';
import { jobView } from './job-view.ts';
import type { BacktestBody } from './schemas.ts';
import { type RouteContext, waitingSeconds } from './surroundings.ts';
import { answerWhileWaiting } from './waiting-client.ts';

/** Answers the sweep, or 202 with the job and the partial result; that is null when nothing was scored in time. */
export async function answerOrHandOver(
  task: SweepTask,
  { body, user }: { readonly body: BacktestBody; readonly user: string },
  reply: FastifyReply,
  context: RouteContext,
): Promise<unknown> {
  const { desk, clock, settings } = context;
  if (desk === undefined) throw takesNoJobs();
  const id = desk.newHandoverId();
  let hasJob = false;
  try {
    const resumable = { ...task, checkpointFolder: desk.progressFolder(id) };
    const seconds = waitingSeconds(body, context);
    const partial = await answerOrDeadline(() =>
      answerWhileWaiting({ task: resumable, user, seconds, reply }, context),
    );
    if (partial === undefined) return reply;
    if (partial !== 'deadline' && partial.record.partial !== 'deadline') return partial;
    const { deadlineSeconds: _, ...backtest } = body;
    const submission = jobSubmission(id, user, backtest, undefined, settings);
    const partialResultId = partial === 'deadline' ? undefined : (partial.resultId ?? undefined);
    const request = { ...(submission.request as unknown as JobRequest), partialResultId };
    const { job } = await desk.store.submit({ ...submission, request: request as unknown as Json }, clock.wallMs());
    hasJob = true;
    reply.log.info({ jobId: job.id, user }, 'request handed over to a job');
    desk.wake();
    const answer = { job: jobView(job), partial: partial === 'deadline' ? null : partial };
    return reply.status(202).header('location', `/api/jobs/${id}`).send(answer);
  } finally {
    if (!hasJob) desk.dropProgress(id);
  }
}

/** A deadline before anything was scored is an error of the computation, and here the same as one after. */
async function answerOrDeadline(
  ask: () => Promise<SweepAnswer | undefined>,
): Promise<SweepAnswer | 'deadline' | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isAppError(error, 'DEADLINE')) return 'deadline';
    throw error;
  }
}

const takesNoJobs = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A sweep is handed over where jobs are taken.',
    found: 'a service without a queue.',
    todo: 'Leave handover out.',
  });
