// Follows a job by its server-sent events, coming back where the stream broke, until the job ends.
import type { JobEventData } from '../api/answer-schemas.ts';
import type { GridmillError } from './gridmill-error.ts';
import { CLIENT_LIMITS } from './limits.ts';
import { blocksOf, broken } from './text-stream.ts';
import { type CallOptions, isPassing, type Transport } from './transport.ts';

export interface JobEvent {
  /** Where to go on from: `lastEventId` of a later call. */
  readonly id: string;
  /** `state` when the job changed hands or ended, else `progress`. Each tells all there is: none needs those before it. */
  readonly name: 'state' | 'progress';
  readonly data: JobEventData;
}

export interface FollowOptions extends CallOptions {
  /** Only what came after this event, as far as the service still knows it. */
  readonly lastEventId?: string;
  /** Milliseconds without a byte after which the stream counts as broken. */
  readonly silenceMs?: number;
}

const hasEnded = ({ data: { state } }: JobEvent): boolean => state !== 'queued' && state !== 'running';

/**
 * Events of a job until it ends; a job that has ended already gives its last one. Comes back by Last-Event-ID when the
 * stream breaks, at most CLIENT_LIMITS.followTriesMax times in a row. Leaving the loop closes the stream. Errors: those of
 * the service, JOB_NOT_FOUND among them; UNREACHABLE or STREAM_BROKEN when coming back is given up; the reason of the signal.
 */
export async function* followJob(
  transport: Transport,
  id: string,
  { signal, lastEventId, silenceMs = CLIENT_LIMITS.silenceMsMax }: FollowOptions = {},
): AsyncGenerator<JobEvent, void, undefined> {
  const path = `/api/jobs/${encodeURIComponent(id)}/events`;
  let lastId = lastEventId;
  for (let tries = 0; ; ) {
    let error: GridmillError;
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      const response = await openInTime(transport, path, headers, silenceMs, signal);
      // The job has ended, and its last event is the one that is known here.
      if (response.status === 204 || response.body === null) return;
      for await (const block of blocksOf(response.body, /\r?\n\r?\n/, { silenceMs })) {
        const event = eventIn(block);
        if (event === undefined) continue;
        tries = 0;
        lastId = event.id;
        yield event;
        if (hasEnded(event)) return;
      }
      // A service that stops ends its streams: the job goes on when it is back.
      error = broken('it ended before the job did.');
    } catch (caught) {
      signal?.throwIfAborted();
      if (!isPassing(caught)) throw caught;
      error = caught;
    }
    if (++tries > CLIENT_LIMITS.followTriesMax) throw error;
    await transport.pause(tries, error, signal);
  }
}

/** Errors: those of Transport.open; STREAM_BROKEN when the head of the answer does not come in time. */
async function openInTime(
  transport: Transport,
  path: string,
  headers: Readonly<Record<string, string>>,
  silenceMs: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(broken(`no answer came for ${silenceMs / 1000} s.`)), silenceMs);
  try {
    const both = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    return await transport.open(path, { headers, signal: both });
  } finally {
    clearTimeout(timer);
  }
}

/** Comments and the pause that browsers keep are no events. */
function eventIn(block: string): JobEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const earlier = fields.get(name);
    fields.set(name, earlier === undefined ? value! : `${earlier}\n${value}`);
  }
  const [id, name, data] = [fields.get('id'), fields.get('event'), fields.get('data')];
  if (id === undefined || data === undefined || (name !== 'state' && name !== 'progress')) return undefined;
  try {
    return { id, name, data: JSON.parse(data) as JobEventData };
  } catch (error) {
    throw broken('an event is no JSON.', error);
  }
}
