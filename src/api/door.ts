// What holds for every request before a route sees it: methods, origins, queries, headers of answers, and clients that stall.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { AppError } from '../core/errors.ts';
import { hostName } from './access.ts';
import { HTTP_LIMITS } from './limits.ts';
import { httpProblem } from './problem.ts';
import { AnyAnswer, EMPTY_QUERY, Problem } from './schemas.ts';

type Server = FastifyInstance['server'];
type Socket = FastifyRequest['socket'];

/**
 * Of the pages that are sent: they name the one script they run by its hash, in a policy of their own that holds as well. They
 * have no origin, so nothing of theirs can ask this service as its user.
 */
export const PAGE_POLICY =
  "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/** Of every answer; pages have PAGE_POLICY. */
export const ANSWER_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** To be called before routes are added. */
export function guardDoor(server: FastifyInstance, hosts: readonly string[], stallMs?: number): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(ANSWER_HEADERS);
    // Pages of other sites may send to this address what needs no leave of ours; their browser says so.
    const { origin } = request.headers;
    if (origin !== undefined && !hosts.includes(hostOfOrigin(origin))) throw foreignOrigin();
  });
  server.addHook('onRoute', describeRoute);
  const methodsAt = rememberMethods(server);
  server.setNotFoundHandler((request, reply) => answerUnrouted(request, reply, methodsAt(request)));
  watchStalls(server.server, stallMs);
}

/** A route without a query takes none, every route may refuse, and one that says nothing of its success answers 200. */
function describeRoute(route: RouteOptions): void {
  const schema = route.schema ?? {};
  const answers = (schema.response ?? {}) as object;
  const hasSuccess = Object.keys(answers).some((status) => status.startsWith('2'));
  route.schema = {
    ...schema,
    querystring: schema.querystring ?? EMPTY_QUERY,
    response: { ...(hasSuccess ? {} : { 200: AnyAnswer }), '4xx': Problem, '5xx': Problem, ...answers },
  };
}

const hostOfOrigin = (origin: string): string => hostName(/^https?:\/\/([^/@]+)$/.exec(origin)?.[1]);

const foreignOrigin = (): AppError =>
  new AppError('HOST_FORBIDDEN', {
    rule: 'Requests of pages are answered to the pages of this service only.',
    found: 'the origin of another page.',
    todo: 'Ask from a program, or through the name that the service was started with.',
  });

/** Which methods a path has, by the patterns of all routes. */
function rememberMethods(server: FastifyInstance): (request: FastifyRequest) => readonly string[] {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  server.addHook('onRoute', ({ url, method }) => {
    const source = url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[A-Za-z]+/g, '[^/]+');
    routes.push({ path: new RegExp(`^${source}$`), methods: [method].flat() });
  });
  return ({ url }) => {
    const path = url.split('?', 1)[0]!;
    return [...new Set(routes.filter((route) => route.path.test(path)).flatMap(({ methods }) => methods))];
  };
}

/** OPTIONS is told what there is, without leave for other origins; what is asked for is not repeated. */
function answerUnrouted(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): FastifyReply {
  if (methods.length === 0) {
    return reply.status(404).send(httpProblem(404, request.id));
  }
  reply.header('allow', [...methods, 'OPTIONS'].join(', '));
  return request.method === 'OPTIONS' ? reply.status(204).send() : reply.status(405).send(httpProblem(405, request.id));
}

/** What Node itself refuses, before there is a request. */
export function refuseRawly(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = RAW_STATUS[error.code ?? ''] ?? 400;
  const body = JSON.stringify(httpProblem(status, 'none'));
  const headers = Object.entries({
    ...ANSWER_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${lines}\r\n${body}`, () => socket.destroy());
}

const RAW_STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

const SWEEP_MS = 1_000;

/** A client that takes no byte of an answer for long is cut, however the answer is written. */
function watchStalls(server: Server, stallMs: number = HTTP_LIMITS.responseStallMs): void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const sweep = setInterval(() => {
    for (const socket of sockets) {
      const waits = socket.writableLength > 0;
      // The system's queue shrinking counts as life; Node looks at it when the time is up.
      if (waits && socket.timeout !== stallMs) socket.setTimeout(stallMs);
      else if (!waits && socket.timeout === stallMs) socket.setTimeout(0);
    }
  }, SWEEP_MS);
  sweep.unref();
  server.on('timeout', (socket: Socket) => socket.destroy());
  server.once('close', () => clearInterval(sweep));
}
