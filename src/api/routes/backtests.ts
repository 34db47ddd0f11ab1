// Back-tests that are answered while the client waits: guarded, ended at a deadline, given up when the client leaves.
import type { FastifyInstance } from 'fastify';
import type { ComputeShare, ComputeTask, RunAnswer, SweepAnswer } from '../../compute/task.ts';
import { AppError } from '../../core/errors.ts';
import { BacktestAnswer, EstimateAnswer, HandedOver } from '../answer-schemas.ts';
import { backtestTask, sweepSelection } from '../backtest-task.ts';
import { answerOrHandOver } from '../handover.ts';
import { findAnswer, keyOfAnswer } from '../kept-answers.ts';
import { problemOf } from '../problem.ts';
import { BacktestBody, BacktestQuery, Problem } from '../schemas.ts';
import { type RouteContext, waitingSeconds } from '../surroundings.ts';
import { answerWhileWaiting } from '../waiting-client.ts';

export function backtestRoutes(server: FastifyInstance, context: RouteContext): void {
  const errors = { '4xx': Problem, '5xx': Problem };
  server.post<{ Body: BacktestBody; Querystring: BacktestQuery }>(
    '/api/backtests',
    {
      schema: {
        summary: 'Back-test now and wait for the answer',
        body: BacktestBody,
        querystring: BacktestQuery,
        response: { 200: BacktestAnswer, 202: HandedOver, ...errors },
      },
    },
    async (request, reply) => {
      const { body, user } = request;
      const task = backtestTask(body, syncShare(body, context));
      if (request.query.handover === 'job' && task.kind === 'sweep')
        return answerOrHandOver(task, request, reply, context);
      const seconds = waitingSeconds(body, context);
      const key = await keyOfAnswer(task, context);
      const known = await findAnswer(key, context);
      if (known !== undefined) return { ...known, cached: true };
      const computed = await answerWhileWaiting({ task, user, seconds, reply }, context);
      if (computed === undefined) return reply;
      const { isSelfContained, ...answer } = computed as SweepAnswer | RunAnswer;
      const isWhole = answer.kind === 'run' || answer.record.partial === null;
      // Candles and strategy may have changed under way.
      const isSame = key !== undefined && isSelfContained && isWhole && key === (await keyOfAnswer(task, context));
      if (isSame) context.warm.answers.keep(key, answer);
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
    {
      schema: {
        summary: 'What a sweep would take, and which guards would fire',
        body: BacktestBody,
        response: { 200: EstimateAnswer, ...errors },
      },
    },
    async ({ body, user }, reply) => {
      const task: ComputeTask = { kind: 'estimate', selection: sweepSelection(body), share: syncShare(body, context) };
      const seconds = context.settings.syncDeadlineSeconds;
      return (await answerWhileWaiting({ task, user, seconds, reply }, context)) ?? reply;
    },
  );
}

function syncShare(body: BacktestBody, { settings }: RouteContext): ComputeShare {
  const bytesMax = Math.floor(settings.maxComputeBytesTotal / 2);
  return {
    workers: Math.min(body.maxThreads ?? settings.maxThreads, settings.maxThreads),
    budgetBytes: Math.min(body.memoryBytes ?? bytesMax, bytesMax),
    guards: { of: 'request', variantsMax: Math.floor(settings.maxVariantsPerCompute / 2), bytesMax },
  };
}
