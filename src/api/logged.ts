// What a log line says of a request: the route and never what was sent, which may hold secrets.
import type { FastifyReply, FastifyRequest } from 'fastify';

export const LOGGED = {
  req: (request: FastifyRequest) => ({
    method: request.method,
    route: request.routeOptions?.url ?? 'none',
    address: request.ip,
  }),
  res: (reply: Pick<FastifyReply, 'statusCode'>) => ({ status: reply.statusCode }),
  /** Logged for mistakes of this program alone. */
  err: (error: Error) => ({ type: error.name, message: error.message, stack: error.stack ?? '' }),
};
