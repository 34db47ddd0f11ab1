// Clients that leave before their answer is written: noticed by their connection, whatever is queued on it.
import type { FastifyReply } from 'fastify';

type Connection = FastifyReply['request']['raw']['socket'];

/** One listener per connection: a client may queue many requests on one. */
const waitingOn = new WeakMap<Connection, Set<() => void>>();

/**
 * Calls `leave` once when the client is gone before its answer was written, and in a moment when it is gone already.
 * Answers what ends the watch. An answer that is queued behind another one closes with its connection only.
 */
export function onLeave({ raw, request }: FastifyReply, leave: () => void): () => void {
  const { socket } = request.raw;
  const tell = (): void => {
    if (!raw.writableFinished) leave();
  };
  const waiting = waitingOn.get(socket) ?? watch(socket);
  waiting.add(tell);
  if (socket.destroyed) setImmediate(() => waiting.has(tell) && tell());
  return () => void waiting.delete(tell);
}

function watch(socket: Connection): Set<() => void> {
  const waiting = new Set<() => void>();
  waitingOn.set(socket, waiting);
  socket.once('close', () => {
    for (const tell of waiting) tell();
  });
  return waiting;
}
