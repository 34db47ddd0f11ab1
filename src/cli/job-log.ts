// Log lines about jobs: one JSON object each, with the job and which attempt at it, in the shape of the lines about requests.
import type { JobDeskOptions } from '../compute/job-desk.ts';

export type JobEvent = Parameters<JobDeskOptions['onEvent']>[0];

const [INFO, WARN] = [30, 40];

/** `leaseToken` is of one attempt alone, also where its number is not known. Ends with a line break. */
export function jobLogLine(event: JobEvent, timeMs: number): string {
  return `${JSON.stringify({ level: levelOf(event), time: timeMs, ...fieldsOf(event) })}\n`;
}

const levelOf = (event: JobEvent): number =>
  event.kind === 'claimed' || (event.kind === 'ended' && event.end !== 'failed' && event.end !== 'lost') ? INFO : WARN;

function fieldsOf(event: JobEvent): object {
  switch (event.kind) {
    case 'claimed':
    case 'ended':
    case 'expired': {
      const { kind, lease, ...rest } = event;
      return { jobId: lease.jobId, leaseToken: lease.token, ...rest, msg: `job ${kind}` };
    }
    case 'store':
      return { error: event.error, msg: 'the queue does not answer' };
    case 'note':
      return { msg: event.text };
  }
}
