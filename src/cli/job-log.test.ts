// Tests of log lines about jobs: each has the job and the attempt, and is one line of JSON.
import { expect, test } from 'vitest';
import { type JobEvent, jobLogLine } from './job-log.ts';

const lease = { jobId: 'a-1', token: 7 };
const error = { code: 'WORKER_DIED', found: 'two\nlines', todo: 'Look.' } as const;

test.each<[JobEvent, object]>([
  [
    { kind: 'claimed', lease, attempt: 2 },
    { level: 30, jobId: 'a-1', leaseToken: 7, attempt: 2, msg: 'job claimed' },
  ],
  [
    { kind: 'ended', lease, attempt: 2, end: 'done' },
    { level: 30, jobId: 'a-1', leaseToken: 7, attempt: 2, end: 'done', msg: 'job ended' },
  ],
  [
    { kind: 'ended', lease, attempt: 2, end: 'failed', error },
    { level: 40, jobId: 'a-1', leaseToken: 7, attempt: 2, end: 'failed', error, msg: 'job ended' },
  ],
  [
    { kind: 'expired', lease, error },
    { level: 40, jobId: 'a-1', leaseToken: 7, error, msg: 'job expired' },
  ],
  [
    { kind: 'store', error },
    { level: 40, error, msg: 'the queue does not answer' },
  ],
  [
    { kind: 'note', text: 'so' },
    { level: 40, msg: 'so' },
  ],
])('%j is one line with what it is about', (event, wanted) => {
  const line = jobLogLine(event, 1234);
  expect(line.split('\n')).toHaveLength(2);
  expect(JSON.parse(line)).toEqual({ time: 1234, ...wanted });
});
