// Probes: is the process alive, and can it take work.
import type { FastifyInstance } from 'fastify';
import { openCandleStore } from '../../store/candle-store.ts';
import { HealthAnswer, ReadyAnswer } from '../answer-schemas.ts';
import { AnyJson } from '../schemas.ts';
import type { RouteContext } from '../surroundings.ts';

export function healthRoutes(server: FastifyInstance, { engineVersion, storeRoot, machine }: RouteContext): void {
  server.get('/healthz', { schema: { summary: 'The process answers', response: { 200: HealthAnswer } } }, () => ({
    status: 'ok',
    version: engineVersion,
  }));
  server.get(
    '/readyz',
    {
      schema: {
        summary: 'The store can be read and there is room for work',
        response: { 200: ReadyAnswer, 503: AnyJson },
      },
    },
    (_, reply) => {
      const { waiting, running } = machine.status();
      if (!isStoreReadable({ storeRoot })) return reply.status(503).send({ status: 'the store cannot be read' });
      return { status: 'ready', running, waiting };
    },
  );
}

export function isStoreReadable({ storeRoot }: Pick<RouteContext, 'storeRoot'>): boolean {
  try {
    openCandleStore(storeRoot).list();
    return true;
  } catch {
    return false;
  }
}
