// One client that listens: server-sent events with heartbeats, for as long as it takes them.
import type { FastifyReply } from 'fastify';
import { ANSWER_HEADERS } from './door.ts';
import { HTTP_LIMITS } from './limits.ts';

export interface EventStream {
  /** `isNeeded` events are sent to slow clients too; others are left out while earlier ones wait to be taken. */
  send(event: { readonly id: string; readonly name: string; readonly data: object }, isNeeded: boolean): void;
  end(): void;
  /** Called once, when the client has left or the stream has ended. */
  onClose(handler: () => void): void;
}

/** Takes the answer over. A client that does not take its events is cut off: it may come back with Last-Event-ID. */
export function openEventStream(raw: FastifyReply['raw']): EventStream {
  raw.writeHead(200, {
    ...ANSWER_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  const write = (text: string): void => {
    if (raw.writableLength > HTTP_LIMITS.eventBytesMax) raw.destroy();
    else if (!raw.writableEnded && !raw.destroyed) raw.write(text);
  };
  write(`retry: ${HTTP_LIMITS.eventRetryMs}\n\n`);
  const heart = setInterval(() => write(': still here\n\n'), HTTP_LIMITS.eventHeartbeatMs);
  raw.once('close', () => clearInterval(heart));
  raw.on('error', () => undefined);
  return {
    send({ id, name, data }, isNeeded) {
      if (!isNeeded && raw.writableLength > HTTP_LIMITS.eventBytesMax / 4) return;
      write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    end: () => void raw.end(),
    onClose: (handler) => void raw.once('close', handler),
  };
}
