// Jobs: submitted, listed, followed, cancelled, tried again, and their results.
import type { FastifyInstance } from 'fastify';
import type { JobDesk } from '../../compute/job-desk.ts';
import type { RunAnswer, SweepAnswer } from '../../compute/task.ts';
import { AppError } from '../../core/errors.ts';
import { isEnded, type Job } from '../../jobs/job.ts';
import { shardId } from '../../jobs/job-rules.ts';
import { jobNotFound } from '../../jobs/store-errors.ts';
import { JobAnswer, JobListAnswer, JobResultAnswer, ShardListAnswer } from '../answer-schemas.ts';
import { openEventStream } from '../event-stream.ts';
import { createJobFeeds, type JobEvent, tallyOf } from '../job-feed.ts';
import { jobSubmission, requestOf } from '../job-request.ts';
import { jobView, shardView } from '../job-view.ts';
import { HTTP_LIMITS } from '../limits.ts';
import { EventHeaders, JobBody, JobHeaders, JobParams, JobsQuery, Problem, ShardsQuery } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';

export function jobRoutes(server: FastifyInstance, context: RouteContext, desk: JobDesk): void {
  const { store } = desk;
  const { clock } = context;
  const errors = { '4xx': Problem, '5xx': Problem };
  const response = { 200: JobAnswer, ...errors };
  const found = async (id: string): Promise<Job> => {
    const job = await store.get(id);
    if (job === undefined) throw jobNotFound(id);
    return job;
  };

  const viewOf = async (job: Job) => jobView(job, await tallyOf(store, job));

  server.post<{ Body: JobBody; Headers: JobHeaders }>(
    '/api/jobs',
    {
      schema: {
        summary: 'Submit a back-test as a job',
        body: JobBody,
        headers: JobHeaders,
        response: { 202: JobAnswer, ...errors },
      },
    },
    async ({ body, user, headers, log }, reply) => {
      const key = headers['idempotency-key'];
      const submission = jobSubmission(desk.newId(), user, body, key, context.settings);
      const { job, isNew } = await store.submit(submission, clock.wallMs());
      // Lines of runners have the job, and this one has the request it came with.
      log.info({ jobId: job.id, user, isNew }, 'job submitted');
      desk.wake();
      return reply
        .status(202)
        .header('location', `/api/jobs/${job.id}`)
        .send(await viewOf(job));
    },
  );
  server.get<{ Querystring: JobsQuery }>(
    '/api/jobs',
    { schema: { summary: 'Jobs, newest first', querystring: JobsQuery, response: { 200: JobListAnswer, ...errors } } },
    async ({ query }) => {
      const { jobs, next = null } = await store.list(query);
      const tallies = await store.tally(jobs.filter(({ shardCount }) => shardCount > 0).map(({ id }) => id));
      return { jobs: jobs.map((job) => jobView(job, tallies.get(job.id))), next };
    },
  );
  const one = (summary: string) => ({ schema: { summary, params: JobParams, response } });
  server.get<{ Params: JobParams }>('/api/jobs/:id', one('One job'), async ({ params }) =>
    viewOf(await found(params.id)),
  );
  server.get<{ Params: JobParams; Querystring: ShardsQuery }>(
    '/api/jobs/:id/shards',
    {
      schema: {
        summary: 'Shards of a job, last first',
        params: JobParams,
        querystring: ShardsQuery,
        response: { 200: ShardListAnswer, ...errors },
      },
    },
    async ({ params, query }) => {
      const { id } = await found(params.id);
      const { jobs, next = null } = await store.list({ ...query, parentId: id });
      return { shards: jobs.map(shardView), next };
    },
  );
  server.post<{ Params: JobParams }>(
    '/api/jobs/:id/cancel',
    one('Ask a job to stop'),
    async ({ params, user, log }) => {
      const job = await store.requestCancel(params.id, clock.wallMs());
      log.info({ jobId: job.id, user }, 'job told to stop');
      return viewOf(job);
    },
  );
  server.post<{ Params: JobParams }>(
    '/api/jobs/:id/retry',
    one('Queue a failed or cancelled job anew; it goes on from its last checkpoint'),
    async ({ params, user, log }) => {
      const { state, error, shardCount } = await found(params.id);
      // Damaged progress would fail every further attempt: such a job begins anew, and so do its shards that are not done.
      if (state === 'failed' && error?.code === 'RESULT_CORRUPT') {
        desk.dropProgress(params.id);
        for (let index = 0; index < shardCount; index++) desk.dropProgress(shardId(params.id, index));
      }
      const job = await store.retry(params.id);
      log.info({ jobId: job.id, user }, 'job queued anew');
      desk.wake();
      return viewOf(job);
    },
  );
  const result = { summary: 'The result of a job', params: JobParams, response: { 200: JobResultAnswer, ...errors } };
  server.get<{ Params: JobParams }>('/api/jobs/:id/result', { schema: result }, async ({ params }) => {
    const job = await found(params.id);
    const result = await store.result(job.id);
    if (result === undefined) throw noResult(job);
    const { isSelfContained: _, ...answer } = result.value as object as SweepAnswer | RunAnswer;
    return { jobId: job.id, ...answer };
  });
  eventRoute(server, context, desk, found);
}

