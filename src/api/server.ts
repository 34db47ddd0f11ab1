// The HTTP service: one Fastify instance with its limits, access, error answers, document and routes.
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { JobDesk } from '../compute/job-desk.ts';
import { type AdmissionLimits, createMachine, type Machine } from '../compute/machine.ts';
import type { Clock } from '../core/clock.ts';
import { createWarm, type WarmOptions } from '../warm/warm.ts';
import { type Access, guardAccess } from './access.ts';
import { ANSWER_HEADERS, guardDoor, refuseRawly } from './door.ts';
import { readJsonBodies } from './json-body.ts';
import { HTTP_LIMITS } from './limits.ts';
import { LOGGED } from './logged.ts';
import { problemOf } from './problem.ts';
import { createRateLimit } from './rate-limit.ts';
import { backtestRoutes } from './routes/backtests.ts';
import { catalogRoutes } from './routes/catalog.ts';
import { dataRoutes } from './routes/data.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { resultRoutes } from './routes/results.ts';
import { studyRoutes } from './routes/studies.ts';
import { variantRoutes } from './routes/variants.ts';
import { warmRoutes } from './routes/warm.ts';
import { schemaCompilers } from './schema-compilers.ts';
import type { Surroundings } from './surroundings.ts';

export interface ServiceOptions {
  readonly surroundings: Surroundings;
  readonly access: Access;
  readonly machine: AdmissionLimits;
  /** Opens the queue of jobs, whose runner shares the machine with requests; no jobs are taken when left out. */
  readonly openDesk?: (machine: Machine) => Promise<JobDesk>;
  readonly warm: ServiceWarmth;
  /** Requests a second of each token; any number when left out. */
  readonly requestsPerSecond?: number;
  /** Milliseconds without a computation after which memory is given back; never when left out. */
  readonly idleMs?: number;
  /** Milliseconds after which a client that reads nothing of its answer is cut; the limit of the door when left out. */
  readonly responseStallMs?: number;
  /** Where log lines go, one JSON object each; nowhere when left out. */
  readonly log?: { write(line: string): void };
}

/** What is kept between requests; the rest of its options are those of the service. */
export type ServiceWarmth = Pick<WarmOptions, 'workers' | 'residentBytesMax' | 'mirror' | 'answers'>;

/** Listens to nothing yet. Errors: those of createWarm. */
export async function createService(options: ServiceOptions): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: HTTP_LIMITS.bodyBytesMax,
    requestTimeout: HTTP_LIMITS.requestMsMax,
    keepAliveTimeout: HTTP_LIMITS.keepAliveMs,
    connectionTimeout: 0,
    http: {
      headersTimeout: HTTP_LIMITS.headersMsMax,
      maxHeaderSize: HTTP_LIMITS.headerBytesMax,
      connectionsCheckingInterval: 1000,
    },
    // A shutdown must not wait for clients that keep idle connections.
    forceCloseConnections: 'idle',
    genReqId: requestIds(options.surroundings.clock),
    routerOptions: { maxParamLength: 100 },
    exposeHeadRoutes: false,
    schemaController: schemaCompilers(),
    trustProxy: false,
    clientErrorHandler: refuseRawly,
    frameworkErrors: (error, request, reply) => {
      const { status, body } = problemOf(error, request.id);
      (reply as FastifyReply).headers(ANSWER_HEADERS).status(status).send(body);
    },
    ...(options.log === undefined ? {} : { logger: { stream: options.log, serializers: LOGGED } }),
  });
  try {
    await furnish(server, options);
  } catch (error) {
    // A process whose service does not start must not be kept alive by what was opened for it.
    await server.close();
    throw error;
  }
  return server;
}

async function furnish(server: FastifyInstance, options: ServiceOptions): Promise<void> {
  server.server.maxConnections = HTTP_LIMITS.connectionsMax;
  server.setErrorHandler((error, request, reply) => {
    const { status, body, isBug } = problemOf(error, request.id);
    if (isBug) request.log.error({ err: error }, 'bug');
    if (status === 429) reply.header('Retry-After', body.error.code === 'RATE_LIMITED' ? '1' : '5');
    return reply.status(status).send(body);
  });
  readJsonBodies(server);
  guardDoor(server, options.access.hosts, options.responseStallMs);
  const { requestsPerSecond, surroundings } = options;
  const rate = requestsPerSecond === undefined ? undefined : createRateLimit(requestsPerSecond, surroundings.clock);
  guardAccess(server, options.access, rate);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Gridmill', version: options.surroundings.engineVersion, description: ABOUT },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
  const stopping = new AbortController();
  server.addHook('preClose', async () => {
    stopping.abort();
    // Those who do not let go in time are cut: a stop has an end.
    setTimeout(() => server.server.closeAllConnections(), HTTP_LIMITS.shutdownMsMax).unref();
  });
  const machine = createMachine(options.machine);
  const desk = await options.openDesk?.(machine);
  server.addHook('onClose', () => desk?.close());
  const { storeRoot, clock, residentBytes } = surroundings;
  const onNote = (note: string): void => server.log.warn(note);
  const warm = await createWarm({ ...options.warm, storeRoot, clock, residentBytes, onNote });
  server.addHook('onClose', () => warm.close());
  const hasUsers = Object.keys(options.access.tokens).length > 0;
  const takesStrategies = surroundings.settings.strategyUploads === true && hasUsers;
  if (options.idleMs !== undefined) machine.onQuiet(options.idleMs, () => void warm.rest());
  const context = { ...surroundings, machine, desk, warm, takesStrategies, stopping: stopping.signal };
  // Of the whole service: what no route answers is measured too.
  metricsRoutes(server, context);
  await server.register(async (routes) => {
    healthRoutes(routes, context);
    catalogRoutes(routes, context);
    dataRoutes(routes, context);
    backtestRoutes(routes, context);
    resultRoutes(routes, context);
    variantRoutes(routes, context);
    if (desk !== undefined) jobRoutes(routes, context, desk);
    warmRoutes(routes, context);
    studyRoutes(routes, context);
  });
  // Written once: it is long, and never changes.
  let document: string | undefined;
  server.get('/api/openapi.json', { schema: { hide: true } }, (_, reply) => {
    document ??= JSON.stringify(server.swagger());
    return reply.type('application/json; charset=utf-8').send(document);
  });
  await server.ready();
}

const ABOUT = 'Back-tests trading strategies over stored candles and ranks parameter grids.';

/** Counted, so that a log tells the order; begun with the start time, so that two runs do not share ids. */
function requestIds(clock: Clock): () => string {
  const begin = clock.wallMs().toString(36);
  let count = 0;
  return () => `${begin}-${(++count).toString(36)}`;
}
