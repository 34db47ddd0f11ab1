// What the service keeps warm: lists of configurations run in its workers, their state, fresh candles, memory given back.
import type { Problem } from '../api/schemas.ts';
import type { TurboBody } from '../api/turbo-schemas.ts';
import type { CollectAnswer, PoolAnswer, RefreshAnswer, TurboAnswer, TurboLine } from '../api/warm-schemas.ts';
import { GridmillError } from './gridmill-error.ts';
import { CLIENT_LIMITS } from './limits.ts';
import { blocksOf, broken } from './text-stream.ts';
import type { CallOptions, Transport } from './transport.ts';

export interface PoolCalls {
  status(call?: CallOptions): Promise<PoolAnswer>;
  /** Reads anew what the store has changed; running work keeps its candles. */
  refreshMirror(call?: CallOptions): Promise<RefreshAnswer>;
  /** Gives memory that is not in use back to the system. */
  collect(call?: CallOptions): Promise<CollectAnswer>;
  /** One result or error for each configuration, in their order. */
  batch(body: TurboBody, call?: CallOptions): Promise<TurboAnswer>;
  /** The same line by line as they come: a head, a line for each configuration, an end. Leaving the loop ends the work. */
  batchStream(body: TurboBody, call?: CallOptions): AsyncGenerator<TurboLine, void, undefined>;
}

const BATCH = '/backtesting/batch-run-turbo';

export function poolCalls(transport: Transport): PoolCalls {
  const { json } = transport;
  return {
    status: (call) => json('/backtesting/pool/status', { ...call }),
    refreshMirror: (call) => json('/backtesting/pool/refresh-mirror', { ...call, method: 'POST' }),
    collect: (call) => json('/backtesting/gc', { ...call, method: 'POST' }),
    batch: (body, call) => json(BATCH, { ...call, method: 'POST', body }),
    batchStream: (body, call) => batchLines(transport, body, call),
  };
}

/** Errors: those of the service, also in the middle of a list; STREAM_BROKEN when the end is missing. */
async function* batchLines(
  transport: Transport,
  body: TurboBody,
  { signal }: CallOptions = {},
): AsyncGenerator<TurboLine, void, undefined> {
  const response = await transport.open(BATCH, { method: 'POST', body, query: { stream: true }, signal });
  if (response.body === null) throw broken('there is none.');
  try {
    // Workers may be busy with a slow configuration: silence is no sign that they are gone.
    for await (const text of blocksOf(response.body, /\n/, { silenceMs: CLIENT_LIMITS.answerMsMax })) {
      const line = JSON.parse(text) as TurboLine | Problem;
      if ('error' in line && !('index' in line)) throw new GridmillError({ ...line.error, status: response.status });
      yield line;
      if ('end' in line) return;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  throw broken('it has no end.');
}
