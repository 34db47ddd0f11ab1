// Back-tests that are answered while the client waits: guarded, ended at a deadline, given up when the client leaves.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Computation, startComputation } from '../../compute/compute-thread.ts';
import type { ComputeAnswer, ComputeShare, ComputeTask } from '../../compute/task.ts';
import { AppError } from '../../core/errors.ts';
import { backtestTask, sweepSelection } from '../backtest-task.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { problemOf } from '../problem.ts';
import { AnyJson, BacktestBody, Problem } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';

export function backtestRoutes(server: FastifyInstance, context: RouteContext): void {
  const response = { 200: AnyJson, '4xx': Problem, '5xx': Problem };
  server.post<{ Body: BacktestBody }>(
    '/api/backtests',
    { schema: { summary: 'Back-test now and wait for the answer', body: BacktestBody, response } },
    async (request, reply) => {
      const { body, user } = request;
      const task = backtestTask(body, syncShare(body, context));
      const seconds = Math.min(body.deadlineSeconds ?? Number.POSITIVE_INFINITY, context.settings.syncDeadlineSeconds);
      const answer = await waitFor({ task, user, body, seconds, reply }, context);
      if (answer === undefined) return reply;
      if (answer.kind === 'sweep' && answer.record.partial === 'deadline') {
        const late = new AppError('DEADLINE', {
          found: `${answer.record.scored.toLocaleString('en')} variants scored in ${seconds} s.`,
          todo: 'Take the partial result, submit it as a job, or ask for less.',
        });
        const { status, body: problem } = problemOf(late, request.id);
        return reply.status(status).send({ ...problem, partial: answer });
      }
      return answer;
    },
  );
  server.post<{ Body: BacktestBody }>(
    '/api/backtests/estimate',
    { schema: { summary: 'What a sweep would take, and which guards would fire', body: BacktestBody, response } },
    async ({ body, user }, reply) => {
      const task: ComputeTask = { kind: 'estimate', selection: sweepSelection(body), share: syncShare(body, context) };
      const seconds = context.settings.syncDeadlineSeconds;
      return (await waitFor({ task, user, body, seconds, reply }, context)) ?? reply;
    },
  );
}

function syncShare(body: BacktestBody, { settings }: RouteContext): ComputeShare {
  const bytesMax = Math.floor(settings.maxComputeBytesTotal / 2);
  return {
    workers: Math.min(body.maxThreads ?? settings.maxThreads, settings.maxThreads),
    budgetBytes: Math.min(body.memoryBytes ?? bytesMax, bytesMax),
    guards: { variantsMax: Math.floor(settings.maxVariantsPerCompute / 2), bytesMax },
  };
}

interface Waiting {
  readonly task: ComputeTask;
  readonly user: string;
  readonly body: BacktestBody;
  readonly seconds: number;
  readonly reply: FastifyReply;
}

/** Undefined when the client has left: then there is nobody to answer. Errors: those of the computation, BUSY. */
async function waitFor(waiting: Waiting, context: RouteContext): Promise<ComputeAnswer | undefined> {
  const { task, user, seconds, reply } = waiting;
  const threads = task.kind === 'run' ? 1 : task.share.workers;
  const bytes = task.kind === 'run' ? 0 : (task.share.budgetBytes ?? 0);
  const { granted, leave } = context.machine.admit({ user, threads, bytes, priority: 0 });
  let computation: Computation<ComputeAnswer> | undefined;
  let hasLeft = false;
  const onClose = (): void => {
    if (reply.raw.writableFinished) return;
    hasLeft = true;
    leave('cancelled');
    computation?.stop('cancelled', HTTP_LIMITS.stopGraceMs);
  };
  reply.raw.once('close', onClose);
  const deadline = setTimeout(() => {
    leave('deadline');
    computation?.stop('deadline', HTTP_LIMITS.stopGraceMs);
  }, seconds * 1000);
  try {
    const release = await granted;
    try {
      const { strategiesFolder: folder, storeRoot, engineVersion } = context;
      computation = startComputation(task, { folder, storeRoot, engineVersion });
      return await computation.done;
    } finally {
      release();
    }
  } catch (error) {
    if (hasLeft) return undefined;
    throw error;
  } finally {
    clearTimeout(deadline);
    reply.raw.off('close', onClose);
  }
}
