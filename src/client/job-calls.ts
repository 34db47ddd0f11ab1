// Jobs: submitted, listed, followed, cancelled, tried again, and their results.
import type { JobAnswer, JobListAnswer, JobResultAnswer, ShardListAnswer } from '../api/answer-schemas.ts';
import type { JobBody, JobsQuery, ShardsQuery } from '../api/schemas.ts';
import { type FollowOptions, followJob, type JobEvent } from './follow-job.ts';
import type { CallOptions, Transport } from './transport.ts';

export interface JobCalls {
  /** With an `idempotencyKey` a lost answer is asked for again, and the same request is the same job however often it is sent. */
  submit(body: JobBody, call?: CallOptions): Promise<JobAnswer>;
  /** Newest first; `next` goes into `before` for the next page, null on the last. */
  list(query?: JobsQuery, call?: CallOptions): Promise<JobListAnswer>;
  get(id: string, call?: CallOptions): Promise<JobAnswer>;
  /** Asks it to stop: a queued one is cancelled at once, a running one within a second. */
  cancel(id: string, call?: CallOptions): Promise<JobAnswer>;
  /** Queues a failed or cancelled one anew, from its last checkpoint. */
  retry(id: string, call?: CallOptions): Promise<JobAnswer>;
  /** What waiting for it would have answered. Errors: JOB_STATE before it is done. */
  result(id: string, call?: CallOptions): Promise<JobResultAnswer>;
  /** The parts of one that was cut, last first. */
  shards(id: string, query?: ShardsQuery, call?: CallOptions): Promise<ShardListAnswer>;
  /** Its events until it ends; comes back by itself when the connection breaks or the service starts anew. */
  follow(id: string, options?: FollowOptions): AsyncGenerator<JobEvent, void, undefined>;
  /** Follows it to its end and answers the job as it is then, whatever its state. */
  wait(id: string, options?: FollowOptions): Promise<JobAnswer>;
}

export function jobCalls(transport: Transport): JobCalls {
  const { json } = transport;
  const path = (id: string, rest = ''): string => `/api/jobs/${encodeURIComponent(id)}${rest}`;
  const calls: JobCalls = {
    submit: (body, call) =>
      json('/api/jobs', { ...call, method: 'POST', body, isRepeatable: body.idempotencyKey !== undefined }),
    list: (query, call) => json('/api/jobs', { ...call, query }),
    get: (id, call) => json(path(id), { ...call }),
    cancel: (id, call) => json(path(id, '/cancel'), { ...call, method: 'POST' }),
    retry: (id, call) => json(path(id, '/retry'), { ...call, method: 'POST' }),
    result: (id, call) => json(path(id, '/result'), { ...call }),
    shards: (id, query, call) => json(path(id, '/shards'), { ...call, query }),
    follow: (id, options) => followJob(transport, id, options),
    async wait(id, options) {
      for await (const _ of followJob(transport, id, options));
      return calls.get(id, options);
    },
  };
  return calls;
}