/** Errors: BUSY when as many as may listen do. */
function eventRoute(
  server: FastifyInstance,
  { clock, stopping }: RouteContext,
  { store }: JobDesk,
  found: (id: string) => Promise<Job>,
): void {
  const feeds = createJobFeeds(store, clock);
  const streams = new Set<{ end(): void }>();
  // A shutdown does not wait for those who listen; they come back by themselves.
  stopping.addEventListener('abort', () => {
    feeds.close();
    for (const stream of streams) stream.end();
  });
  server.get<{ Params: JobParams; Headers: EventHeaders }>(
    '/api/jobs/:id/events',
    {
      schema: {
        summary: 'What happens to a job, as server-sent events until it ends',
        params: JobParams,
        headers: EventHeaders,
        produces: ['text/event-stream'],
      },
    },
    async ({ params, headers }, reply) => {
      const job = await found(params.id);
      if (stopping.aborted) throw isStopping();
      if (streams.size >= HTTP_LIMITS.listenersMax) throw tooManyListen(streams.size);
      const lastId = headers['last-event-id'];
      // The one answer at which a browser stops coming back.
      if (isEnded(job.state) && lastId?.endsWith(LAST) === true) return reply.status(204).send();
      const tally = await tallyOf(store, job);
      reply.hijack();
      const stream = openEventStream(reply.raw);
      streams.add(stream);
      const onEvent = ({ id, name, data, isLast }: JobEvent): void => {
        stream.send({ id: isLast ? `${id}${LAST}` : id, name, data }, name === 'state');
        if (isLast) stream.end();
      };
      const leave = feeds.watch(job, lastId, onEvent, tally);
      stream.onClose(() => {
        leave();
        streams.delete(stream);
      });
      return reply;
    },
  );
}

const LAST = '.end';

function noResult(job: Job): AppError {
  const { partialResultId } = requestOf(job);
  const part =
    partialResultId === undefined ? '' : ` Result ${partialResultId} has what was scored before it was a job.`;
  const todo = isEnded(job.state)
    ? 'Its error says why; it can be tried again.'
    : 'Follow its events until it is done.';
  return new AppError('JOB_STATE', {
    rule: 'A job has a result when it is done.',
    found: `a job that is ${job.state}.`,
    todo: `${todo}${part}`,
  });
}

const isStopping = (): AppError =>
  new AppError('STOPPING', { found: 'a client that asked for events.', todo: 'Come back with Last-Event-ID.' });

const tooManyListen = (count: number): AppError =>
  new AppError('BUSY', {
    found: `${count} clients that follow jobs.`,
    todo: 'Ask for the job itself from time to time.',
  });
